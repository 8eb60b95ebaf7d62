"""What the compose files promise, read from them as Compose reads them. They are run for real in tests/e2e."""

import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from api.core.settings import Settings
from tests.compose import GRADER, MAIN, Unset, load

from .tree import ROOT

ENVIRONMENT = {
    "CODEZEST_DATABASE_URL": "postgresql+psycopg://codezest_grader@db/codezest",
    "CODEZEST_REDIS_URL": "rediss://codezest_grader@queue:6379/0",
    "GRADER_NAME": "grader-1",
    "DOCKER_GROUP_ID": "999",
}
FILES = {name: load(name, ENVIRONMENT) for name in (MAIN, GRADER)}
SERVICES = [(name, service) for name, file in FILES.items() for service in file["services"]]
ONCE = {"migrate", "curriculum"}
SOCKET = "/var/run/docker.sock"


def service(file: str, name: str) -> dict[str, Any]:
    return FILES[file]["services"][name]


def mounts(file: str, name: str) -> list[str]:
    return service(file, name).get("volumes", [])


def secrets(file: str, name: str) -> dict[str, str]:
    """What a service is given: the file's name in the container, and the secret it is."""
    given = [{"source": s} if isinstance(s, str) else s for s in service(file, name).get("secrets", [])]
    return {secret.get("target", secret["source"]): secret["source"] for secret in given}


def test_only_graders_reach_the_engine():
    reaching = {
        (file, name) for file, name in SERVICES if any(SOCKET in mount for mount in mounts(file, name))
    }
    assert reaching == {(MAIN, "grader"), (GRADER, "grader")}
    assert service(MAIN, "grader")["profiles"] == ["grader"]  # never by a plain `up`
    for file, name in SERVICES:
        text = yaml.safe_dump(service(file, name))
        assert "privileged: true" not in text
        assert "CODEZEST_DOCKER_HOST" not in text
        if (file, name) not in reaching:
            assert "docker.sock" not in text


def test_the_graders_file_has_no_database_and_no_queue():
    assert set(FILES[GRADER]["services"]) == {"grader"}
    assert set(FILES[GRADER]["secrets"]) == {"database_grader_password", "redis_grader_password"}


def test_every_service_is_given_only_the_passwords_of_its_roles():
    as_api = {"database_api_password", "redis_api_password"}
    as_grader = {"database_grader_password", "redis_grader_password"}
    owner = {"database_owner_password"}
    expected = {
        "postgres": owner,
        "redis": {"redis_api_password", "redis_grader_password"},
        "migrate": owner | {"database_api_password", "database_grader_password"},
        "sweeper": as_grader,
        "grader": as_grader,
    }
    for file, name in SERVICES:
        assert set(secrets(file, name).values()) == expected.get(name, as_api), name
        url = service(file, name).get("environment", {}).get("CODEZEST_DATABASE_URL", "")
        role = (
            "codezest"
            if name == "migrate"
            else "codezest_grader"
            if as_grader == expected.get(name)
            else None
        )
        assert name in ("postgres", "redis") or url.split("//")[1].split("@")[0] == (role or "codezest_api")


def test_no_password_stands_in_a_file_or_an_environment():
    for name in FILES:
        text = (ROOT / name).read_text()
        assert re.findall(r"\$\{?\w*PASSWORD", text) == []
        assert re.findall(r"://[^@/\s]*:[^@/\s]+@", text) == []
    for file, name in SERVICES:
        variables = service(file, name).get("environment", {})
        assert [key for key in variables if "PASSWORD" in key and not key.endswith("_FILE")] == []
    assert "/secrets/" in (ROOT / ".gitignore").read_text().splitlines()


def test_every_secret_is_declared_as_a_file_and_means_something():
    for file, content in FILES.items():
        named = {source for _, name in SERVICES if _ == file for source in secrets(file, name).values()}
        assert named == set(content["secrets"])
        assert {secret["file"] for secret in content["secrets"].values()} == {f"./secrets/{n}" for n in named}
    for file, name in SERVICES:
        if name not in ("postgres", "redis"):
            fields = {target.removeprefix("codezest_") for target in secrets(file, name)}
            assert fields <= set(Settings.model_fields)


