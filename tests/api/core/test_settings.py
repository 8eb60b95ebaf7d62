"""Passwords from files, and how they come into addresses."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.connection import parse_url
from sqlalchemy import make_url

from api.core.settings import Settings, get_settings

HOSTILE = "p@ss/w:rd?#% ü"


@pytest.fixture
def secrets(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of secrets that the process's settings are read from."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    monkeypatch.setenv("CODEZEST_SECRETS_DIR", str(folder))
    monkeypatch.chdir(tmp_path)
    get_settings.cache_clear()
    yield folder
    get_settings.cache_clear()


@pytest.mark.parametrize(
    ("url", "user"),
    [
        ("postgresql+psycopg://codezest_api@db:5432/codezest?sslmode=require", "codezest_api"),
        ("postgresql+psycopg://codezest_api@/codezest?host=/run/socket", "codezest_api"),
    ],
)
def test_the_password_comes_into_a_database_url_whatever_its_characters(
    settings: Settings, url: str, user: str
):
    given = settings.model_copy(update={"database_url": url, "database_password": secret(HOSTILE)})
    found = make_url(given.database_address or "")
    assert (found.username, found.password) == (user, HOSTILE)
    assert found._replace(password=None) == make_url(url)


@pytest.mark.parametrize(
    "url", ["redis://api@redis:6379/1", "redis://redis:6379/1", "unix://api@/run/r.sock?db=1"]
)
def test_the_password_comes_into_a_redis_url(settings: Settings, url: str):
    given = settings.model_copy(update={"redis_url": url, "redis_password": secret(HOSTILE)})
    found = parse_url(given.redis_address or "")
    assert found.pop("password") == HOSTILE
    expected = parse_url(url)
    expected.pop("password", None)
    assert {name: value for name, value in found.items() if value} == expected


def test_a_password_in_the_url_goes_first(settings: Settings):
    url = "postgresql+psycopg://me:own@db/codezest"
    given = settings.model_copy(update={"database_url": url, "database_password": secret("other")})
    assert given.database_address == url


def test_without_a_url_a_password_means_nothing(settings: Settings):
    given = settings.model_copy(update={"database_password": secret("x"), "redis_password": secret("x")})
    assert (given.database_address, given.redis_address) == (None, None)


def test_secrets_are_read_from_files_below_the_environment(secrets: Path, monkeypatch: pytest.MonkeyPatch):
    (secrets / "codezest_database_password").write_text("from a file\n")
    (secrets / "codezest_redis_password").write_text("from a file\n")
    monkeypatch.setenv("CODEZEST_REDIS_PASSWORD", "from the environment")
    settings = get_settings()
    assert settings.database_password is not None
    assert settings.redis_password is not None
    assert settings.database_password.get_secret_value() == "from a file"
    assert settings.redis_password.get_secret_value() == "from the environment"
    assert "from a file" not in repr(settings)
    assert "from the environment" not in repr(settings)


def test_a_folder_of_secrets_that_is_not_there_is_no_fault(secrets: Path):
    secrets.rmdir()
    assert get_settings().database_password is None


def secret(text: str) -> object:
    """A password as a setting holds it."""
    return Settings(_env_file=None, database_password=text).database_password  # type: ignore[call-arg]
