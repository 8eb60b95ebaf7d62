"""Facts of the machine that a figure means nothing without."""

import os
import platform
import subprocess
from pathlib import Path

from api.core.settings import get_settings
from bench import work
from bench.ours import grader, task
from grader.engine import Engine
from grader.sandbox import SandboxUnavailable

_VERSIONS = {
    "python": ["/usr/bin/python3", "--version"],
    "g++": ["/usr/bin/g++", "--version"],
    "java": ["/usr/bin/java", "--version"],
}
#: Programs that print the version of what runs or compiled them. What is in an image is not what the machine has.
_ASKING = {
    "python": "import platform\nprint(platform.python_version())\n",
    "cpp": "#include <cstdio>\nint main() { std::puts(__VERSION__); }\n",
    "java": """public class Main {
        public static void main(String[] none) { System.out.println(System.getProperty("java.version")); } }""",
    "javascript": "console.log(process.version)\n",
}


def cores() -> int:
    """How many this process may use: as many workers the throughput is measured with."""
    return len(os.sched_getaffinity(0))


def facts() -> dict[str, str]:
    """Name and value, for people; the programs are those of the bare runs."""
    settings = get_settings()
    found = {
        "processor": f"{_processor()}, {cores()} of {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.freedesktop_os_release().get('PRETTY_NAME', '?')}, kernel {platform.release()}",
        "load before": f"{os.getloadavg()[0]:.2f} (1 minute)",
        "engine": _engine(settings.docker_host),
        "sandbox": f"{settings.sandbox}, images {settings.image_prefix}/*, {_isolation()}",
    }
    found |= {f"bare {name}": _first_line(argv) for name, argv in _VERSIONS.items()}
    return found | {f"boxed {name}": version for name, version in _boxed().items()}


def _boxed() -> dict[str, str]:
    # A visible case that fails shows what was printed.
    found = {}
    with grader(_ASKING) as own:
        for language, source in _ASKING.items():
            suite = work.suite(work.Submission(language, source, [("", "a version\n")]))
            suite["groups"][0]["visible"] = True
            try:
                graded = own.grade(task(language, source, suite))
            except SandboxUnavailable as error:
                found[language] = str(error)
                continue
            said = graded.cases[0].stdout if graded.cases else graded.compile_output
            found[language] = f"{(said or '?').strip()} ({graded.isolation})"
    return found


def _isolation() -> str:
    names = ("isolation", "docker_runtime", "lanes")
    values = get_settings().model_dump(include=set(names))
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _engine(host: str | None) -> str:
    try:
        engine = Engine(host)
    except SandboxUnavailable:
        return "none answers"
    try:
        return ", ".join(f"{key} {value}" for key, value in engine.facts().items() if value)
    finally:
        engine.close()


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _first_line(argv: list[str]) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True)
    except OSError:
        return "none"
    return (done.stdout.splitlines() or ["?"])[0]
