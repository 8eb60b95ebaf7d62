"""The OpenAPI document: everything served is in it, with who may call it, what can go wrong, and examples."""

import re

import msgspec
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute

from api.app import create_app
from api.core.settings import Settings
from api.http.identity import ACCESS
from tests.conftest import RecordingBell

Route = tuple[str, str, object]


@pytest.fixture
def document(client) -> dict:
    answer = client.get("/schema/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/vnd.oai.openapi+json"
    return answer.json()


@pytest.fixture
def operations(document) -> list[tuple[str, str, dict]]:
    """Path, method and operation of everything in the document."""
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def served(app: Litestar):
    """Path, method and handler of everything that is routed, apart from OPTIONS and the document itself."""
    return [
        (route.path_format, method.lower(), handler)
        for route in app.routes
        if isinstance(route, HTTPRoute) and not route.path.startswith("/schema")
        for method, (handler, _) in route.route_handler_map.items()
        if method != "OPTIONS"
    ]


def test_every_route_says_who_may_call_it(app):
    """The guard closes what says nothing; but a route that says it has been thought about."""
    silent = [
        f"{method} {path}" for path, method, handler in served(app) if handler.opt.get("access") not in ACCESS
    ]
    assert silent == []
    assert len(served(app)) >= 20


def test_everything_served_is_documented_and_nothing_else(app, operations):
    assert {(path, method) for path, method, _ in served(app)} == {
        (path, method) for path, method, _ in operations
    }


def test_every_operation_has_a_summary_a_description_a_tag_and_an_id_of_its_own(operations):
    for path, method, operation in operations:
        for key in ("summary", "description", "tags", "operationId"):
            assert operation.get(key), f"{method} {path} has no {key}"
    ids = [operation["operationId"] for _, _, operation in operations]
    assert len(ids) == len(set(ids))


def test_what_can_go_wrong_is_documented(app, document):
    for path, method, handler in served(app):
        told = document["paths"][path][method]["responses"].keys()
        access = handler.opt["access"]
        wanted = {"500"}
        wanted |= {"401"} if access != "public" else set()
        wanted |= {"403"} if access == "admin" else set()
        wanted |= {"404"} if "{" in path else set()
        wanted |= {"400", "413", "415"} if "data" in handler.parsed_fn_signature.parameters else set()
        assert told >= wanted, f"{method} {path} does not document {sorted(wanted - told)}"


def test_every_error_is_a_problem_document_with_an_example(operations):
    for path, method, operation in operations:
        for status, answer in operation["responses"].items():
            is_health = path.removeprefix("/api/v1") in ("/health", "/health/ready") and status == "503"
            if int(status) >= 400 and not is_health:
                content = answer["content"]["application/problem+json"]
                assert content["schema"] == {"$ref": "#/components/schemas/Problem"}, (
                    f"{method} {path} {status}"
                )
                assert content["examples"]


def test_only_public_operations_need_no_token(app, document):
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for path, method, handler in served(app):
        security = document["paths"][path][method].get("security")
        assert security == (None if handler.opt["access"] == "public" else [{"bearer": []}]), (
            f"{method} {path}"
        )


def test_every_body_has_an_example_and_the_handler_takes_it(app, operations):
    handlers = {(path, method): handler for path, method, handler in served(app)}
    for path, method, operation in operations:
        for answer in operation["responses"].values():
            assert all("example" in c or "examples" in c for c in answer.get("content", {}).values())
        if "requestBody" in operation:
            example = operation["requestBody"]["content"]["application/json"]["example"]
            kind = handlers[path, method].parsed_data_field.annotation
            msgspec.convert(example, kind, strict=True)


def test_there_is_no_page_and_no_address_elsewhere(client):
    """The document is all: a page would fetch scripts from the makers of the page."""
    for path in ("/schema/swagger", "/schema/redoc", "/schema/openapi.yaml", "/docs"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
    # Examples name hosts that are reserved for that.
    named = re.findall(r"https?://([^/\"]*)", client.get("/schema/openapi.json").text)
    assert set(named) <= {"hooks.example.com"}


def test_two_applications_live_side_by_side(settings: Settings, database):
    """Nothing is kept per process that belongs to one application (metrics, throttles, limits)."""
    one = create_app(settings, database=database, bell=RecordingBell())
    two = create_app(settings, database=database, bell=RecordingBell())
    assert [path for path, _, _ in served(one)] == [path for path, _, _ in served(two)]
