"""The part of a suite that a learner may see before submitting. Pure.

It is made once, when a suite version is stored, by naming what goes in; a hidden group is never looked at. So
a field that the suite format gains later stays unseen until somebody adds it here.
"""

import json
from typing import Any

from api.learning.curriculum.suite import Case, Group, Suite

MAX_SHOWN_CHARACTERS = 16_384
"""Of each text of a shown case; a longer one is cut, and the case says ``truncated``."""


def shown_part(suite: Suite) -> dict[str, Any]:
    """What an assignment's page says of ``suite``, as camelCase JSON: kind, limits, function, cases."""
    function = suite.function.model_dump(mode="json", by_alias=True) if suite.function else None
    return {
        "kind": suite.kind,
        "limits": suite.limits.model_dump(mode="json", by_alias=True, exclude_none=True),
        "function": function,
        "cases": [
            _shown_case(group, case) for group in suite.groups if group.visible for case in group.cases
        ],
    }


def _shown_case(group: Group, case: Case) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": case.name, "group": group.name, "truncated": False}
    if case.args is None:
        for member, text in (("stdin", case.stdin or ""), ("stdout", case.stdout or "")):
            shown[member] = text[:MAX_SHOWN_CHARACTERS]
            shown["truncated"] |= len(text) > MAX_SHOWN_CHARACTERS
        return shown
    for member, value in (("args", list(case.args)), ("returns", case.returns)):
        fits = len(json.dumps(value)) <= MAX_SHOWN_CHARACTERS
        shown[member] = value if fits else None
        shown["truncated"] |= not fits
    return shown
