"""The one door to the environment: every setting, its unit, its default. `.env.example` lists them for
people.
"""

import os
import re
from functools import cache
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

#: Where containers find their secrets; ``CODEZEST_SECRETS_DIR`` names another folder.
SECRETS_DIR = "/run/secrets"


class Settings(BaseSettings):
    """Read from ``CODEZEST_*`` variables; below them, a ``.env`` file in the working directory; below that, files of
    the same names in small letters in a folder of secrets (``/run/secrets/codezest_database_password``).

    Where nothing is set, everything is embedded: SQLite and a Valkey server under ``data_dir``, Docker if an
    engine answers and local boxes if none does.
    """

    model_config = SettingsConfigDict(
        env_prefix="CODEZEST_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    data_dir: Path = Field(
        Path(".codezest"), description="where the embedded database and queue keep their files"
    )
    database_url: str | None = Field(None, description="SQLAlchemy URL; none: SQLite in data_dir")
    redis_url: str | None = Field(
        None, description="redis://, rediss:// or unix://; none: embedded server in data_dir"
    )
    database_password: SecretStr | None = Field(
        None, description="put into database_url where that has none; any characters"
    )
    redis_password: SecretStr | None = Field(None, description="put into redis_url where that has none")
    database_api_password: SecretStr | None = Field(
        None,
        description="what `codezest db roles` gives to the role codezest_api; none: it keeps what it has",
    )
    database_grader_password: SecretStr | None = Field(None, description="the same for codezest_grader")

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    public_url: str = Field(
        "http://127.0.0.1:8000", description="origin of absolute links; never taken from a header"
    )
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="where `up`, `worker` and `sweep` tell Prometheus about themselves; none: nowhere",
    )
    metrics_host: str = Field("127.0.0.1", description="address that metrics_port is opened at")

    session_days: int = Field(14, ge=1, le=365, description="days a token stays valid")
    max_body_bytes: int = Field(64 * 1024 * 1024, ge=1024, description="largest body of any request (suites)")
    max_source_bytes: int = Field(
        64 * 1024, ge=1, description="largest source of one submission, all files together"
    )
    max_source_files: int = Field(20, ge=1)
    trusted_proxies: list[str] = Field([], description="addresses whose X-Forwarded-For is believed")
    login_attempts: int = Field(10, ge=1, description="failed logins per account or address in 15 minutes")

    smtp_url: SecretStr | None = Field(
        None,
        description="smtp://user:password@host:port or smtps://...; none: mails are files in data_dir/mails",
    )
    mail_from: str = Field("CodeZest <no-reply@localhost>", description="the sender of mails")
    submissions_per_minute: int = Field(
        120, ge=0, description="of one account that is no ADMIN; beyond: 429. 0: no limit"
    )
    max_open_submissions: int = Field(
        100, ge=0, description="not yet graded, of one account that is no ADMIN; beyond: 429. 0: no limit"
    )
    max_queued: int = Field(
        20_000, ge=1, description="live runs that may wait; beyond, submitting answers 503"
    )
    min_free_mib: int = Field(
        256, ge=0, description="disk that submitting leaves free, where the database is embedded; below: 503"
    )
    max_watchers: int = Field(1000, ge=1, description="streams of events that one API process serves at once")
    max_watchers_per_user: int = Field(10, ge=1, description="the same, of one account")

    sandbox: Literal["auto", "docker", "local"] = "auto"
    docker_host: str | None = Field(None, description="engine address; none: what the Docker SDK finds")
    docker_runtime: str | None = Field(
        None,
        description="container runtime by name (runc, runsc, crun); none: the engine's, or see isolation",
    )
    isolation: Literal["auto", "boxed", "single-use"] = Field(
        "auto",
        description="boxed: warm containers; single-use: a container serves one submission; auto: boxed, in the "
        "strongest runtime whose walls hold",
    )
    lanes: int = Field(
        2, ge=1, le=16, description="cores that one submission may use at once, while they are free"
    )
    max_containers: int = Field(16, ge=1, description="containers that one worker may have at once")
    compile_cache_mib: int = Field(
        256, ge=0, description="disk for what compilers have made, in data_dir; 0: nothing is kept"
    )
    image_prefix: str = Field("codezest", description="sandbox images are <prefix>/<language>")
    max_cpu_ms: int = Field(60_000, ge=1, description="cap of a case's processor time, factors included")
    max_wall_ms: int = Field(120_000, ge=1)
    max_memory_mib: int = Field(1024, ge=16)
    max_output_kib: int = Field(1024, ge=1)
    max_processes: int = Field(128, ge=1)
    max_submission_wall_s: int = Field(300, ge=1, description="wall time of all cases of one run together")

    lease_seconds: int = Field(
        15, ge=3, description="a run whose worker is silent this long is given to another"
    )
    max_attempts: int = Field(3, ge=1, description="attempts before the platform gives up on a run")
    worker_slots: int = Field(2, ge=1, description="grader processes that `codezest up` starts")
    max_runs_per_user: int = Field(
        1,
        ge=1,
        description="live runs of one account at work at once; as many as slots, and one account can hold all",
    )
    regrade_slots: int | None = Field(
        None,
        ge=1,
        description="a re-grade begins only while fewer runs than this are at work, on all graders together: "
        "all slots but those kept free for learners; none: one less than worker_slots, at least 1",
    )

    webhooks_per_owner: int = Field(5, ge=0, le=100, description="webhooks of one account or one assignment")
    webhook_timeout_s: int = Field(10, ge=1, le=30, description="for a whole request to a webhook")
    webhook_disable_days: int = Field(
        7, ge=1, description="a webhook at which every try failed this long is switched off"
    )
    webhook_log_days: int = Field(30, ge=4, description="days that deliveries and their tries are kept")
    webhook_secret_key: SecretStr | None = Field(
        None,
        min_length=32,
        description="at least 32 random characters; secrets of webhooks are made from it and not stored; none: "
        "they are stored",
    )
    webhook_ca_file: Path | None = Field(
        None,
        description="PEM file of authorities that webhooks may have certificates of, beside the system's",
    )
    webhook_insecure_hosts: list[str] = Field(
        [],
        description="for development: host or host:port that webhooks may reach at any address, and without TLS",
    )

    @property
    def database_address(self) -> str | None:
        """``database_url`` with its password in it; None: SQLite in ``data_dir``."""
        return _with_password(self.database_url, self.database_password)

    @property
    def redis_address(self) -> str | None:
        """``redis_url`` with its password in it; None: the embedded server."""
        return _with_password(self.redis_url, self.redis_password)


_METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the library's own name for it; see metrics.py


@cache
def get_settings() -> Settings:
    """The process's settings, read once."""
    folder = Path(os.environ.get("CODEZEST_SECRETS_DIR", SECRETS_DIR))
    secrets = folder if folder.is_dir() else None  # a folder that is not there would be warned of
    return Settings(_secrets_dir=secrets)  # pyright: ignore[reportCallIssue]


def export(**values: object) -> None:
    """Hands settings on to this process and those it will start: ``export(redis_url=...)``. They go before what
    the environment said until now."""
    os.environ.update({f"CODEZEST_{name.upper()}": str(value) for name, value in values.items()})
    get_settings.cache_clear()


def metrics_folder() -> Path | None:
    """The folder in which this process and others of this host are to keep their metrics; None: each for itself."""
    named = os.environ.get(_METRICS_FOLDER)
    return Path(named) if named else None


def export_metrics_folder(folder: Path) -> None:
    """Hands a folder for metrics on to this process and those it will start."""
    os.environ[_METRICS_FOLDER] = str(folder)


def _with_password(url: str | None, password: SecretStr | None) -> str | None:
    """A URL with the password in it, escaped. One that names a password already keeps that."""
    parts = re.fullmatch(r"([a-z+0-9]+://)([^/?]*)(.*)", url or "", re.DOTALL)
    if parts is None or password is None:
        return url
    scheme, authority, rest = parts.groups()
    user, _, host = authority.rpartition("@")
    if ":" in user:
        return url
    return f"{scheme}{user}:{quote(password.get_secret_value(), safe='')}@{host}{rest}"
