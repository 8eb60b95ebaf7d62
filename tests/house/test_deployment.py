"""The files for operators agree with the code and hold no secrets."""

import re
import tomllib

from api.core.settings import Settings

from .data_model import data_model
from .env_example import env_example
from .tree import ROOT


def test_env_example_lists_the_settings_of_today():
    assert (ROOT / ".env.example").read_text() == env_example(), "run `make env`"


def test_env_example_with_every_mark_taken_away_is_the_default(tmp_path):
    text = re.sub(r"^# (CODEZEST_\w+=.+)$", r"\1", (ROOT / ".env.example").read_text(), flags=re.MULTILINE)
    (tmp_path / ".env").write_text(text)
    assert Settings(_env_file=tmp_path / ".env") == Settings(_env_file=None)


def test_the_page_of_the_data_model_is_of_the_models_of_today():
    assert (ROOT / "docs/data-model.md").read_text() == data_model(), "run `make data-model`"


def test_the_image_gets_every_package_of_the_wheel():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    assert set(included) - {name for names in copied for name in names.split()} == set()


def test_constraints_pin_every_dependency_exactly():
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+", line)] == []
    pinned = {line.partition("==")[0].lower().replace("_", "-") for line in lines}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [
        *project["project"]["dependencies"],
        *(d for g in project["dependency-groups"].values() for d in g),
    ]
    names = {re.match(r"[A-Za-z0-9._-]+", text).group().lower() for text in wanted}
    assert names - pinned == set()
