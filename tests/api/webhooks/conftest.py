"""Fixtures of the webhooks: certificates, a receiver, and the small world on both databases."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.api.learning.conftest import served, store, world  # noqa: F401  fixtures live by their name
from tests.api.webhooks.receiver import Behaviour, Receiver, make_certificate, tls_with

HOST = "hooks.example.com"


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority (``ca.crt``), what it signed (``good``, ``other``, ``address``), and ``selfmade``."""
    folder = tmp_path_factory.mktemp("certificates")
    make_certificate(folder, "ca", "")
    make_certificate(folder, "good", HOST, "ca")
    make_certificate(folder, "other", "elsewhere.example.com", "ca")
    make_certificate(folder, "address", "127.0.0.1", "ca")
    make_certificate(folder, "selfmade", HOST)
    return folder


@pytest.fixture
def ca(certificates: Path) -> Path:
    """The authority's certificate."""
    return certificates / "ca.crt"


@pytest.fixture
def receive(certificates: Path) -> Iterator[Callable[..., Receiver]]:
    """Starts receivers, by HTTPS with the certificate of that name, or with None by plain HTTP."""
    started: list[Receiver] = []

    def start(behaviour: Behaviour | None = None, certificate: str | None = "good") -> Receiver:
        tls = tls_with(certificates / f"{certificate}.pem") if certificate else None
        started.append(Receiver(tls, behaviour))
        return started[-1]

    yield start
    for receiver in started:
        receiver.close()
