"""`codezest sandboxes calibrate`: how fast this machine is."""

from dataclasses import asdict

from api.core import log
from api.core.settings import get_settings
from cli.output import notes, print_json, say
from grader.calibration import WORK, calibrate
from grader.open_sandbox import open_sandbox
from grader.slots import machine_folder, take_slot


def calibrate_machine(runs: int, *, as_json: bool) -> None:
    """Measures, and writes it down for the workers that start after this.

    Raises:
        SandboxUnavailable: the work cannot be run here.
    """
    settings = get_settings()
    log.configure(settings)
    with take_slot() as slot, notes.status("calibrating") as status:
        sandbox = open_sandbox(settings, slot, frozenset(work.language for work in WORK))
        try:
            found = calibrate(sandbox, machine_folder(), runs, lambda name: status.update(f"running {name}"))
        finally:
            sandbox.close()
    if as_json:
        print_json(asdict(found))
    least = ", ".join(f"{name} {ms} ms" for name, ms in found.least_ms.items())
    say(f"machine speed {found.speed} ({least}); workers that start from now on record it")
    if not found.steady:
        say("the times were far apart: calibrate again while nothing else runs here")
