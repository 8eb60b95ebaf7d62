"""`codezest demo`: the whole way, from a POST to a verdict, for every shipped example.

An installation is made in a temporary folder, with services of its own whatever is configured, and is gone
afterwards. A learner registers over HTTP, enrolls, sends every example in every language this machine can run, and
polls as any client would.
"""

import secrets
import signal
import socket
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import httpx2

from api.core import log
from api.core.errors import Unavailable
from api.core.settings import Settings, get_settings
from cli.examples import Example, find_examples
from cli.grading import coloured
from cli.installation import SHIPPED, await_api, for_one_account, prepared, supervisor
from cli.output import FAILED, CommandFailed, print_json, print_table, progress, say
from cli.processes import Supervisor
from grader.open_sandbox import open_sandbox
from grader.slots import take_slot

_POLL_SECONDS = 0.1
_PATIENCE_SECONDS = 600.0
_LOG_TAIL = 30


class Result(NamedTuple):
    """What one example came to; ``seconds`` from claim to grade, as the API tells."""

    example: Example
    status: str
    reason: str | None
    score: int | None
    max_score: int
    seconds: float
    isolation: str

    @property
    def as_expected(self) -> bool:
        """Whether the status is the one the example is named after; passing takes all points too."""
        points = self.status != "PASSED" or self.score == self.max_score
        return self.status == self.example.expected and points


def demo(languages: Collection[str], *, as_json: bool) -> None:
    """Grades every shipped example, prints a table, and leaves nothing behind.

    Raises:
        CommandFailed: an example came to something else than its name says.
        Unavailable: the installation did not start, or did not finish in ten minutes.
        SandboxUnavailable: this machine can run no program in a sandbox.
    """
    signal.signal(signal.SIGTERM, _end)
    with tempfile.TemporaryDirectory(prefix="codezest-demo-") as folder:
        settings = _settings(Path(folder))
        log.configure(settings)
        examples = find_examples(SHIPPED, _runnable(settings, languages))
        with (
            _installation(settings, Path(folder), languages) as running,
            httpx2.Client(base_url=_base_url(settings), timeout=30.0) as http,
        ):
            results = Learner(http, running).grade(examples)
    _report(results, as_json)
    wrong = [result for result in results if not result.as_expected]
    if wrong or not results:
        raise CommandFailed(f"{len(wrong)} of {len(results)} examples came to something unexpected")
    say(
        f"all {len(results)} examples came to what they should, in {'/'.join(_isolations(results))} sandboxes"
    )


def _end(*_: object) -> NoReturn:
    raise SystemExit(FAILED)  # by the way of every `finally`: nothing must be left behind


def _isolations(results: Collection[Result]) -> list[str]:
    return sorted({result.isolation for result in results})


def _settings(folder: Path) -> Settings:
    with socket.socket() as probe:  # a port that is free now; the server takes it a moment later
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {"data_dir": folder, "database_url": None, "redis_url": None, "host": "127.0.0.1", "port": port}
    settings = get_settings()
    return settings.model_copy(update={**own, **for_one_account(settings.worker_slots)})


def _runnable(settings: Settings, chosen: Collection[str]) -> Collection[str]:
    with take_slot() as slot:
        sandbox = open_sandbox(settings, slot, frozenset(chosen) or None)
        try:
            return set(sandbox.languages())
        finally:
            sandbox.close()


@contextmanager
def _installation(settings: Settings, folder: Path, languages: Collection[str]) -> Iterator[Supervisor]:
    with (folder / "processes.log").open("wb") as output, prepared(settings, publish=True):
        running = supervisor(settings.worker_slots, languages, output)
        say(f"starting an installation with {settings.worker_slots} graders in {folder}")
        running.start()
        try:
            await_api(_base_url(settings), running)
            yield running
        except Exception:
            for line in (folder / "processes.log").read_text(errors="replace").splitlines()[-_LOG_TAIL:]:
                say(line)
            raise
        finally:
            running.stop()


