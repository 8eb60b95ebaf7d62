"""Where progress gets its facts: one source per kind of item, each added by the slice that owns the kind.

Progress stands left of submissions and quizzes and cannot import them, yet it must be folded over all kinds
at once: who ends a quiz knows nothing of assignments. So each slice adds a function that counts, when it is
imported. A process that has not imported them all must not fold: it would take passed work away. Hence
`EXPECTED`: a missing source is an error of ours, never a zero.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from api.learning.progress.rules import Completion, Tally, completion

EXPECTED = ("materials", "assignments", "quizzes")
"""The kinds of items there are."""


class Facts(NamedTuple):
    """Of one kind of item in one module: how many are done of how many, and whether any was tried."""

    done: int
    total: int
    started: bool


Source = Callable[[Session, Collection[UUID], Collection[UUID]], Mapping[UUID, Mapping[UUID, Facts]]]
"""From learners and module ids to facts by learner and module; a module that is left out has no item of the kind."""

_sources: dict[str, Source] = {}


class ModuleFacts(NamedTuple):
    """Everything about one learner in one module: facts by kind, and what they come to."""

    kinds: dict[str, Facts]
    completion: Completion
    started: bool


def add_source(kind: str, source: Source) -> None:
    """Makes ``source`` the one that counts items of ``kind`` (one of `EXPECTED`)."""
    if kind not in EXPECTED:
        raise ValueError(f"{kind!r} is not a kind of item; add it to EXPECTED first")
    _sources[kind] = source


def facts_of(
    user_ids: Iterable[UUID], totals: Iterable[Any], tried: Iterable[Any]
) -> dict[UUID, dict[UUID, Facts]]:
    """What a source gives, of two counts of its rows.

    ``totals`` are modules, each with how many items of the kind it has; ``tried`` are learners and modules in which
    they have tried one, each with how many of them are done.
    """
    done = {(user_id, module_id): number for user_id, module_id, number in tried}
    there = [(module_id, number) for module_id, number in totals]
    return {
        user_id: {
            module_id: Facts(done.get((user_id, module_id), 0), number, (user_id, module_id) in done)
            for module_id, number in there
        }
        for user_id in user_ids
    }


def gather(session: Session, user_id: UUID, module_ids: Collection[UUID]) -> dict[UUID, ModuleFacts]:
    """The facts of every one of ``module_ids``; see `gather_many`."""
    return gather_many(session, [user_id], module_ids)[user_id]


def gather_many(
    session: Session, user_ids: Collection[UUID], module_ids: Collection[UUID]
) -> dict[UUID, dict[UUID, ModuleFacts]]:
    """The facts of every one of ``module_ids`` for each learner, one question per kind to the database.

    Raises:
        RuntimeError: a source is missing; this process has not imported the slice that owns it.
    """
    missing = [kind for kind in EXPECTED if kind not in _sources]
    if missing:
        raise RuntimeError(f"no source of facts for {', '.join(missing)}: import the slice that has them")
    found = {kind: _sources[kind](session, user_ids, module_ids) for kind in EXPECTED}
    return {
        user_id: {module_id: _of_module(user_id, module_id, found) for module_id in module_ids}
        for user_id in user_ids
    }


def total(modules: Collection[ModuleFacts]) -> Completion:
    """What all ``modules`` together come to; those with nothing to do do not count."""
    tallies = [Tally(facts.done, facts.total) for module in modules for facts in module.kinds.values()]
    return completion(tallies, started=any(module.started for module in modules))


def _of_module(
    user_id: UUID, module_id: UUID, found: Mapping[str, Mapping[UUID, Mapping[UUID, Facts]]]
) -> ModuleFacts:
    own = {kind: by_user.get(user_id, {}) for kind, by_user in found.items()}
    kinds = {kind: by_module[module_id] for kind, by_module in own.items() if module_id in by_module}
    started = any(facts.started for facts in kinds.values())
    tallies = [Tally(facts.done, facts.total) for facts in kinds.values()]
    return ModuleFacts(kinds, completion(tallies, started=started), started)
