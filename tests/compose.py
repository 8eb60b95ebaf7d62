"""The compose files as Docker Compose would read them: merged, with variables filled in."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from tests.house.tree import ROOT

MAIN, GRADER = "docker-compose.yml", "docker-compose.grader.yml"

_VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?:(:?[-?])([^}]*))?\}|(\w+))")


class Unset(Exception):
    """A variable that must be set is not; the text is the file's own."""


def load(name: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """A compose file with the variables of ``environment``. Raises Unset."""
    return _filled(yaml.safe_load((ROOT / name).read_text()), environment)


def _filled(value: Any, environment: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _VARIABLE.sub(lambda match: _value(match, environment), value)
    if isinstance(value, list):
        return [_filled(part, environment) for part in value]
    if isinstance(value, dict):
        return {key: _filled(part, environment) for key, part in value.items()}
    return value


def _value(match: "re.Match[str]", environment: Mapping[str, str]) -> str:
    dollar, name, operator, text, bare = match.groups()
    if dollar:
        return "$"
    found = environment.get(name or bare)
    if found or (found is not None and operator in ("-", "?")):
        return found
    if operator in ("?", ":?"):
        raise Unset(text)
    return text or "" if operator else found or ""
