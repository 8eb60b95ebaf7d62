"""What an experienced reader would say at first sight of a case that did not pass.

A hint names a likely cause; it never quotes the expected answer. Only what the learner may see is looked at:
of a hidden case nothing but the way it ended.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from api.learning.curriculum.suite import of_language
from api.learning.submissions.grade import Reason

LOOKED_AT = 64 * 1024
"""Bytes of each text that are looked at."""

_READS = {
    "python": re.compile(r"\binput\b|\bstdin\b|\bopen\s*\(\s*0|fileinput"),
    "javascript": re.compile(r"\bstdin\b|readFileSync\s*\(\s*0|\breadline\b|\bprompt\b"),
    "c": re.compile(r"\bscanf|\bf?gets\b|\bgetc(?:har)?\b|\bfgetc\b|\bgetline\b|\bf?read\b|\bstdin\b"),
    "cpp": re.compile(r"\bcin\b|\bscanf|\bf?gets\b|\bgetc(?:har)?\b|\bgetline\b|\bf?read\b|\bstdin\b"),
    "java": re.compile(r"\bSystem\s*\.\s*in\b|\bconsole\s*\(|\bIO\s*\.\s*readln\b|\breadln\s*\("),
}
_ENDED_EARLY = re.compile(rb"EOFError|NoSuchElementException|No line found")
_PROMPT = re.compile(rb"[:?>] *$")

_BY_REASON = {
    Reason.TIME_LIMIT: "A loop that does not end, or one that takes too many steps for the larger inputs, uses "
    "up the time. Does every loop come closer to its end?",
    Reason.MEMORY_LIMIT: "Something grows without bounds: a list that is filled for ever, or a call that calls "
    "itself without end.",
    Reason.OUTPUT_LIMIT: "A loop seems to print without end.",
}
_BY_SIGNAL = {
    6: "The program ended itself: an assertion, or an exception that nobody caught.",
    8: "This signal usually means a whole-number division by zero.",
    11: "This signal usually means an index outside of an array, a pointer to nowhere, or calls without end.",
}


class Failing(NamedTuple):
    """The first case that did not pass. The texts are None if the case is hidden, or has none.

    ``returned`` is what the function of a function suite gave, as JSON; such a case has no ``expected``.
    """

    reason: Reason
    signal: int | None = None
    stdin: bytes | None = None
    expected: bytes | None = None
    stdout: bytes | None = None
    stderr: bytes | None = None
    returned: bytes | None = None


def hints(failing: Failing, language: str, files: Mapping[str, str]) -> list[str]:
    """Hints on a failing case, the likeliest cause first; often none."""
    found = [_BY_REASON.get(failing.reason), _on_input(failing, language, files)]
    if failing.reason is Reason.RUNTIME_ERROR:
        found += [_on_early_end(failing), _BY_SIGNAL.get(failing.signal or 0)]
    if failing.reason is Reason.WRONG_ANSWER:
        found.append(_on_output(failing))
    return [hint for hint in found if hint]


def _on_input(failing: Failing, language: str, files: Mapping[str, str]) -> str | None:
    reads = _READS.get(of_language(language))
    if reads is None or not failing.stdin or not failing.stdin.strip():
        return None
    if any(reads.search(text) for text in files.values()):
        return None
    return "The program never reads its input: the answer has to depend on what comes in on standard input."


def _on_early_end(failing: Failing) -> str | None:
    if failing.stderr and _ENDED_EARLY.search(failing.stderr[-LOOKED_AT:]):
        return "The program reads more input than there is. How many lines or numbers does the statement promise?"
    return None


def _on_output(failing: Failing) -> str | None:
    if failing.returned == b"null":
        return (
            "The function returned nothing. A value that is printed is not returned: `return` gives it back."
        )
    if failing.expected is None or failing.stdout is None:
        return None
    expected, actual = failing.expected[:LOOKED_AT], failing.stdout[:LOOKED_AT]
    if not actual.strip():
        return "The program printed nothing." if expected.strip() else None
    return next((text for looks_so, text in _LIKENESSES if looks_so(expected, actual)), None)


def _folded(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape").casefold()


def _lines(data: bytes) -> list[bytes]:
    return [line.rstrip() for line in data.rstrip().split(b"\n")]


def _only_final_newline(expected: bytes, actual: bytes) -> bool:
    return expected.removesuffix(b"\n") == actual.removesuffix(b"\n")


def _only_white_space(expected: bytes, actual: bytes) -> bool:
    return b"".join(expected.split()) == b"".join(actual.split())


def _only_case(expected: bytes, actual: bytes) -> bool:
    return _folded(expected).split() == _folded(actual).split()


def _only_order(expected: bytes, actual: bytes) -> bool:
    return sorted(_lines(expected)) == sorted(_lines(actual))


def _one_line_more(expected: bytes, actual: bytes) -> bool:
    wanted, found = _lines(expected), _lines(actual)
    return len(found) == len(wanted) + 1 and (found[:-1] == wanted or found[1:] == wanted)


def _one_line_less(expected: bytes, actual: bytes) -> bool:
    return _one_line_more(actual, expected)


def _prompted(expected: bytes, actual: bytes) -> bool:
    wanted, found = _lines(expected)[0], _lines(actual)[0]
    at = found.find(wanted) if wanted else -1
    return at > 0 and _PROMPT.search(found[:at]) is not None


def _off_by_one(expected: bytes, actual: bytes) -> bool:
    wanted, found = expected.split(), actual.split()
    pairs = [(w, f) for w, f in zip(wanted, found, strict=False) if w != f]
    return len(wanted) == len(found) and len(pairs) == 1 and _neighbours(*pairs[0])


def _neighbours(one: bytes, other: bytes) -> bool:
    whole = re.compile(rb"-?[0-9]{1,18}")
    return bool(whole.fullmatch(one) and whole.fullmatch(other)) and abs(int(one) - int(other)) == 1


_LIKENESSES: list[tuple[Callable[[bytes, bytes], bool], str]] = [
    (_only_final_newline, "Only the line break at the very end differs."),
    (_only_white_space, "Only blanks or line breaks differ: look for missing, surplus or misplaced ones."),
    (_only_case, "Only upper and lower case differ."),
    (_only_order, "The lines are right, their order is not."),
    (_prompted, "There is a prompt in the output. Print the answer and nothing else."),
    (
        _one_line_more,
        "There is one line too many at the beginning or the end: where does the loop start and stop?",
    ),
    (_one_line_less, "One line is missing at the beginning or the end: where does the loop start and stop?"),
    (_off_by_one, "One number is off by exactly one: look at where counting starts and stops."),
]
