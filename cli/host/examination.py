"""`codezest doctor --host`: the whole examination of a grader host, and how it is shown."""

from collections.abc import Iterator

from rich.text import Text

from api.core.settings import Settings, get_settings
from cli.host import containers, kernel, neighbours, timing, versions
from cli.host.finding import Finding, Host, Level
from cli.host.machine import Machine
from cli.output import CommandFailed, plain, print_json, print_table
from grader.engine import Engine, EngineReport
from grader.sandbox import SandboxUnavailable

CHECKS = (*neighbours.CHECKS, *versions.CHECKS, *containers.CHECKS, *kernel.CHECKS, *timing.CHECKS)
_STYLES = {Level.OK: "green", Level.ADVICE: "cyan", Level.WARNING: "yellow", Level.FAULT: "bold red"}


def examine(host: Host) -> Iterator[Finding]:
    """Every finding, in a fixed order; reads only."""
    for check in CHECKS:
        yield from check(host)


def doctor_host(*, as_json: bool) -> None:
    """Examines this machine and its engine. Raises CommandFailed if there is a fault; the rest is advice."""
    settings = get_settings()
    report, error = _ask_engine(settings)
    findings = list(examine(Host(Machine(), settings, report, error)))
    if as_json:
        print_json([finding._asdict() for finding in findings])
    else:
        _show(findings)
    if faults := [finding.name for finding in findings if finding.level is Level.FAULT]:
        raise CommandFailed(f"faults: {', '.join(faults)}")


def _ask_engine(settings: Settings) -> tuple[EngineReport | None, str]:
    if settings.sandbox == "local":
        return None, "the setting is local"
    try:
        engine = Engine(settings.docker_host)
    except SandboxUnavailable as error:
        return None, str(error)
    try:
        return engine.report(), ""
    except SandboxUnavailable as error:
        return None, str(error)
    finally:
        engine.close()


def _show(findings: list[Finding]) -> None:
    # The worst come last, where a terminal shows them.
    order = list(Level)
    rows = [
        (finding.name, Text(finding.level, _STYLES[finding.level]), _words(finding))
        for finding in sorted(findings, key=lambda finding: order.index(finding.level))
    ]
    print_table("grader host", ("what", "", "found, why it matters, cure"), rows)


def _words(finding: Finding) -> Text:
    text = Text(plain(finding.found))
    if finding.level is not Level.OK:
        text.append(f"\n{finding.why}", "dim")
        text.append(f"\n{plain(finding.cure)}", "bold")
    return text
