"""Logs: a line an event, in one form for ours and the libraries', and no local variables in them."""

import io
import json
import logging
import sys

import pytest
import structlog

from api.core import log

SECRET = "canary of a local variable"


@pytest.fixture
def written(settings, monkeypatch, request):
    """Configures the form that the parameter names; calls back for what was written."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    log.configure(settings.model_copy(update={"log_format": request.param}))
    yield stream.getvalue
    structlog.reset_defaults()
    root.handlers[:], root.level = before


def fail() -> None:
    password = SECRET
    raise RuntimeError("broken" + password[:0])


@pytest.mark.parametrize("written", ["json", "console"], indirect=True)
def test_an_exception_is_told_without_its_local_variables(written):
    try:
        fail()
    except RuntimeError as error:
        structlog.get_logger().error("ours", exc_info=error)
        logging.getLogger("library").error("theirs", exc_info=error)
    text = written()
    assert text.count("RuntimeError: broken") == 2
    assert SECRET not in text


@pytest.mark.parametrize("written", ["json"], indirect=True)
def test_json_is_one_object_a_line_with_the_bound_names(written):
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        structlog.get_logger().warning("ours", number=1)
        logging.getLogger("library").warning("theirs\nin two lines")
    ours, theirs = (json.loads(line) for line in written().splitlines())
    assert (ours["event"], ours["number"], ours["request_id"], ours["level"]) == ("ours", 1, "r-1", "warning")
    assert (theirs["event"], theirs["request_id"]) == ("theirs\nin two lines", "r-1")
    assert ours["timestamp"].endswith("Z")


@pytest.mark.parametrize("written", ["json"], indirect=True)
def test_what_is_below_the_level_is_not_written(written):
    structlog.get_logger().debug("quiet")
    logging.getLogger("library").info("quiet")
    assert written() == ""


HOSTILE = "a\nb\r\x1b[2J\x1b]0;owned\x07\u202e\0"


@pytest.mark.parametrize("written", ["json"], indirect=True)
def test_hostile_text_stays_one_object_in_one_line_of_json(written):
    structlog.get_logger().info(HOSTILE, **{"value": HOSTILE, HOSTILE: [HOSTILE], "half": "\ud800"})
    logging.getLogger("library").warning("theirs %s", HOSTILE)
    text = written()
    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    ours, theirs = (json.loads(line) for line in text.splitlines())
    assert (ours["event"], ours["value"], ours[HOSTILE]) == (HOSTILE, HOSTILE, [HOSTILE])
    assert theirs["event"] == f"theirs {HOSTILE}"


@pytest.mark.parametrize("written", ["console"], indirect=True)
def test_hostile_text_forges_no_line_and_moves_no_cursor(written):
    structlog.get_logger().info(HOSTILE, **{"value": HOSTILE, HOSTILE: [HOSTILE], "half": "\ud800"})
    logging.getLogger("library").warning("theirs %s", HOSTILE)
    text = written()
    assert len(text.splitlines()) == 2
    assert text.replace("\n", "").isprintable()


@pytest.mark.parametrize("written", ["console"], indirect=True)
def test_a_traceback_keeps_its_lines_and_nothing_else(written):
    try:
        raise RuntimeError(HOSTILE)
    except RuntimeError as error:
        structlog.get_logger().error("ours", exc_info=error)
    lines = written().splitlines()
    assert any(line.startswith("RuntimeError: a") for line in lines)
    assert all(line.isprintable() for line in lines)
