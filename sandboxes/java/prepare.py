"""What a Java image prepares: the resident compiler, and archives of classes ready for use.

A virtual machine reads, checks and links the classes of javac at every start: two thirds of what compiling a small
program costs. An archive has them linked. There are two: of what javac uses, for javac and the resident compiler, and
of what small programs use. A machine that finds no archive, or one of another version, does without (``-Xshare:auto``).

The programs to learn from are of this folder. Run as root while the image is built; a failure fails the build.
"""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CODE = Path("/code")
_LANGUAGE = json.loads((HERE / "language.json").read_text())
_ARCHIVE = "-XX:SharedArchiveFile="


def _plain(argv: list[str]) -> list[str]:
    """A command of language.json as it can be run here: with no archive yet, and with no placeholders."""
    words = [word for word in argv if _ARCHIVE not in word and "-Xshare" not in word and word != "{sources}"]
    return [word.replace("{memory}", "256").replace("/opt/harness/java", str(HERE)) for word in words]


def _run(argv: list[str], stdin: bytes = b"") -> None:
    subprocess.run(argv, input=stdin, check=True, stdout=subprocess.DEVNULL)


def _archive(name: str, collector: str, lists: list[Path]) -> None:
    """``NAME`` in this folder, of the classes in these lists."""
    lines = dict.fromkeys(line for path in lists for line in path.read_text().splitlines())
    merged = lists[0].with_suffix(".merged")
    # Lines with "@" describe what was made at run time and hold only for their own run.
    merged.write_text("".join(f"{line}\n" for line in lines if not line.startswith("@")))
    _run(
        [
            "/usr/bin/java",
            "-Xshare:dump",
            collector,
            f"-XX:SharedClassListFile={merged}",
            f"{_ARCHIVE}{HERE / name}",
        ]
    )
    (HERE / name).chmod(0o444)


def _prove(java: list[str], stdin: bytes = b"") -> None:
    # An archive that the machine does not take is passed over in silence everywhere else.
    _run([java[0], "-Xshare:on", *java[1:]], stdin)


def main() -> None:
    """Compiles the resident compiler, sees what javac, it and a program load, and archives that."""
    CODE.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        _prepare(Path(folder))
    shutil.rmtree(CODE)


def _prepare(folder: Path) -> None:
    javac, program, resident = (
        _plain(argv) for argv in (_LANGUAGE["compile"][0], _LANGUAGE["run"], _LANGUAGE["resident"]["run"])
    )
    _run(["/usr/bin/javac", "-encoding", "UTF-8", "-d", str(HERE), str(HERE / "Resident.java")])
    lists = [folder / f"{name}.list" for name in ("javac", "resident", "program")]
    watch = ["-Xshare:off", *(f"-XX:DumpLoadedClassList={path}" for path in lists)]
    source = str(HERE / "Warm.java")
    _run([javac[0], f"-J{watch[0]}", f"-J{watch[1]}", *javac[1:], source])
    _run([resident[0], watch[0], watch[2], *resident[1:]])
    _run([*javac, source])
    _run([program[0], watch[0], watch[3], *program[1:-1], "Warm"], b"3 words\n1 2\n")
    # javac gains from the layout of its own collector, programs from objects that only the other one can archive.
    _archive("javac.jsa", "-XX:+UseSerialGC", lists[:2])
    _archive("program.jsa", "-XX:+UseG1GC", lists[2:])
    _prove([program[0], f"{_ARCHIVE}{HERE}/program.jsa", *program[1:-1], "Warm"], b"3 words\n")
    # Last: it leaves nothing in /code.
    _prove([resident[0], f"{_ARCHIVE}{HERE}/javac.jsa", *resident[1:]])


if __name__ == "__main__":
    main()
