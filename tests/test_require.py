"""``CODEZEST_REQUIRE`` turns the skip of a named capability into a failure, and nothing else."""

import pytest

pytest_plugins = ["pytester"]

TESTS = """
import pytest

@pytest.fixture
def postgres_url():
    pytest.skip("no server")

@pytest.mark.redis
def test_by_marker():
    pytest.skip("no redis")

def test_by_fixture(postgres_url):
    pass

def test_for_another_reason():
    pytest.skip("not today")

@pytest.mark.redis
@pytest.mark.xfail(reason="known")
def test_known():
    assert False

@pytest.mark.redis
def test_runs():
    pass

@pytest.mark.docker
@pytest.mark.runsc
def test_of_a_runtime():
    pytest.skip("the engine offers no runtime runsc")
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    """Runs `TESTS` with a value of the variable."""
    pytester.makepyfile(TESTS)
    pytester.makeini("[pytest]\nmarkers =\n  redis: needs it\n  docker: too\n  runsc: too")

    def run(value: str) -> pytest.RunResult:
        monkeypatch.setenv("CODEZEST_REQUIRE", value)
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        return pytester.runpytest_inprocess("-p", "tests.require", "-p", "no:cacheprovider")

    return run


def test_without_it_a_skip_is_a_skip(run):
    run("").assert_outcomes(passed=1, skipped=4, xfailed=1)


def test_a_required_capability_by_marker(run):
    result = run("redis")
    result.assert_outcomes(passed=1, skipped=3, failed=1, xfailed=1)
    result.stdout.fnmatch_lines(["*CODEZEST_REQUIRE names redis, but:*no redis*"])


def test_a_required_capability_by_fixture(run):
    run("postgres, redis").assert_outcomes(passed=1, skipped=2, failed=1, errors=1, xfailed=1)


def test_a_typing_error_requires_nothing_and_is_refused(run):
    result = run("postgress")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*unknown*postgress*"])


def test_a_runtime_is_required_by_its_own_name_and_not_with_the_engine(run):
    run("docker").assert_outcomes(passed=1, skipped=4, xfailed=1)
    result = run("docker,runsc")
    result.assert_outcomes(passed=1, skipped=3, failed=1, xfailed=1)
    result.stdout.fnmatch_lines(["*CODEZEST_REQUIRE names runsc, but:*no runtime*"])
