"""Writes `.env.example` from the settings: ``python -m tests.house.env_example > .env.example``."""

import json
import sys
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from api.core.settings import Settings

HEAD = """\
# Every setting of CodeZest, with its default. Copy this file to .env and take the mark from what you change; a
# variable of the environment goes before the file. Written by `make env`.
"""

#: What docker-compose.yml asks for and CodeZest itself does not read.
TAIL = """
# --- The compose files only. Passwords are files in ./secrets and stand in none of these.
# the group of /var/run/docker.sock on the host (stat -c %g /var/run/docker.sock), for the grader
# DOCKER_GROUP_ID=
# what the host is called in reports and logs; another for each grader host
# GRADER_NAME=
# languages to grade on this host, with commas between; none: all
# GRADER_LANGUAGES=
"""


def env_example() -> str:
    """The whole file."""
    return HEAD + "".join(_entry(name) for name in Settings.model_fields) + TAIL


def _entry(name: str) -> str:
    field = Settings.model_fields[name]
    notes = [field.description] if field.description else []
    if get_origin(field.annotation) is Literal:
        notes.append("one of " + ", ".join(get_args(field.annotation)))
    note = "".join(f"# {text}\n" for text in notes)
    return f"\n{note}# CODEZEST_{name.upper()}={_written(field.default)}\n"


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return json.dumps(value)
    return str(
        value.value if isinstance(value, Enum) else value.as_posix() if isinstance(value, Path) else value
    )


if __name__ == "__main__":
    sys.stdout.write(env_example())
