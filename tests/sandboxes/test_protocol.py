"""Frames: hostile ones are refused before memory is taken, and what is sent comes out the same."""

import json
import struct
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandboxes.protocol import (
    MAX_FRAME_BYTES,
    MAX_HEADER_BYTES,
    CaseInput,
    CaseOutcome,
    FunctionCall,
    Limits,
    Outcome,
    ProtocolError,
    RunRequest,
    encode,
    outcome_frame,
    parse_outcome,
    parse_request,
    read_frame,
    request_frame,
)

LIMITS = Limits(cpu_ms=1, wall_ms=2, memory_mib=3, output_kib=4, processes=5)


class Bytes:
    """A stream to read from, in pieces of at most ``piece`` bytes; counts what was asked for."""

    def __init__(self, data: bytes, piece: int = 1 << 20) -> None:
        self.data, self.piece, self.asked = data, piece, 0

    def send(self, data: bytes) -> None:
        raise NotImplementedError

    def receive(self, size: int) -> bytes:
        self.asked = max(self.asked, size)
        if not self.data:
            raise EOFError
        part, self.data = self.data[: min(size, self.piece)], self.data[min(size, self.piece) :]
        return part


def frame(
    header: bytes, blobs: bytes = b"", *, size: int | None = None, header_size: int | None = None
) -> bytes:
    """Bytes like a frame's, with lengths that may lie."""
    header_size = len(header) if header_size is None else header_size
    size = 4 + len(header) + len(blobs) if size is None else size
    return struct.pack(">II", size, header_size) + header + blobs


@pytest.mark.parametrize(
    "data",
    [
        frame(b"{}"),
        frame(b"[]"),
        frame(b"null"),
        frame(b"1"),
        frame(b'{"blobs": null}'),
        frame(b'{"blobs": 3}'),
        frame(b'{"blobs": "abc"}'),
        frame(b'{"blobs": {"1": 2}}'),
        frame(b'{"blobs": [true]}', b"x"),
        frame(b'{"blobs": [1.0]}', b"x"),
        frame(b'{"blobs": [-1, 2]}', b"x"),
        frame(b'{"blobs": [2]}', b"x"),
        frame(b'{"blobs": []}', b"x"),
        frame(b'{"blobs": [1]}', b""),
        frame(b'{"blobs": [' + b"9" * 5000 + b"]}"),
        frame(b'{"blobs": [NaN]}'),
        frame(b"\xff\xfe"),
        frame(b'{"blobs": []'),
        frame(b"[" * 100_000),
        frame(b'{"a":' * 50_000),
        frame(b'{"blobs": []}', size=3),
        frame(b'{"blobs": []}', size=0),
        frame(b'{"blobs": []}', header_size=0),
        frame(b'{"blobs": []}', header_size=1 << 31),
        frame(b'{"blobs": []}', size=(1 << 32) - 1, header_size=(1 << 32) - 1),
    ],
    ids=lambda data: ascii(data[8:40])[2:-1],
)
def test_what_is_no_frame_is_refused(data: bytes):
    with pytest.raises(ProtocolError):
        read_frame(Bytes(data))


@pytest.mark.parametrize(
    ("size", "header_size", "most"),
    [
        (MAX_FRAME_BYTES + 1, 10, MAX_FRAME_BYTES),
        (MAX_FRAME_BYTES, MAX_HEADER_BYTES + 1, MAX_FRAME_BYTES),
        (1001, 10, 1000),
    ],
)
def test_lengths_are_refused_before_anything_more_is_read(size: int, header_size: int, most: int):
    stream = Bytes(struct.pack(">II", size, header_size) + b"x" * 100)
    with pytest.raises(ProtocolError):
        read_frame(stream, most)
    assert stream.asked == 8


def test_a_frame_that_ends_early_is_the_end():
    whole = frame(b'{"blobs": [3]}', b"abc")
    for length in range(len(whole)):
        with pytest.raises(EOFError):
            read_frame(Bytes(whole[:length]))


def test_a_large_blob_is_not_asked_for_at_once():
    stream = Bytes(frame(b'{"blobs": [3000000]}', b"x" * 3_000_000))
    assert read_frame(stream)[1] == [b"x" * 3_000_000]
    assert stream.asked <= 1 << 20


