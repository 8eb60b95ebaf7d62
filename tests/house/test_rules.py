"""R1 to R11 hold over the whole tree, and each rule catches an offence planted for it."""

import pytest

from .rules import RULES
from .tree import Module, modules

LONG = "def long():\n" + "    x = 1\n" * 60

#: rule, module, source: each must be caught by that rule alone being asked.
PLANTED = [
    ("R1", "sandboxes.runner", "import msgspec"),
    ("R1", "sandboxes.runner", "from api.core import ids"),
    ("R2", "api.learning.submissions.service", "from grader import jobs"),
    ("R2", "api.core.queue", "import docker"),
    ("R2", "api.app", "from cli import doctor"),
    ("R3", "api.auth.service", "from litestar import get"),
    ("R3", "api.learning.submissions.queries", "from api.http.paging import Page"),
    ("R3", "grader.jobs", "import litestar"),
    ("R4", "api.auth.service", "from api.learning.curriculum import queries"),
    ("R4", "api.core.queue", "from api.auth.models import User"),
    ("R4", "api.learning.quizzes.service", "from api.learning.submissions import service"),
    ("R4", "api.webhooks.service", "from api.learning.submissions.models import AssignmentSubmission"),
    ("R4", "api.learning.progress.service", "from api.webhooks import service"),
    ("R4", "api.learning.submissions.claims", "from api.learning.regrades.models import RegradeSet"),
    ("R4", "api.http.identity", "from api.learning.submissions import queries"),
    ("R5", "api.learning.submissions.service", "from api.learning.curriculum import rules"),
    ("R5", "api.learning.submissions.service", "from api.learning.curriculum.schemas import AssignmentOut"),
    ("R5", "api.learning.submissions.service", "from api.auth.models import User\nUser(email='x')"),
    (
        "R5",
        "api.learning.submissions.service",
        "from sqlalchemy import update\nfrom api.learning.progress.models import Seen\nupdate(Seen)",
    ),
    ("R5", "cli.users", "from api.auth.models import User\nUser(email='x', role='ADMIN')"),
    ("R6", "grader.score", "import time"),
    ("R6", "grader.checkers", "from pathlib import Path"),
    ("R6", "grader.checkers.exact", "import os"),
    ("R6", "api.learning.curriculum.suite", "from sqlalchemy import select"),
    ("R6", "api.learning.quizzes.rules", "def f():\n    return open('x')"),
    ("R7", "api.auth.service", "import os\nos.environ['X']"),
    ("R7", "api.auth.service", "from os import getenv"),
    ("R7", "grader.jobs", "import datetime\ndatetime.datetime.now()"),
    ("R7", "api.auth.service", "def f(session):\n    session.commit()"),
    ("R7", "api.learning.submissions.service", "from rq import Queue"),
    ("R7", "grader.local_sandbox", "import docker"),
    ("R7", "grader.pipeline", "import subprocess"),
    ("R7", "api.webhooks.service", "from http.client import HTTPSConnection"),
    ("R7", "api.auth.service", "import httpx2"),
    ("R7", "cli.demo", "import os\nos.system('true')"),
    ("R7", "grader.meters", "from prometheus_client import Counter"),
    ("R8", "grader.jobs", "from api.learning.submissions import queries"),
    ("R8", "grader.jobs", "from api.learning.curriculum import service"),
    ("R9", "grader.jobs", "def f():\n    import json"),
    ("R9", "api.app", "import codezest"),
    ("R9", "grader.worker", "from tests.factories import user"),
    ("R9", "grader.worker", "from cli import output"),
    (
        "R10",
        "api.auth.routes",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from uuid import UUID",
    ),
    ("R11", "api.core.big", "x = 1\n" * 401),
    ("R11", "api.core.long", LONG),
]


@pytest.mark.parametrize("number", RULES)
def test_rule_holds_over_the_tree(number: str):
    assert list(RULES[number](modules())) == []


@pytest.mark.parametrize(("number", "name", "source"), PLANTED)
def test_planted_offence_is_caught(number: str, name: str, source: str):
    assert list(RULES[number]([Module(name, source)])), f"{number} let it pass"


def test_every_rule_has_a_planted_offence():
    assert {number for number, _, _ in PLANTED} == set(RULES) == {f"R{n}" for n in range(1, 12)}


def test_impurity_by_way_of_another_module_is_caught():
    pure = Module("grader.pipeline", "from grader import helper")
    helper = Module("grader.helper", "import socket")
    assert any("by way of grader.helper" in line for line in RULES["R6"]([pure, helper]))


ALLOWED = [
    ("R1", "sandboxes.runner", "import os\nfrom sandboxes.protocol import Limits"),
    ("R4", "api.http.identity", "from api.auth import queries"),
    ("R5", "api.learning.submissions.service", "from api.auth.models import User, Role\nRole('ADMIN')"),
    ("R6", "api.learning.curriculum.suite", "from pathlib import PurePosixPath"),
    ("R7", "sandboxes.box", "import subprocess\nimport time\ntime.monotonic()"),
    ("R7", "api.webhooks.sending", "import socket\nimport ssl\nfrom http.client import HTTPConnection"),
    ("R7", "api.http.problems", "from http import HTTPStatus"),
    ("R8", "grader.pipeline", "from api.learning.curriculum.suite import Suite"),
    ("R9", "codezest", "def f():\n    from cli import doctor"),
    ("R11", "api.core.fine", "x = 1\n" * 400),
]


@pytest.mark.parametrize(("number", "name", "source"), ALLOWED)
def test_what_the_rules_allow(number: str, name: str, source: str):
    assert list(RULES[number]([Module(name, source)])) == []
