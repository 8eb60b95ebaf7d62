"""The sandbox images: building, listing, checking."""

from collections.abc import Collection

from api.core import log
from api.core.errors import Invalid
from api.core.settings import get_settings
from cli.output import CommandFailed, notes, plain, print_json, print_table, say
from grader.engine import Engine
from grader.images import build_images, list_images
from grader.open_sandbox import open_sandbox
from grader.sandbox import SandboxUnavailable
from grader.selftest import check_sandbox
from grader.slots import take_slot
from sandboxes.languages import languages


def build(wanted: Collection[str]) -> None:
    """Builds what is missing or out of date; none named: all.

    Raises:
        Invalid: there is no such language.
        SandboxUnavailable: no engine answers, or a build failed.
    """
    settings = get_settings()
    chosen = _known(wanted)
    engine = Engine(settings.docker_host)
    with notes.status("looking") as status:
        for image, line in build_images(engine, settings.image_prefix, chosen):
            status.update(f"{image}: {plain(line)[:80]}", spinner="dots")
            if line == "built":
                say(f"{image}: built")
    say("all images are as this version wants them")


def build_if_possible(wanted: Collection[str]) -> None:
    """As `build`, where containers are only the better choice: without them, programs run in local boxes."""
    try:
        build(wanted)
    except SandboxUnavailable as error:
        say(f"no sandbox images: {plain(str(error))[:200]}; programs will run in local boxes")


def show(*, as_json: bool) -> None:
    """Lists the image of each language. Raises SandboxUnavailable if no engine answers."""
    settings = get_settings()
    states = list_images(Engine(settings.docker_host), settings.image_prefix)
    if as_json:
        print_json([state._asdict() for state in states])
        return
    print_table(
        "sandbox images",
        ("language", "image", "state", "MB", "digest"),
        (
            (
                state.language,
                state.name,
                "current" if state.current else "out of date" if state.digest else "missing",
                round(state.size / 1e6),
                state.digest or "",
            )
            for state in states
        ),
    )


def check(wanted: Collection[str], *, as_json: bool) -> None:
    """Runs the smoke programs; none named: of every language that can be run.

    Raises:
        CommandFailed: a program came to something else than it must; each is named.
        SandboxUnavailable: nothing can be run.
    """
    settings = get_settings()
    log.configure(settings)
    chosen = _known(wanted)
    with take_slot() as slot:
        sandbox = open_sandbox(settings, slot, chosen)
        try:
            with notes.status("running the smoke programs"):
                found = sandbox.languages()
                faults = check_sandbox(sandbox)
        finally:
            sandbox.close()
    faults += [f"{name}: cannot be run here" for name in sorted((chosen or set()) - set(found))]
    if as_json:
        print_json({"languages": found, "faults": faults})
    if faults:
        raise CommandFailed("\n".join(faults))
    say(f"sound: {', '.join(sorted(found))}")


def _known(wanted: Collection[str]) -> frozenset[str] | None:
    if unknown := sorted(set(wanted) - set(languages())):
        raise Invalid(f"unknown: {', '.join(unknown)}; there are {', '.join(sorted(languages()))}")
    return frozenset(wanted) or None
