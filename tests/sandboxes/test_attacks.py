"""An attack that gets through is told, in every way it may get through; and what a file's head says is understood."""

from dataclasses import replace
from pathlib import Path

import pytest

from grader.sandbox import OnCase, SandboxUnavailable
from sandboxes.languages import languages
from sandboxes.protocol import CaseOutcome, Outcome, RunReport, RunRequest

from .attacks import CANARY, Attack, Escaped, _read, attack, attacks
from .modes import MODES
from .pool import attack_at_once

HELD = CaseOutcome(outcome=Outcome.EXITED, exit_code=0, stdout=b"held\n")
OK = CaseOutcome(outcome=Outcome.EXITED, exit_code=0, stdout=b"ok 42\n")
LOST = CaseOutcome(outcome=Outcome.TIMED_OUT, limit="cpu")
REFUSED = CaseOutcome(outcome=Outcome.NOT_COMPILED, exit_code=1)


class Played:
    """A sandbox that says of an attack, and of the harmless program after it, what it was told to say."""

    def __init__(
        self, case: CaseOutcome = HELD, harmless: CaseOutcome = OK, compiled: CaseOutcome | None = None
    ) -> None:
        self._case, self._harmless, self._compiled = case, harmless, compiled

    def languages(self) -> dict[str, str]:
        return {}

    def idle_languages(self) -> list[str]:
        return []

    def close(self) -> None:
        pass

    def run(self, request: RunRequest, on_case: OnCase | None = None) -> RunReport:
        if "canary.txt" in request.files:
            return RunReport(compiled=None, cases=(self._harmless,))
        refused = self._compiled is not None and not self._compiled.ended_well
        return RunReport(compiled=self._compiled, cases=() if refused else (self._case,) * len(request.cases))


def planted(tmp_path: Path, name: str, text: str = "") -> Attack:
    """A hostile program of a test's own."""
    path = tmp_path / "python" / name
    path.parent.mkdir()
    path.write_text(text)
    return _read(path)


@pytest.mark.parametrize(
    "sandbox",
    [
        Played(replace(HELD, stdout=b"")),
        Played(replace(HELD, stdout=b"held\nescaped: somewhere")),
        Played(replace(HELD, stderr=f"held by {CANARY}".encode())),
        Played(replace(HELD, stdout=b"held\nroot:x:0:0")),
        Played(replace(HELD, exit_code=1)),
        Played(replace(HELD, cpu_ms=2000)),
        Played(replace(HELD, wall_ms=60_000)),
        Played(replace(HELD, memory_kib=1 << 20)),
        Played(LOST),
        Played(compiled=REFUSED),
        Played(compiled=replace(OK, stdout=CANARY.encode())),
        Played(harmless=LOST),
        Played(harmless=replace(OK, stdout=b"ok 43\n")),
    ],
)
def test_what_gets_through_is_told(sandbox: Played, tmp_path: Path):
    given = planted(tmp_path, "exited.x.py", "# never: root:\n# beside: a secret\n")
    attack(Played(), given)
    with pytest.raises(Escaped, match="python"):
        attack(sandbox, given)


@pytest.mark.parametrize(
    ("name", "case"),
    [("timed_out.x.py", HELD), ("timed_out_wall.x.py", LOST), ("exited-or-signalled.x.py", LOST)],
)
def test_an_ending_that_is_another_is_told(name: str, case: CaseOutcome, tmp_path: Path):
    with pytest.raises(Escaped):
        attack(Played(case), planted(tmp_path, name))


@pytest.mark.parametrize("compiled", [None, OK])
def test_a_bomb_that_was_compiled_is_told(compiled: CaseOutcome | None, tmp_path: Path):
    given = planted(tmp_path, "compiler.x.py")
    attack(Played(compiled=REFUSED), given)
    with pytest.raises(Escaped):
        attack(Played(compiled=compiled), given)


@pytest.mark.parametrize(("returned", "said"), [(b"42", "nothing"), (None, "42"), (b"41", "42")])
def test_another_value_is_told(returned: bytes | None, said: str, tmp_path: Path):
    given = planted(tmp_path, "exited.x.py", f"# returns: {said}")
    with pytest.raises(Escaped):
        attack(Played(replace(HELD, returned=returned)), given)


def test_a_sandbox_that_was_lost_is_told(tmp_path: Path):
    class Lost(Played):
        def run(self, request: RunRequest, on_case: OnCase | None = None) -> RunReport:
            raise SandboxUnavailable("the runner was lost")

    (fault,) = attack_at_once([Lost()], [planted(tmp_path, "exited.x.py")])
    assert fault == "python-exited.x: the sandbox was lost: the runner was lost"


def test_every_attack_says_how_it_must_end():
    endings = {*Outcome, "timed_out_cpu", "timed_out_wall", "compiler"}
    for given in attacks():
        assert set(given.endings) <= endings, given.path
        assert given.path.suffix == languages()[given.language].sources[0]
        assert given.only is None or given.only <= {mode.name for mode in MODES}
    assert {given.language for given in attacks()} == set(languages())


def test_a_head_is_understood(tmp_path: Path):
    text = "/* never: a b */\n// never: c\n# limits: cpu_ms=3 wall_ms=4\n# returns: 7\n# only: boxed local\n# beside: x"
    given = planted(tmp_path, "exited-or-signalled.x.py", text)
    assert given.never == ("a b", "c")
    assert given.limits == {"cpu_ms": 3, "wall_ms": 4}
    assert (given.returns, given.beside, given.endings) == ("7", True, ["exited", "signalled"])
    assert given.is_for("local")
    assert not given.is_for("single-use")