def _base_url(settings: Settings) -> str:
    return f"http://{settings.host}:{settings.port}/api/v1"


class Learner:
    """A client of the API like any other."""

    def __init__(self, http: httpx2.Client, running: Supervisor) -> None:
        self._http, self._running = http, running
        account = {"email": f"{secrets.token_hex(4)}@example.com", "password": secrets.token_urlsafe(18)}
        token = self._post("/auth/register", {**account, "name": "Demo Learner"})["token"]
        self._http.headers["Authorization"] = f"Bearer {token}"

    def grade(self, examples: Collection[Example]) -> list[Result]:
        """Sends all examples, and gives what each came to, in their order."""
        for course in dict.fromkeys(example.course for example in examples):
            self._post(f"/languages/{course}/enrollment", {})
        ids = {slug: self._assignment_id(slug) for slug in {example.assignment for example in examples}}
        with progress("grading", len(examples)) as bar:
            sent = [(example, self._submit(ids[example.assignment], example)) for example in examples]
            results = []
            for example, submission in sent:
                results.append(self._result(example, submission))
                bar.advance(bar.task_ids[0])
        return results

    def _assignment_id(self, slug: str) -> str:
        return self._get("/assignments", slug=slug)["items"][0]["id"]

    def _submit(self, assignment_id: str, example: Example) -> str:
        body = {"language": example.language, "code": example.path.read_text()}
        return self._post(f"/assignments/{assignment_id}/submissions", body)["id"]

    def _result(self, example: Example, submission_id: str) -> Result:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            found = self._get(f"/submissions/{submission_id}")
            if found["status"] not in ("PENDING", "RUNNING"):
                return Result(
                    example,
                    found["status"],
                    found["reason"],
                    found["score"],
                    found["maxScore"],
                    _seconds(found["run"]),
                    (found["run"] or {}).get("isolation") or "no",
                )
            for child in self._running.children:
                if child.ended() is not None:
                    raise Unavailable(f"{child.name} ended with exit code {child.ended()}")
            if time.monotonic() > deadline:
                raise Unavailable(f"{example.path.name} of {example.assignment} was not graded in time")
            self._running.wait(_POLL_SECONDS)

    def _get(self, path: str, **query: str) -> Any:
        return self._answer(self._http.get(path, params=query))

    def _post(self, path: str, body: dict[str, str]) -> Any:
        while (answer := self._http.post(path, json=body)).status_code == 429:
            self._running.wait(float(answer.headers.get("Retry-After", "1")))
        return self._answer(answer)

    def _answer(self, answer: httpx2.Response) -> Any:
        if answer.is_error:
            raise CommandFailed(f"{answer.request.method} {answer.request.url.path}: {answer.text}")
        return answer.json()


def _seconds(run: dict[str, str] | None) -> float:
    from_, to = (run or {}).get("startedAt"), (run or {}).get("finishedAt")
    return (
        0.0
        if not from_ or not to
        else (datetime.fromisoformat(to) - datetime.fromisoformat(from_)).total_seconds()
    )


def _report(results: Collection[Result], as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {
                    "assignment": result.example.assignment,
                    "language": result.example.language,
                    "example": result.example.path.name,
                    "expected": result.example.expected,
                    "got": result.status,
                    "reason": result.reason,
                    "score": result.score,
                    "seconds": result.seconds,
                    "isolation": result.isolation,
                }
                for result in results
            ]
        )
        return
    print_table(
        "shipped examples, graded over HTTP",
        ("assignment", "language", "example", "expected", "got", "reason", "score", "ms", ""),
        (
            (
                result.example.assignment,
                result.example.language,
                result.example.path.stem,
                coloured(result.example.expected),
                coloured(result.status),
                result.reason or "",
                f"{result.score}/{result.max_score}",
                round(result.seconds * 1000),
                "" if result.as_expected else "unexpected",
            )
            for result in results
        ),
    )
