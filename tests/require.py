"""``CODEZEST_REQUIRE=docker,postgres``: a test that needs one of these and is skipped has failed.

Without it a machine without the service passes by skipping, and so would a machine whose service is broken.
A test needs a capability if it has the marker of that name or a fixture that begins with it
(``postgres_url``).
"""

import os
from collections.abc import Generator

import pytest

#: Runtimes that an engine may offer. A test of one is required by its name alone: ``docker`` is no promise of it.
RUNTIMES = ("runsc", "crun")
CAPABILITIES = ("docker", "postgres", "redis", "boxes", *RUNTIMES)


def required() -> set[str]:
    """The capabilities that must not be skipped."""
    return {name.strip() for name in os.environ.get("CODEZEST_REQUIRE", "").split(",")} - {""}


def pytest_configure(config: pytest.Config) -> None:
    """Refuses a name that is none of ours: a typing error must not quietly require nothing."""
    if unknown := required() - set(CAPABILITIES):
        raise pytest.UsageError(f"CODEZEST_REQUIRE: unknown {sorted(unknown)}; known are {CAPABILITIES}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turns the skip of a required capability into a failure."""
    report = yield
    missing = sorted(name for name in required() if _needs(item, name))
    if report.skipped and missing and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"CODEZEST_REQUIRE names {', '.join(missing)}, but: {reason}"
    return report


def _needs(item: pytest.Item, name: str) -> bool:
    if name == "docker" and any(item.get_closest_marker(runtime) for runtime in RUNTIMES):
        return False
    fixtures = getattr(item, "fixturenames", ())
    return item.get_closest_marker(name) is not None or any(f.startswith(f"{name}_") for f in fixtures)
