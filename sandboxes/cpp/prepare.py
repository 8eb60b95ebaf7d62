"""What a C++ image prepares: precompiled headers, and the gold linker.

Reading <bits/stdc++.h> costs more than most programs that include it. GCC takes a precompiled header in its place where
it stands beside the header, was made with the same options, nothing but comments and macros comes before its include,
and none of those macros is one that the header looks at; in all other cases it reads the header itself. That is why
only a program's first include gains, and why the list below is one of headers that programs begin with. The code that
comes out is the same to the last bit, and so are the messages but for one line: where an error is inside such a header,
"from main.cpp:1" is missing at the end of the list of who included whom.

Run as root while the image is built; a failure fails the build. One that GCC would not take is a failure.
"""

import json
import os
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
HEADERS = ("bits/stdc++.h", "iostream", "vector", "string", "algorithm", "cstdio")


def _options() -> list[str]:
    """The compiler and the options that count, of language.json: all of them, for they must be the same."""
    (argv,) = json.loads((HERE / "language.json").read_text())["compile"]
    return argv[: argv.index("-o")]


def _location(name: str) -> Path:
    """Where GCC finds a header."""
    listed = subprocess.run(
        [*_options(), "-E", "-x", "c++", "-"],
        input=f"#include <{name}>\n",
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    # A line marker: # 1 "FILE" 1 3
    return next(Path(line.split('"')[1]) for line in listed.splitlines() if line.endswith(f'{name}" 1 3'))


def _precompile(name: str) -> None:
    header = _location(name)
    target = header.with_name(f"{header.name}.gch")
    # The header itself and not a file that includes it, whose name would stand in error messages. GCC remarks that a
    # main file is no system header; what it includes is one still, and there all the code is.
    subprocess.run([*_options(), "-x", "c++-header", "-o", target, header], check=True)
    target.chmod(0o444)
    with tempfile.TemporaryDirectory() as folder:
        _prove(name, Path(folder) / "main.cpp")


def _prove(name: str, program: Path) -> None:
    program.write_text(f"#include <{name}>\nint main() {{}}\n")
    said = subprocess.run(
        [*_options(), "-H", "-fsyntax-only", program], capture_output=True, text=True, check=True
    ).stderr
    if not any(line.startswith("! ") and line.endswith(".gch") for line in said.splitlines()):
        raise SystemExit(f"the precompiled {name} is not taken")


def main() -> None:
    """Precompiles the headers, and lets gold be the linker: a third of the other's time."""
    for name in HEADERS:
        _precompile(name)
    linker = Path("/usr/bin/ld")
    linker.unlink()
    os.symlink("ld.gold", linker)


if __name__ == "__main__":
    main()