def test_compose_sets_only_settings_that_exist():
    text = "".join((ROOT / name).read_text() for name in (MAIN, GRADER, "Dockerfile"))
    named = {name.lower() for name in re.findall(r"CODEZEST_([A-Z_]+)", text)}
    assert named <= set(Settings.model_fields)


@pytest.mark.parametrize(("file", "name"), SERVICES)
def test_every_service_is_walled_in(file: str, name: str):
    told = service(file, name)
    assert told["read_only"] is True
    assert told["cap_drop"] == ["ALL"]
    assert told["security_opt"] == ["no-new-privileges:true"]
    assert "cap_add" not in told
    limits = told["deploy"]["resources"]["limits"]
    assert set(limits) == {"cpus", "memory", "pids"}


@pytest.mark.parametrize(("file", "name"), SERVICES)
def test_every_service_says_how_it_starts_stops_and_how_it_is(file: str, name: str):
    told = service(file, name)
    assert told["restart"] == ("no" if name in ONCE else "unless-stopped")
    assert "stop_grace_period" in told
    assert ("healthcheck" in told) == (name not in ONCE)


def test_graders_have_time_to_finish_or_to_hand_back():
    for file in FILES:
        assert int(service(file, "grader")["stop_grace_period"].removesuffix("s")) > 30


def test_only_the_api_is_to_be_reached_and_only_from_this_host():
    published = {name: told["ports"] for name, told in FILES[MAIN]["services"].items() if "ports" in told}
    assert published == {"api": ["127.0.0.1:8000:8000"]}
    assert FILES[MAIN]["networks"]["inside"] == {"internal": True}
    for _, name in SERVICES[:-1]:
        goes_out = name in ("api", "deliverer")
        assert service(MAIN, name)["networks"] == (["inside", "outside"] if goes_out else ["inside"])
    assert "ports" not in service(GRADER, "grader")


def test_nothing_starts_before_the_database_is_migrated():
    for name in set(FILES[MAIN]["services"]) - {"postgres", "redis", "migrate"}:
        needs = service(MAIN, name)["depends_on"]
        assert needs["migrate"] == {"condition": "service_completed_successfully"}
    assert service(MAIN, "migrate")["depends_on"]["postgres"] == {"condition": "service_healthy"}


@pytest.mark.parametrize(
    "missing", ["CODEZEST_DATABASE_URL", "CODEZEST_REDIS_URL", "GRADER_NAME", "DOCKER_GROUP_ID"]
)
def test_a_grader_host_that_is_not_set_up_says_what_is_missing(missing: str):
    with pytest.raises(Unset, match=missing):
        load(GRADER, {name: value for name, value in ENVIRONMENT.items() if name != missing})


def test_both_files_start_the_same_grader():
    ours, theirs = service(MAIN, "grader"), service(GRADER, "grader")
    same = set(theirs) - {"environment", "volumes", "group_add", "hostname"}
    assert {key: ours[key] for key in same} == {key: theirs[key] for key in same}
    assert set(theirs["environment"]) == set(ours["environment"]) - {"CODEZEST_PUBLIC_URL"}


@pytest.mark.parametrize("file", FILES)
def test_docker_compose_takes_the_file(file: str):
    docker = shutil.which("docker")
    plugin = docker and subprocess.run([docker, "compose", "version"], capture_output=True, check=False)
    if not plugin or plugin.returncode:
        pytest.skip("no `docker compose` on this machine")
    command = [docker, "compose", "-f", file, "--profile", "grader", "config", "-q"]
    done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_data_folder_in_memory_belongs_to_the_images_user():
    # Over a folder of the image the engine takes that folder's mode and root for its owner, unless it is told both.
    [user] = re.findall(r"useradd .*--uid (\d+)", (ROOT / "Dockerfile").read_text())
    for name in ("api", "sweeper", "deliverer", "migrate", "curriculum"):
        assert f"/var/lib/codezest/data:size=16m,mode=0700,uid={user}" in service(MAIN, name)["tmpfs"]
    for file in FILES:
        assert any(mount.endswith(":/var/lib/codezest/data") for mount in mounts(file, "grader"))
