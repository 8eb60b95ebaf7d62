"""Writes of the curriculum: languages, modules, assignments, suite versions, enrollments.

Faults of a suite are told as faults of the body, each with its JSON path; nothing is stored if there is one.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from api.core.clock import now
from api.core.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from api.core.upsert import insert_once
from api.learning.curriculum import queries
from api.learning.curriculum.models import (
    Assignment,
    EnrollmentStatus,
    LanguageEnrollment,
    Module,
    ProgrammingLanguage,
    TestSuite,
)
from api.learning.curriculum.shown import shown_part
from api.learning.curriculum.suite import Suite, SuiteFaults, canonical_json, digest, parse_suite

MAX_FAULTS_TOLD = 200


def create_language(session: Session, **fields: Any) -> ProgrammingLanguage:
    """Adds a language; ``fields`` are its columns. Raises Conflict: the name or the slug is taken."""
    for column in ("slug", "name"):
        if _exists(session, getattr(ProgrammingLanguage, column) == fields[column]):
            raise Conflict(f"there is a language with this {column} already", code=f"{column}_taken")
    language = ProgrammingLanguage(**fields)
    session.add(language)
    session.flush()
    return language


def create_module(session: Session, language_slug: str, **fields: Any) -> Module:
    """Adds a module; ``fields`` are columns of `Module`.

    Raises:
        NotFound: no such language.
        Conflict: the language has a module with this slug.
    """
    language = queries.get_language(session, language_slug)
    if _exists(session, (Module.language_id == language.id) & (Module.slug == fields["slug"])):
        raise Conflict("the language has a module with this slug already", code="slug_taken")
    module = Module(language_id=language.id, **fields)
    session.add(module)
    session.flush()
    return module


def create_assignment(session: Session, module_id: UUID, *, test_cases: object, **fields: Any) -> Assignment:
    """Adds an assignment with version 1 of its suite; ``fields`` are columns of `Assignment`.

    ``test_cases`` is the suite as JSON values, files inlined; a `Suite` is taken as it is.

    Raises:
        NotFound: no such module.
        Conflict: the module has an assignment with this slug.
        Invalid: the suite has faults; all are listed.
    """
    queries.get_module(session, module_id)
    if _exists(session, (Assignment.module_id == module_id) & (Assignment.slug == fields["slug"])):
        raise Conflict("the module has an assignment with this slug already", code="slug_taken")
    suite = _suite(test_cases, "testCases")
    assignment = Assignment(module_id=module_id, suite_version=0, **fields)
    session.add(assignment)
    session.flush()
    store_suite(session, assignment, suite)
    return assignment


def replace_suite(session: Session, assignment_id: UUID, test_cases: object) -> tuple[TestSuite, bool]:
    """Makes ``test_cases`` the assignment's current suite: its row, and whether it is a new version.

    A suite that equals the current one (by digest) changes nothing. Submissions graded before keep their
    version.

    Raises:
        NotFound: no such assignment.
        Invalid: the suite has faults; all are listed.
    """
    suite = _suite(test_cases, "")
    return store_suite(session, queries.get_assignment(session, assignment_id).assignment, suite)


def store_suite(session: Session, assignment: Assignment, suite: Suite) -> tuple[TestSuite, bool]:
    """Makes ``suite`` current: its row, and whether it is a new version. The current one, if equal, stays."""
    document = canonical_json(suite)
    name = digest(document)
    current = _current_suite(session, assignment)
    if current is not None and current.digest == name:
        return current, False
    # The write holds the row, so that two authors at once get two versions, one after the other.
    session.execute(
        update(Assignment)
        .where(Assignment.id == assignment.id)
        .values(suite_version=Assignment.suite_version)
        .execution_options(synchronize_session=False)
    )
    session.refresh(assignment)
    current = _current_suite(session, assignment)
    if current is not None and current.digest == name:
        return current, False
    versions = select(func.max(TestSuite.version)).where(TestSuite.assignment_id == assignment.id)
    version = TestSuite(
        assignment_id=assignment.id,
        version=(session.scalar(versions) or 0) + 1,
        digest=name,
        document=document,
        languages=list(suite.languages),
        shown=shown_part(suite),
    )
    session.add(version)
    assignment.suite_version = version.version
    session.flush()
    return version, True


def require_module(session: Session, module_id: UUID) -> Module:
    """The module, published or not. Raises NotFound: there is none, or it is deleted."""
    module = session.scalar(select(Module).where(Module.id == module_id, Module.deleted_at.is_(None)))
    if module is None:
        raise NotFound("there is no such module")
    return module


def enroll(session: Session, user_id: UUID, language_slug: str) -> LanguageEnrollment:
    """Enrolls, or takes up what was paused or dropped; who is enrolled stays so. Raises NotFound."""
    language = queries.get_language(session, language_slug)
    moment = now()
    values = {"user_id": user_id, "language_id": language.id, "enrolled_at": moment}
    insert_once(session, LanguageEnrollment, ("user_id", "language_id"), values)
    enrollment = queries.find_enrollment(session, user_id, language.id)
    assert enrollment is not None
    if enrollment.status in (EnrollmentStatus.PAUSED, EnrollmentStatus.DROPPED):
        _resume(enrollment)
    session.flush()
    return enrollment


def set_enrollment_status(
    session: Session, user_id: UUID, language_slug: str, status: EnrollmentStatus
) -> LanguageEnrollment:
    """Pauses, drops or takes up an enrollment.

    Taking up a language whose modules were all completed makes it COMPLETED again.

    Raises:
        NotFound: no such language, or not enrolled in it.
        Invalid: COMPLETED, which is for the platform to say.
    """
    if status is EnrollmentStatus.COMPLETED:
        fault = FieldError("status", "is set by the platform when all modules are completed")
        raise Invalid("a language cannot be declared completed", (fault,))
    language = queries.get_language(session, language_slug)
    enrollment = hold_enrollment(session, user_id, language.id)
    if enrollment is None:
        raise NotFound("you are not enrolled in this language")
    if status is EnrollmentStatus.ACTIVE:
        _resume(enrollment)
    else:
        enrollment.status = status
    session.flush()
    return enrollment


def require_enrollment(session: Session, user_id: UUID, language_id: UUID) -> None:
    """Raises Forbidden unless ``user_id`` is enrolled in the language and neither paused nor dropped it."""
    enrollment = queries.find_enrollment(session, user_id, language_id)
    if enrollment is None or enrollment.status is EnrollmentStatus.DROPPED:
        raise Forbidden("enroll in the language first", code="not_enrolled")
    if enrollment.status is EnrollmentStatus.PAUSED:
        raise Forbidden("your enrollment is paused; take it up again first", code="enrollment_paused")


def hold_enrollment(session: Session, user_id: UUID, language_id: UUID) -> LanguageEnrollment | None:
    """The enrollment, locked until the transaction ends; None if there is none.

    The lock is an UPDATE that changes nothing, since SQLite knows no ``FOR UPDATE``: what is read after it,
    in this transaction, was committed by everybody who held it before.
    """
    row = (LanguageEnrollment.user_id == user_id) & (LanguageEnrollment.language_id == language_id)
    session.execute(
        update(LanguageEnrollment)
        .where(row)
        .values(user_id=LanguageEnrollment.user_id)
        .execution_options(synchronize_session=False)
    )
    return session.scalar(select(LanguageEnrollment).where(row).execution_options(populate_existing=True))


def hold_enrollments(
    session: Session, user_ids: Collection[UUID], language_id: UUID
) -> Sequence[LanguageEnrollment]:
    """The same for many learners: those enrollments that there are, locked in the order of the learners' ids.

    Only for a transaction that has written already: SQLite's dialect leaves the lock out, and the one writer needs
    none.
    """
    statement = (
        select(LanguageEnrollment)
        .where(LanguageEnrollment.user_id.in_(user_ids), LanguageEnrollment.language_id == language_id)
        .order_by(LanguageEnrollment.user_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return session.scalars(statement).all()


def set_completed(enrollment: LanguageEnrollment, completed: bool) -> None:
    """Notes that all modules are completed, or no longer are; what is paused or dropped stays so.

    ``enrollment`` must be held (`hold_enrollment`); the caller flushes.
    """
    if completed == (enrollment.completed_at is not None):
        return
    enrollment.completed_at = now() if completed else None
    if enrollment.status in (EnrollmentStatus.ACTIVE, EnrollmentStatus.COMPLETED):
        _resume(enrollment)


def _resume(enrollment: LanguageEnrollment) -> None:
    done = enrollment.completed_at is not None
    enrollment.status = EnrollmentStatus.COMPLETED if done else EnrollmentStatus.ACTIVE


def _suite(test_cases: object, prefix: str) -> Suite:
    if isinstance(test_cases, Suite):
        return test_cases
    try:
        return parse_suite(test_cases)
    except SuiteFaults as faults:
        told = tuple(
            FieldError(_join(prefix, fault.path), fault.message) for fault in faults.faults[:MAX_FAULTS_TOLD]
        )
        raise Invalid("the test cases have faults", told, code="invalid_suite") from None


def _join(prefix: str, path: str) -> str:
    return f"{prefix}.{path}" if prefix and path and not path.startswith("[") else prefix + path


def _current_suite(session: Session, assignment: Assignment) -> TestSuite | None:
    return session.scalar(
        select(TestSuite).where(
            TestSuite.assignment_id == assignment.id, TestSuite.version == assignment.suite_version
        )
    )


def _exists(session: Session, condition: Any) -> bool:
    # Deleted rows count: their slug stays taken, for a submission may point below them.
    return session.scalar(select(func.count()).where(condition)) != 0
