"""What commands print: nothing a learner's program wrote may command the terminal of whoever reads it."""

import io
import json

import pytest
from pydantic import ValidationError
from rich.console import Console

from api.core.errors import Conflict, FieldError, Invalid, NotFound, Unavailable
from api.core.settings import Settings
from cli import output
from cli.grading import print_cases
from cli.output import CommandFailed, explain, plain
from grader.sandbox import SandboxUnavailable

HOSTILE = [
    ("\x1b[2J\x1b[Hgone", "gone"),
    ("\x1b]0;title\x07text", "text"),
    ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
    ("\x1b]52;c;ZXZpbA==", ""),
    ("\x1bPq#0\x1b\\x", "x"),
    ("\x9b31mred", "red"),
    ("a\rb", "a\N{REPLACEMENT CHARACTER}b"),
    ("a\bb\x7f\x00", "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"),
    ("\u202egpj.exe", "\N{REPLACEMENT CHARACTER}gpj.exe"),
    ("\ud800", "\N{REPLACEMENT CHARACTER}"),
    ("\x1b", ""),
    ("line\r\nnext\ttab\n", "line\nnext\ttab\n"),
    ("naïve 日本語 👍", "naïve 日本語 👍"),
]


@pytest.mark.parametrize(("text", "shown"), HOSTILE)
def test_plain_text_holds_nothing_a_terminal_obeys(text: str, shown: str):
    found = plain(text)
    assert "\x1b" not in found
    if not text.startswith("\x1bPq"):
        assert found == shown


def test_cases_of_a_hostile_program_reach_the_terminal_as_text(capsys: pytest.CaptureFixture[str]):
    case = {
        "group": "[red]g[/red]",
        "name": "\x1b[31mn",
        "verdict": "FAILED",
        "reason": None,
        "points": 0.0,
        "maxPoints": 1.5,
        "cpuMs": 1,
        "wallMs": 2,
        "memoryKib": None,
        "message": "\x1b]0;x\x07[bold]m",
    }
    print_cases([case])
    shown = capsys.readouterr().out
    assert "\x1b]" not in shown
    assert "[red]g" in shown.replace("\n", "")


def test_json_escapes_control_codes(capsys: pytest.CaptureFixture[str]):
    output.print_json({"stdout": "\x1b[2J\x9b1m"})
    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert "\x9b" not in text
    assert json.loads(text) == {"stdout": "\x1b[2J\x9b1m"}


def bad_setting() -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        Settings(_env_file=None, port=70000)
    return caught.value


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (CommandFailed("two of three"), 1, "two of three"),
        (NotFound("no such submission"), 1, "no such submission"),
        (Conflict("taken"), 1, "taken"),
        (Invalid("say which"), 2, "say which"),
        (Invalid("faults", (FieldError("a.b", "too long"),)), 1, "a.b: too long"),
        (Unavailable("no database"), 3, "no database"),
        (SandboxUnavailable("no engine"), 3, "no engine"),
        (FileNotFoundError(2, "No such file", "x.json"), 1, "x.json: No such file"),
        (RuntimeError("oops\x1b[2J"), 1, "unexpected RuntimeError: oops"),
    ],
)
def test_every_error_is_one_plain_line_and_a_code(
    error: Exception, code: int, words: str, monkeypatch: pytest.MonkeyPatch
):
    heard = io.StringIO()
    monkeypatch.setattr(output, "notes", Console(file=heard, width=200))
    assert explain(error) == code
    assert words in heard.getvalue()
    assert "Traceback" not in heard.getvalue()
    assert "\x1b" not in heard.getvalue()


def test_a_wrong_setting_is_named_as_it_is_written(monkeypatch: pytest.MonkeyPatch):
    heard = io.StringIO()
    monkeypatch.setattr(output, "notes", Console(file=heard, width=200))
    assert explain(bad_setting()) == 2
    assert "CODEZEST_PORT" in heard.getvalue()
