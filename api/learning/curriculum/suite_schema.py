"""The suite format as JSON Schema, for the editors of authors: completion and checks while they write.

``python -m api.learning.curriculum.suite_schema > testcases/schema.json`` brings the published copy up to
date, and a test fails while it is not. The schema knows members, types and bounds; that names are unique and
that arguments fit the signature only `suite.parse_suite` can tell.
"""

import json
import sys
from typing import Any

from api.learning.curriculum.suite import Suite


def suite_schema() -> str:
    """The schema as JSON text, indented, with a line break at the end."""
    schema: dict[str, Any] = Suite.model_json_schema()
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Test cases of a CodeZest assignment",
        "allOf": [{"if": _kind("function"), "then": _function(), "else": _stdio()}],
    }
    schema["properties"]["$schema"] = {"type": "string", "description": "for editors; ignored"}
    case = schema["$defs"]["Case"]
    for member in ("stdin", "stdout"):
        said = f"a file in the suite's folder, in UTF-8, that holds {member}"
        case["properties"][f"{member}File"] = {"type": "string", "minLength": 1, "description": said}
    case["allOf"] = [{"not": {"required": [member, f"{member}File"]}} for member in ("stdin", "stdout")]
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _kind(kind: str) -> dict[str, Any]:
    return {"properties": {"kind": {"const": kind}}}


def _cases(rule: dict[str, Any]) -> dict[str, Any]:
    return {"properties": {"groups": {"items": {"properties": {"cases": {"items": rule}}}}}}


def _without(*members: str) -> dict[str, Any]:
    return {"properties": dict.fromkeys(members, False)}


def _function() -> dict[str, Any]:
    foreign = _without("stdin", "stdinFile", "stdout", "stdoutFile")
    return {"required": ["function"], **_cases({"required": ["args", "returns"], **foreign})}


def _stdio() -> dict[str, Any]:
    stdout = {"anyOf": [{"required": ["stdout"]}, {"required": ["stdoutFile"]}]}
    cases = _cases({**stdout, **_without("args", "returns")})
    return {"properties": {**cases["properties"], "function": False}}


if __name__ == "__main__":
    sys.stdout.write(suite_schema())
