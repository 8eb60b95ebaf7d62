"""What is submitted, by whom, and what it must come to."""

import random
import secrets
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import httpx2
from sqlalchemy import select

from api.auth.models import Session as UserSession
from api.auth.models import User
from api.auth.tokens import hash_token, new_token
from api.core.actor import UserRole
from api.core.clock import now
from api.core.database import Database
from api.learning.curriculum.models import LanguageEnrollment, Module, ProgrammingLanguage

ASSIGNMENTS = 5
CASES = 2
#: Seconds that each case sleeps: what is submitted must be caught while it runs.
CASE_SECONDS = 0.25

SUITE: dict[str, Any] = {
    "format": 1,
    "kind": "stdio",
    "languages": ["python"],
    "checker": {"kind": "tokens"},
    "groups": [
        {
            "name": "all",
            "visible": True,
            "points": 100,
            "scoring": "each",
            "cases": [
                {"name": "one", "stdin": "1\n", "stdout": "2\n"},
                {"name": "two", "stdin": "7\n", "stdout": "14\n"},
            ],
        }
    ],
}


class Program(NamedTuple):
    """A source and what it must come to: status, reason, score and the number of judged cases."""

    name: str
    source: str
    status: str
    reason: str | None
    score: int
    cases: int


_SLEEP = f"import time\ntime.sleep({CASE_SECONDS})\n"
PROGRAMS = (
    Program("right", _SLEEP + "print(2 * int(input()))\n", "PASSED", None, 100, CASES),
    Program("wrong", _SLEEP + "print(2 * int(input()) + 1)\n", "FAILED", "wrong_answer", 0, CASES),
    Program(
        "half right", _SLEEP + "print(2 if int(input()) == 1 else 0)\n", "FAILED", "wrong_answer", 50, CASES
    ),
    Program("crashing", _SLEEP + "print(1 // 0)\n", "ERROR", "runtime_error", 0, CASES),
    Program("no program", "def broken(:\n", "ERROR", "compile_error", 0, 0),
)
#: As often as each is sent: half of all are right.
_SHARES = (5, 2, 1, 1, 1)


@dataclass
class Sent:
    """One submission: who sends what to which assignment, and what became of it."""

    token: str
    user_id: UUID
    assignment: str
    program: Program
    key: str = field(default_factory=lambda: secrets.token_hex(12))
    id: str | None = None
    seconds: float = 0.0
    tries: int = 0


class Course:
    """A course with a few assignments. Each `class_of` are learners who have submitted nothing yet."""

    def __init__(self, database: Database, base_url: str) -> None:
        self._database, self._base_url = database, base_url
        with database.transaction() as session:
            admin = User(email="admin@example.com", name="admin", role=UserRole.ADMIN)
            session.add(admin)
            session.flush()
            token = _sign_in(session, admin.id)
        slug = f"faults-{secrets.token_hex(4)}"
        with httpx2.Client(base_url=base_url, timeout=60, headers=_bearer(token)) as http:
            _ok(http.post("/languages", json={"name": slug, "slug": slug}))
            made = _ok(
                http.post(f"/languages/{slug}/modules", json={"title": slug, "slug": slug, "order": 1})
            )
            bodies = [
                {
                    "title": name,
                    "slug": name,
                    "description": name,
                    "difficulty": "BEGINNER",
                    "testCases": SUITE,
                }
                for name in (f"{slug}-{number}" for number in range(ASSIGNMENTS))
            ]
            path = f"/modules/{made['id']}/assignments"
            self.assignments = [_ok(http.post(path, json=body))["id"] for body in bodies]
        self.module_id = UUID(made["id"])
        with database.transaction() as session:
            self._language_id = session.scalars(
                select(Module.language_id).where(Module.id == self.module_id)
            ).one()
            assert session.get(ProgrammingLanguage, self._language_id) is not None

    def class_of(self, submissions: int, seed: int) -> list[Sent]:
        """So many submissions, not sent yet, of as many learners as that takes with one for each assignment."""
        chance = random.Random(seed)
        learners = -(-submissions // ASSIGNMENTS)
        tokens = [self._learner() for _ in range(learners)]
        return [
            Sent(*tokens[number // ASSIGNMENTS], self.assignments[number % ASSIGNMENTS], program)
            for number, program in enumerate(chance.choices(PROGRAMS, _SHARES, k=submissions))
        ]

    def _learner(self) -> tuple[str, UUID]:
        with self._database.transaction() as session:
            user = User(email=f"{secrets.token_hex(8)}@example.com", name="learner", role=UserRole.USER)
            session.add(user)
            session.flush()
            session.add(LanguageEnrollment(user_id=user.id, language_id=self._language_id))
            return _sign_in(session, user.id), user.id


class Client:
    """Sends as a patient client does: what is refused for the moment is sent again, with the same key."""

    def __init__(self, base_url: str, patience: float) -> None:
        self._base_url, self._patience = base_url, patience
        self._local = threading.local()

    def send(self, sent: Sent) -> None:
        """Returns when the submission was taken. Raises RuntimeError if it is refused for good or not in time."""
        body = {"code": sent.program.source, "language": "python"}
        headers = {**_bearer(sent.token), "Idempotency-Key": sent.key}
        began = time.monotonic()
        while True:
            sent.tries += 1
            pause = 0.5
            try:
                answer = self._http().post(
                    f"/assignments/{sent.assignment}/submissions", json=body, headers=headers
                )
                if answer.status_code in (200, 202):
                    sent.id, sent.seconds = answer.json()["id"], time.monotonic() - began
                    return
                if answer.status_code < 500 and answer.status_code not in (409, 429):
                    raise RuntimeError(f"refused: {answer.status_code} {answer.text[:300]}")
                pause = float(answer.headers.get("Retry-After", pause))
            except httpx2.HTTPError:
                pass  # down, or struck while it answered
            if time.monotonic() - began > self._patience:
                raise RuntimeError(f"not taken within {self._patience:.0f} s")
            time.sleep(min(pause, 5.0))

    def shown(self, sent: Sent) -> dict[str, Any]:
        """What the learner is shown."""
        return _ok(self._http().get(f"/submissions/{sent.id}", headers=_bearer(sent.token)))

    def is_well(self) -> bool:
        """Whether the API answers, and says that database and queue do."""
        try:
            return self._http().get("/health").status_code == 200
        except httpx2.HTTPError:
            return False

    def _http(self) -> httpx2.Client:
        if not hasattr(self._local, "http"):
            self._local.http = httpx2.Client(base_url=self._base_url, timeout=90)
        return self._local.http


def _sign_in(session: Any, user_id: UUID) -> str:
    token = new_token()
    session.add(UserSession(user_id=user_id, token=hash_token(token), expires_at=now() + timedelta(days=1)))
    session.flush()
    return token


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _ok(answer: httpx2.Response) -> Any:
    if answer.status_code >= 300:
        raise RuntimeError(
            f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:300]}"
        )
    return answer.json()