def test_too_large_a_frame_is_not_made():
    with pytest.raises(ProtocolError, match="too large"):
        encode({"type": "x" * MAX_HEADER_BYTES})


NAMES = st.text(
    st.characters(exclude_characters="/\0\n", exclude_categories=["Cs"]), min_size=1, max_size=60
).filter(lambda name: name not in (".", ".."))
WHOLE = st.integers(1, 2**31 - 1)
SOME_LIMITS = st.builds(
    Limits, cpu_ms=WHOLE, wall_ms=WHOLE, memory_mib=WHOLE, output_kib=WHOLE, processes=WHOLE
)
REQUESTS = st.builds(
    RunRequest,
    language=st.text(max_size=20),
    files=st.dictionaries(NAMES, st.binary(max_size=50), max_size=4),
    cases=st.lists(
        st.builds(
            CaseInput, stdin=st.binary(max_size=50), limits=SOME_LIMITS, chain=st.none() | st.text(max_size=9)
        ),
        max_size=5,
    ),
    compile_limits=SOME_LIMITS,
    function=st.none()
    | st.builds(
        FunctionCall,
        name=st.text(max_size=9),
        parameters=st.tuples(st.text(max_size=5)),
        returns=st.text(max_size=9),
    ),
    total_wall_ms=WHOLE,
    artefact=st.none() | st.binary(max_size=50),
    share=st.booleans(),
    again=st.booleans(),
    probe=st.booleans(),
    asks_version=st.booleans(),
)


def arrives(request: RunRequest) -> RunRequest:
    """What the other side is to make of a request: what need not be sent is not."""
    names_only = dict.fromkeys(request.files, b"")
    if request.again:
        return replace(request, files=names_only, artefact=None)
    return request if request.artefact is None else replace(request, files=names_only)


@given(REQUESTS, st.integers(1, 50))
def test_a_request_comes_out_as_it_went_in(request: RunRequest, piece: int):
    tag, found = parse_request(*read_frame(Bytes(request_frame(request, "tag"), piece)))
    assert (tag, found) == ("tag", arrives(request))


COUNTS = st.integers(0, 2**31 - 1)
ENDINGS = (
    st.builds(
        dict, outcome=st.sampled_from([Outcome.EXITED, Outcome.NOT_COMPILED]), exit_code=st.integers(0, 255)
    )
    | st.builds(dict, outcome=st.just(Outcome.SIGNALLED), signal=st.integers(1, 64))
    | st.builds(dict, outcome=st.just(Outcome.TIMED_OUT), limit=st.sampled_from(["cpu", "wall"]))
    | st.builds(
        dict, outcome=st.sampled_from([Outcome.OUT_OF_MEMORY, Outcome.OUTPUT_TOO_LARGE, Outcome.SKIPPED])
    )
)


@st.composite
def outcomes(draw: st.DrawFn) -> CaseOutcome:
    output = st.binary(max_size=50)
    return CaseOutcome(
        **draw(ENDINGS), cpu_ms=draw(COUNTS), wall_ms=draw(COUNTS), memory_kib=draw(COUNTS),
        stdout=draw(output), stderr=draw(output), returned=draw(st.none() | output),
    )  # fmt: skip


@given(outcomes(), st.integers(0, 1000))
def test_an_outcome_comes_out_as_it_went_in(outcome: CaseOutcome, index: int):
    header, blobs = read_frame(Bytes(outcome_frame("case", "tag", 3, outcome, index)))
    assert parse_outcome(header, blobs) == outcome
    assert (header["tag"], header["seq"], header["index"]) == ("tag", 3, index)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, st.lists(st.binary(max_size=3), max_size=4))
def test_no_outcome_of_any_shape_does_worse_than_be_refused(facts: Any, blobs: list[bytes]):
    with pytest.raises(ProtocolError):
        parse_outcome({"outcome": facts}, blobs)


@given(JSON, st.lists(st.binary(max_size=3), max_size=4))
def test_no_request_of_any_shape_does_worse_than_be_refused(header: Any, blobs: list[bytes]):
    with pytest.raises(ProtocolError):
        parse_request({"tag": header, "cases": header, "files": header}, blobs)


