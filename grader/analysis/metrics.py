"""Size and complexity of a source text: what a teacher would measure, in every language lizard reads.

Learner code is hostile to a reader as well: on a few kilobytes of nested definitions or open brackets lizard
takes gigabytes or minutes, and on the worst flat text its time grows with the square of the length: 1 to 2 s
for 16 KiB. (All measured.) So what is long or deep is not measured at all; that costs nothing but the
figures.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import lizard
from lizard_core.file_analyzer import comment_counter, preprocessing
from lizard_languages import get_reader_for

MAX_CHARACTERS = 16 * 1024
"""Of all files together."""

MAX_BRACKETS = 24
"""Brackets open at one time; text in strings and comments counts too, which errs on the safe side."""

MAX_INDENTS = 12
"""Indentation levels inside one another."""

MAX_FUNCTIONS = 50
"""Functions listed, the most complex first."""

_CLOSES = {")": "(", "]": "[", "}": "{"}
_BRACKET = re.compile(r"[][(){}]")


def measure(files: Mapping[str, str]) -> dict[str, Any] | None:
    """Figures of a solution as a JSON object; None if it cannot or should not be measured. Never raises.

    ``lines`` counts lines with code, ``complexity`` is the cyclomatic complexity (McCabe) of the worst
    function, ``functions`` lists them: name, line, lines, parameters, complexity.
    """
    if sum(map(len, files.values())) > MAX_CHARACTERS:
        return None
    if any(_reader_of(name) is None or is_deep(text) for name, text in files.items()):
        return None
    try:
        found = [_ANALYZER.analyze_source_code(name, text) for name, text in files.items()]
        functions = [_function(item) for info in found for item in info.function_list]
        lines = sum(info.nloc for info in found)
    except Exception:  # whatever a reader of ten languages stumbles over, a grade must not depend on it
        return None
    functions.sort(key=lambda item: (-item["complexity"], item["line"]))
    return {
        "lines": lines,
        "complexity": max((item["complexity"] for item in functions), default=1),
        "functionCount": len(functions),
        "functions": functions[:MAX_FUNCTIONS],
    }


@lru_cache(maxsize=256)
def _reader_of(name: str) -> Any:
    # Looking for it tries a pattern of every language, which is not worth doing twice: names are few.
    return get_reader_for(name)


def _count(tokens: Iterator[str], reader: Any) -> Iterator[str]:
    """lizard's `line_counter` and `condition_counter` in one."""
    context, conditions = reader.context, reader.conditions
    context.current_line = newline = 1
    for token in tokens:
        if token == "\n":
            context.current_line += 1
            newline = 1
            continue
        breaks = token.count("\n")
        context.current_line += breaks
        context.add_nloc(breaks + newline)
        newline = 0
        if token in conditions:
            context.add_condition()
        yield token


#: Of lizard's standard steps those whose figures are wanted, for each of them handles every token.
_ANALYZER = lizard.FileAnalyzer([preprocessing, comment_counter, _count])


def _function(item: Any) -> dict[str, Any]:
    return {
        "name": item.name[:100],
        "line": item.start_line,
        "lines": item.nloc,
        "parameters": len(item.parameters),
        "complexity": item.cyclomatic_complexity,
    }


def is_deep(text: str) -> bool:
    """Whether brackets or indentation are nested deeper than is measured."""
    return _is_deep_in_brackets(text) or _is_deeply_indented(text)


def _is_deep_in_brackets(text: str) -> bool:
    # One depth for each kind: a closing brace must not hide an open parenthesis.
    depths = dict.fromkeys(_CLOSES.values(), 0)
    for character in _BRACKET.findall(text):
        if character in depths:
            depths[character] += 1
            if sum(depths.values()) > MAX_BRACKETS:
                return True
        else:
            opening = _CLOSES[character]
            depths[opening] = max(0, depths[opening] - 1)
    return False


def _is_deeply_indented(text: str) -> bool:
    levels: list[int] = [0]
    for line in text.splitlines():
        code = line.lstrip()
        if not code:
            continue
        indent = len(line) - len(code)
        while levels[-1] > indent:
            levels.pop()
        if levels[-1] < indent:
            levels.append(indent)
            if len(levels) > MAX_INDENTS + 1:
                return True
    return False
