"""The embedded server: shared, adopted, stopped by its last user, and never two of them on one folder."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from api.core import embedded
from api.core.database import Database
from api.core.embedded import EmbeddedServer
from api.core.errors import Unavailable
from api.core.queue import Bell, connect
from api.core.settings import Settings

#: Holds the server of argv[1], says its process id, and releases it when its standard input ends.
USER = """
import sys
from pathlib import Path
from api.core.embedded import EmbeddedServer
from api.core.queue import connect
server = EmbeddedServer(Path(sys.argv[1]))
server.hold()
print(connect(server.url).info("server")["process_id"], flush=True)
sys.stdin.read()
server.release()
"""


def server_pid(server: EmbeddedServer) -> int:
    with connect(server.url) as client:
        return int(client.info("server")["process_id"])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(tmp_path)
    server.hold()
    yield server
    server.hold()
    server.release()


class User:
    """Another process that uses the server of a folder."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": os.pathsep.join(sys.path)},
        )

    def server_pid(self) -> int:
        assert self.process.stdout
        return int(self.process.stdout.readline())

    def end(self, with_signal: int | None = None) -> None:
        if with_signal:
            self.process.send_signal(with_signal)
        self.process.communicate()


def test_a_second_server_on_the_same_folder_is_never_started(server: EmbeddedServer):
    # A server that is stopped still owns its files: better no answer than two writers of one log.
    pid = server_pid(server)
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(Unavailable, match="does not answer"):
            EmbeddedServer(server.folder.parent, patience=0.05).hold()
    finally:
        os.kill(pid, signal.SIGCONT)
    assert server_pid(server) == pid


def test_users_that_start_at_once_share_one_server(tmp_path: Path):
    users = [User(tmp_path) for _ in range(4)]
    pids = {user.server_pid() for user in users}
    for user in users:
        user.end()
    assert len(pids) == 1
    assert not EmbeddedServer(tmp_path).runs()


def test_the_last_user_stops_it_and_no_earlier_one(server: EmbeddedServer):
    other = User(server.folder.parent)
    assert other.server_pid() == server_pid(server)
    other.end()
    assert server.answers()
    server.release()
    assert not server.runs()


def test_a_server_left_behind_by_kill_9_is_adopted_and_then_stopped(tmp_path: Path):
    killed = User(tmp_path)
    pid = killed.server_pid()
    killed.end(signal.SIGKILL)
    server = EmbeddedServer(tmp_path)
    assert server.runs()
    server.hold()
    assert server_pid(server) == pid
    server.release()
    assert not server.runs()


def test_bells_survive_the_death_of_the_server(server: EmbeddedServer):
    client = connect(server.url)
    assert Bell(client).ring()
    client.config_set("appendfsync", "always")
    client.set("flushed", 1)
    pid = server_pid(server)
    os.kill(pid, signal.SIGKILL)
    server.hold()
    assert server_pid(server) != pid
    assert Bell(client).waiting() == 1
    client.close()


def test_one_that_hangs_is_not_waited_for_and_one_that_died_is_started_again(
    server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(embedded, "_servers", {server.folder: server})
    waits: list[object] = []
    pid = server_pid(server)
    os.kill(pid, signal.SIGSTOP)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(server, "hold", lambda: waits.append(pid))
            embedded.look_after()
    finally:
        os.kill(pid, signal.SIGCONT)
    assert waits == []
    os.kill(pid, signal.SIGKILL)
    while server.runs():
        pass
    embedded.look_after()
    assert server_pid(server) != pid


def test_a_forked_child_does_not_let_go_of_its_parents_server(server: EmbeddedServer):
    server._pid += 1  # as it looks from a child
    server.release()
    server._pid -= 1
    assert server.answers()


def test_a_path_too_long_for_a_socket_gets_a_short_one_that_all_agree_on(tmp_path: Path):
    deep = tmp_path.joinpath(*["d" * 40] * 4)
    server = EmbeddedServer(deep)
    assert len(os.fsencode(server.socket_path)) <= embedded.MAX_SOCKET_PATH
    assert EmbeddedServer(deep).socket_path == server.socket_path
    server.hold()
    assert connect(server.url).ping()
    server.release()
    server.socket_path.parent.rmdir()


@pytest.mark.parametrize("name", ["a b", "a%20b", "a?b#c", "ä"])
def test_addresses_hold_for_any_name_of_the_folder(tmp_path: Path, name: str):
    settings = Settings(data_dir=tmp_path / name, _env_file=None)
    addresses = embedded.resolve(settings)
    try:
        assert connect(addresses.redis_url).ping()
        database = Database(addresses.database_url)
        with database.transaction() as session:
            session.execute(text("CREATE TABLE t (a)"))
        database.close()
        assert (tmp_path / name / "codezest.sqlite3").exists()
    finally:
        embedded.release()


def test_only_this_user_can_enter_the_folder(server: EmbeddedServer):
    assert server.folder.stat().st_mode & 0o777 == 0o700
    assert server.socket_path.stat().st_mode & 0o777 == 0o700
    server.folder.chmod(0o755)
    EmbeddedServer(server.folder.parent)
    assert server.folder.stat().st_mode & 0o777 == 0o700


def test_a_link_in_place_of_the_folder_is_refused(tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "valkey").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Unavailable, match="somebody else"):
        EmbeddedServer(tmp_path)


def test_a_server_that_cannot_start_says_where_to_look(tmp_path: Path):
    server = EmbeddedServer(tmp_path)
    (server.folder / "appendonlydir").write_text("not a folder")
    with pytest.raises(Unavailable, match=r"ended at once; see .*log"):
        server.hold()
    server.release()
    assert (server.folder / "log").read_text()


def test_what_is_configured_is_not_embedded(tmp_path: Path):
    settings = Settings(
        data_dir=tmp_path / "none",
        database_url="postgresql+psycopg://db/x",
        redis_url="redis://cache:6379/0",
        _env_file=None,
    )
    assert embedded.resolve(settings) == ("postgresql+psycopg://db/x", "redis://cache:6379/0")
    assert not (tmp_path / "none").exists()
