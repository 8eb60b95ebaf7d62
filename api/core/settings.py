"""The one door to the environment: every setting, its unit, its default. `.env.example` lists them for
people.
"""

import os
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read from ``CODEZEST_*`` variables and, below them, a ``.env`` file in the working directory.

    Where nothing is set, everything is embedded: SQLite and a Valkey server under ``data_dir``, Docker if an
    engine answers and local boxes if none does.
    """

    model_config = SettingsConfigDict(env_prefix="CODEZEST_", env_file=".env", extra="ignore", frozen=True)

    data_dir: Path = Field(
        Path(".codezest"), description="where the embedded database and queue keep their files"
    )
    database_url: str | None = Field(None, description="SQLAlchemy URL; none: SQLite in data_dir")
    redis_url: str | None = Field(
        None, description="redis://, rediss:// or unix://; none: embedded server in data_dir"
    )

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    public_url: str = Field(
        "http://127.0.0.1:8000", description="origin of absolute links; never taken from a header"
    )
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    session_days: int = Field(14, ge=1, le=365, description="days a token stays valid")
    max_body_bytes: int = Field(64 * 1024 * 1024, ge=1024, description="largest body of any request (suites)")
    max_source_bytes: int = Field(
        64 * 1024, ge=1, description="largest source of one submission, all files together"
    )
    max_source_files: int = Field(20, ge=1)
    trusted_proxies: list[str] = Field([], description="addresses whose X-Forwarded-For is believed")
    login_attempts: int = Field(10, ge=1, description="failed logins per account or address in 15 minutes")

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


@cache
def get_settings() -> Settings:
    """The process's settings, read once."""
    return Settings()  # pyright: ignore[reportCallIssue]


def export(**values: object) -> None:
    """Hands settings on to this process and those it will start: ``export(redis_url=...)``. They go before what
    the environment said until now."""
    os.environ.update({f"CODEZEST_{name.upper()}": str(value) for name, value in values.items()})
    get_settings.cache_clear()
