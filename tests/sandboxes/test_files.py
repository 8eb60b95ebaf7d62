"""A submission of several files works in every language, and a fault in any of them is the compiler's to tell."""

import pytest

from grader.sandbox import Sandbox
from sandboxes.languages import languages
from sandboxes.protocol import Outcome

from .programs import ended

#: For each language its main file and another, which doubles: together they print 42 for 21.
FILES = {
    "bash": ("source ./other.sh\nread -r n\ntwice $n", "other.sh", "twice() { echo $((2 * $1)); }"),
    "c": (
        '#include <stdio.h>\n#include "other.h"\nint main(void) { int n; scanf("%d", &n); printf("%d\\n", twice(n)); }',
        "other.h",
        "static int twice(int n) { return 2 * n; }",
    ),
    "cpp": (
        '#include <iostream>\n#include "other.h"\nint main() { int n; std::cin >> n; std::cout << twice(n) << "\\n"; }',
        "other.h",
        "static int twice(int n) { return 2 * n; }",
    ),
    "cpp-20": (
        '#include <iostream>\n#include <ranges>\n#include "other.h"\n'
        'int main() { int n; for (int m : std::views::iota(0, 1)) std::cin >> n; std::cout << twice(n) << "\\n"; }',
        "other.h",
        "static auto twice(std::integral auto n) { return 2 * n; }",
    ),
    "csharp": (
        "using System;\nclass Program {\n"
        "  static void Main() { Console.WriteLine(Other.Twice(int.Parse(Console.ReadLine()))); }\n}",
        "Other.cs",
        "static class Other { public static int Twice(int n) => 2 * n; }",
    ),
    "go": (
        'package main\n\nimport "fmt"\n\nfunc main() {\n\tvar n int\n\tfmt.Scan(&n)\n\tfmt.Println(twice(n))\n}',
        "other.go",
        "package main\n\nfunc twice(n int) int { return 2 * n }",
    ),
    "java": (
        "public class Main { public static void main(String[] args) {"
        " System.out.println(Other.twice(new java.util.Scanner(System.in).nextInt())); } }",
        "Other.java",
        "class Other { static int twice(int n) { return 2 * n; } }",
    ),
    "javascript": (
        'console.log(require("./other")(+require("fs").readFileSync(0)));',
        "other.js",
        "module.exports = (n) => 2 * n;",
    ),
    "php": (
        '<?php require "other.php"; echo twice((int) fgets(STDIN)), "\\n";',
        "other.php",
        "<?php function twice(int $n): int { return 2 * $n; }",
    ),
    "python": (
        "from other import twice\nprint(twice(int(input())))",
        "other.py",
        "def twice(n): return 2 * n",
    ),
    "python-pypy": (
        "from other import twice\nprint(twice(int(input())))",
        "other.py",
        "def twice(n): return 2 * n",
    ),
    "ruby": ('require_relative "other"\nputs twice(gets.to_i)', "other.rb", "def twice(n) = 2 * n"),
    "rust": (
        "mod other;\nfn main() {\n    let mut line = String::new();\n"
        "    std::io::stdin().read_line(&mut line).unwrap();\n"
        '    println!("{}", other::twice(line.trim().parse().unwrap()));\n}',
        "other.rs",
        "pub fn twice(n: i32) -> i32 {\n    2 * n\n}",
    ),
    "typescript": (
        'import { readFileSync } from "fs";\nimport { twice } from "./other";\n'
        'console.log(twice(parseInt(readFileSync(0, "utf8"))));',
        "other.ts",
        "export function twice(n: number): number { return 2 * n; }",
    ),
}
#: Their other file is looked at when the program gets there, if at all.
LATE = {"javascript", "python", "python-pypy"}


def files_of(language: str, other: str | None = None) -> dict[str, bytes]:
    main, name, usual = FILES[language]
    return {languages()[language].main: main.encode(), name: (usual if other is None else other).encode()}


def test_every_language_is_tried():
    assert set(FILES) == set(languages())


@pytest.mark.parametrize("language", FILES)
def test_several_files(sandbox: Sandbox, language: str):
    if language not in sandbox.languages():
        pytest.skip(f"{language} is not installed here")
    case = ended(sandbox, language, files_of(language), inputs=[b"21\n"])
    assert (case.outcome, case.exit_code, case.stdout) == (Outcome.EXITED, 0, b"42\n"), case


@pytest.mark.parametrize("language", sorted(set(FILES) - LATE))
def test_a_fault_in_the_other_file_is_the_compilers(sandbox: Sandbox, language: str):
    if language not in sandbox.languages():
        pytest.skip(f"{language} is not installed here")
    broken = {"c": "#error", "cpp": "#error", "cpp-20": "#error", "php": "<?php function ("}.get(
        language, "function ("
    )
    case = ended(sandbox, language, files_of(language, broken), inputs=[b"21\n"])
    assert case.outcome is Outcome.NOT_COMPILED, case
    assert b"ther." in case.stdout + case.stderr
