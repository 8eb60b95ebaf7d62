"""What a Java image prepares: the resident compiler, and an archive of javac's classes ready for use.

A virtual machine reads, checks and links the classes of javac at every start: two thirds of what compiling a small
program costs. An archive has them linked. A machine that finds none, or one of another version, does without
(``-Xshare:auto``). An archive for programs gained nothing over the one that Java comes with.

The program to learn from is of this folder. Run as root while the image is built; a failure fails the build.
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
    return [word.replace("/opt/harness/java", str(HERE)) for word in words]


def _run(argv: list[str]) -> None:
    subprocess.run(argv, stdin=subprocess.DEVNULL, check=True, stdout=subprocess.DEVNULL)


def _archive(target: Path, lists: list[Path]) -> None:
    """Makes an archive of the classes in these lists."""
    lines = dict.fromkeys(line for path in lists for line in path.read_text().splitlines())
    merged = lists[0].with_suffix(".merged")
    # Lines with "@" describe what was made at run time and hold only for their own run.
    merged.write_text("".join(f"{line}\n" for line in lines if not line.startswith("@")))
    # Under the collector it is used with; made under another it gained less.
    dump = ["/usr/bin/java", "-Xshare:dump", "-XX:+UseSerialGC", f"-XX:SharedClassListFile={merged}"]
    _run([*dump, f"{_ARCHIVE}{target}"])
    target.chmod(0o444)


def main() -> None:
    """Compiles the resident compiler, sees what it and javac load, and archives that."""
    CODE.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        _prepare(Path(folder))
    shutil.rmtree(CODE)


def _prepare(folder: Path) -> None:
    javac, resident = _plain(_LANGUAGE["compile"][0]), _plain(_LANGUAGE["resident"]["run"])
    _run(["/usr/bin/javac", "-encoding", "UTF-8", "-d", str(HERE), str(HERE / "Resident.java")])
    lists = [folder / "javac.list", folder / "resident.list"]
    watch = "-XX:DumpLoadedClassList="
    _run([javac[0], "-J-Xshare:off", f"-J{watch}{lists[0]}", *javac[1:], str(HERE / "Warm.java")])
    _run([resident[0], "-Xshare:off", f"{watch}{lists[1]}", *resident[1:]])
    archive = HERE / "javac.jsa"
    _archive(archive, lists)
    # One that the machine does not take is passed over in silence everywhere else.
    _run([resident[0], "-Xshare:on", f"{_ARCHIVE}{archive}", *resident[1:]])


if __name__ == "__main__":
    main()
