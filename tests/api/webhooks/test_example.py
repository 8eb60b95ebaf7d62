"""The check that docs/webhooks.md shows, against what a real receiver gets."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import time_machine

from tests.api.learning.world import World, grade_all, passed, submit
from tests.api.webhooks.outside import deliverer, listen, own
from tests.api.webhooks.receiver import Request

PAGE = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text()


@pytest.fixture
def is_genuine() -> Callable[[str, str, bytes], bool]:
    (source,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Callable[[str, str, bytes], bool]] = {}
    exec(source, names)
    return names["is_genuine"]


@pytest.fixture
def got(served: World, settings, receive, ca) -> tuple[str, Request]:
    """A graded submission's event, as it came over TLS, and the secret."""
    receiver = receive()
    secret = listen(served.database, settings, own(served.learner)).secret
    submit(served)
    grade_all(served.database, passed())
    sender, _ = receiver.sender(ca)
    assert deliverer(served.database, settings, sender).deliver_all() == {"delivered": 1}
    return secret, receiver.requests[0]


def test_what_is_genuine_is_taken(is_genuine, got):
    secret, request = got
    assert b'"type":"submission.graded"' in request.body
    assert is_genuine(secret, request.headers["CodeZest-Signature"], request.body) is True


def test_what_is_not_is_refused(is_genuine, got):
    secret, request = got
    signature, body = request.headers["CodeZest-Signature"], request.body
    assert not is_genuine(secret + "x", signature, body)
    assert not is_genuine(secret, signature, body.replace(b"PASSED", b"FAILED"))
    assert not is_genuine(secret, signature.replace("t=", "t=1"), body)
    seconds = int(signature[2:].partition(",")[0])
    assert not is_genuine(secret, signature.replace(str(seconds), str(seconds + 1)), body)
    for nonsense in ("", "t=,v1=", "v1=abc", f"t={seconds}", "t=ä,v1=ä", f"t={seconds},v1=ä", signature[:-1]):
        assert not is_genuine(secret, nonsense, body)


@pytest.mark.parametrize("days", [-1, 1])
def test_an_old_one_or_one_of_the_future_is_refused(is_genuine, got, days: int):
    secret, request = got
    seconds = int(request.headers["CodeZest-Signature"][2:].partition(",")[0])
    with time_machine.travel(seconds + days * 86400, tick=False):
        assert not is_genuine(secret, request.headers["CodeZest-Signature"], request.body)
