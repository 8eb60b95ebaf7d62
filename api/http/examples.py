"""Examples for the OpenAPI document, put together from those that stand at the fields.

A schema names examples where they say something (an e-mail address, a slug); this builds the whole body out of them,
so that every request and every answer has one and none can go stale. A field without an example takes that of the
same field of the sibling: ``LanguageView.slug`` that of ``LanguageBody.slug``.
"""

import re
from typing import Any

Schema = dict[str, Any]

_KIND = re.compile(r"(View|Body|Line|Detail|List)$")
_BY_FORMAT = {"uuid": "01a203f5-b4c6-7013-bad0-e72337b5117f", "date-time": "2026-11-22T16:00:00Z"}
_BY_TYPE = {"string": "text", "integer": 1, "number": 1.0, "boolean": True, "null": None, "object": {}}


def add_examples(document: Schema) -> Schema:
    """``document`` itself, with an example at every body that has none."""
    maker = ExampleMaker(document["components"]["schemas"])
    for operations in document["paths"].values():
        for operation in operations.values():
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for content in (content for body in bodies for content in (body.get("content") or {}).values()):
                if "schema" in content and not content.keys() & {"example", "examples"}:
                    content["example"] = maker.example_of(content["schema"])
    return document


class ExampleMaker:
    """Makes examples of schemas that refer to each other. No schema of ours contains itself."""

    def __init__(self, components: dict[str, Schema]) -> None:
        self._components = components
        self._known: dict[tuple[str, str], Any] = {}
        for title, schema in components.items():
            for name, field in schema.get("properties", {}).items():
                if field.get("examples"):
                    self._known.setdefault((_stem(title), name), field["examples"][0])

    def example_of(self, schema: Schema) -> Any:
        """A value that fits ``schema``."""
        if "$ref" in schema:
            return self.example_of(self._components[schema["$ref"].rpartition("/")[2]])
        if found := [schema[key] for key in ("examples", "enum") if schema.get(key)]:
            return found[0][0]
        if "default" in schema:
            return schema["default"]
        if "oneOf" in schema:
            return self.example_of(next(part for part in schema["oneOf"] if part.get("type") != "null"))
        return self._by_type(schema)

    def _by_type(self, schema: Schema) -> Any:
        kind = schema.get("type", "object")
        if "properties" in schema:
            return self._object(schema)
        if kind == "array":
            return [self.example_of(schema["items"])]
        return schema.get("minimum") or _BY_FORMAT.get(schema.get("format", ""), _BY_TYPE[kind])

    def _object(self, schema: Schema) -> Schema:
        required, stem = schema.get("required", ()), _stem(schema.get("title", ""))
        known = {name: self._known.get((stem, name)) for name in schema["properties"]}
        return {
            name: self.example_of(field) if known[name] is None else known[name]
            for name, field in schema["properties"].items()
            if name in required or known[name] is not None  # not the optional ones: some exclude each other
        }


def _stem(title: str) -> str:
    return _KIND.sub("", title)
