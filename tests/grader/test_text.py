"""Hostile bytes become text that every database and page can take."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.text import clean_text


@given(st.binary(max_size=200) | st.text(st.characters(), max_size=100), st.integers(0, 60))
def test_any_bytes_become_storable_text_of_bounded_length(data: bytes | str, limit: int):
    text = clean_text(data, limit)
    assert "\0" not in text
    assert json.dumps(text).encode()
    assert text.encode().decode() == text
    shown, marker, _ = text.partition("\n[cut")
    assert len(shown) <= limit or not marker


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"plain", "plain"),
        (b"a\0b", "a\ufffdb"),
        (b"caf\xe9!", "caf\ufffd!"),
        (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),
        ("\ud800", "\ufffd\ufffd\ufffd"),
        ("grün", "grün"),
        ("x" * 10, "x" * 10),
        (b"y" * 10, "y" * 10),
        ("x" * 11, "x" * 10 + "\n[cut]"),
        (b"y" * 1234, "y" * 10 + "\n[cut: 1,234 bytes in all]"),
        ("é" * 10, "é" * 10),
        (("é" * 11).encode(), "é" * 10 + "\n[cut: 22 bytes in all]"),
        (("\U0001f600" * 11).encode(), "\U0001f600" * 10 + "\n[cut: 44 bytes in all]"),
    ],
)
def test_what_becomes_of_bytes(data: bytes | str, text: str):
    assert clean_text(data, 10) == text