GOOD = {
    "outcome": "exited",
    "exit_code": 0,
    "signal": None,
    "cpu_ms": 1,
    "wall_ms": 1,
    "memory_kib": 1,
    "limit": None,
}


@pytest.mark.parametrize(
    "changed",
    [
        {"outcome": "passed"},
        {"outcome": ["exited"]},
        {"exit_code": "0"},
        {"exit_code": True},
        {"exit_code": -1},
        {"exit_code": 256},
        {"exit_code": 10**40},
        {"exit_code": None},
        {"signal": 9},
        {"outcome": "signalled"},
        {"outcome": "signalled", "exit_code": None, "signal": 65},
        {"outcome": "signalled", "exit_code": None, "signal": "9"},
        {"cpu_ms": -1},
        {"cpu_ms": 1.5},
        {"cpu_ms": float("nan")},
        {"cpu_ms": 2**31},
        {"wall_ms": None},
        {"memory_kib": True},
        {"limit": "cpu"},
        {"outcome": "timed_out", "exit_code": None},
        {"outcome": "timed_out", "exit_code": None, "limit": "patience"},
        {"outcome": "timed_out", "exit_code": None, "limit": ["cpu"]},
        {"outcome": "out_of_memory"},
        {"has_returned": 1},
        {"has_returned": False},
        {"stdout": "aGVsbG8="},
        {"verdict": "PASSED"},
    ],
    ids=str,
)
def test_a_lie_about_an_outcome_is_refused(changed: dict[str, Any]):
    blobs = [b"", b"", b"x"]
    assert parse_outcome({"outcome": {**GOOD, "has_returned": True}}, blobs).returned == b"x"
    with pytest.raises(ProtocolError):
        parse_outcome({"outcome": {**GOOD, "has_returned": True, **changed}}, blobs)


@pytest.mark.parametrize("blobs", [[], [b""], [b"", b""], [b"", b"", b"", b""]], ids=len)
def test_an_outcome_has_three_blobs(blobs: list[bytes]):
    with pytest.raises(ProtocolError):
        parse_outcome({"outcome": {**GOOD, "has_returned": False}}, blobs)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc/passwd", "a\0b", "a\nb", "é" * 128])
def test_a_file_has_a_plain_name(name: str):
    with pytest.raises(ValueError, match="plain file name"):
        RunRequest(language="python", files={name: b""}, cases=(), compile_limits=LIMITS)
    good = RunRequest(language="python", files={"good": b""}, cases=(), compile_limits=LIMITS)
    header, blobs = read_frame(Bytes(request_frame(good, "tag")))
    with pytest.raises(ProtocolError):
        parse_request({**header, "files": [name]}, blobs)


@pytest.mark.parametrize("value", [0, -1, 2**31, 1.5, "1", None, True, float("inf")])
@pytest.mark.parametrize("name", Limits.__slots__)
def test_a_limit_is_a_positive_whole_number(name: str, value: Any):
    fields = dict.fromkeys(Limits.__slots__, 1)
    with pytest.raises(ValueError, match=name):
        Limits(**{**fields, name: value})


@pytest.mark.parametrize("value", [0, -1, 2**31, 1.5, "1", None, True])
def test_so_is_the_bound_of_all_cases(value: Any):
    with pytest.raises(ValueError, match="total_wall_ms"):
        RunRequest(language="python", files={}, cases=(), compile_limits=LIMITS, total_wall_ms=value)


@pytest.mark.parametrize("value", [0, 1, None, "", "yes", []])
def test_whether_the_version_is_asked_for_is_a_boolean(value: Any):
    with pytest.raises(ValueError, match="asks_version"):
        RunRequest(language="python", files={}, cases=(), compile_limits=LIMITS, asks_version=value)


def test_blobs_and_names_must_agree():
    good = RunRequest(
        language="python",
        files={"a": b"1"},
        cases=[CaseInput(stdin=b"2", limits=LIMITS)],
        compile_limits=LIMITS,
    )
    header, blobs = read_frame(Bytes(request_frame(good, "tag")))
    for wrong in ([], blobs[:1], [*blobs, b"3"]):
        with pytest.raises(ProtocolError):
            parse_request(json.loads(json.dumps(header)), wrong)
