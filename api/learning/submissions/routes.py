"""Submitting, watching, polling, listing and re-grading, and what programs can be run in, over HTTP."""

import re
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter
from msgspec import UNSET
from sqlalchemy.orm import Session

from api.core.actor import Actor, is_admin
from api.core.errors import FieldError, Invalid
from api.core.queue import Bell
from api.core.settings import Settings
from api.http import sse
from api.http.paging import DEFAULT_LIMIT, Limit, Offset
from api.http.reading import Reader, encoded
from api.learning.submissions import queries, service, views
from api.learning.submissions.admission import Admission
from api.learning.submissions.backlog import RecentBacklog
from api.learning.submissions.grade import SubmissionStatus
from api.learning.submissions.live.events import Place, parse_place
from api.learning.submissions.live.hub import Hub
from api.learning.submissions.live.topic import Watcher
from api.learning.submissions.models import AssignmentSubmission
from api.learning.submissions.schemas import (
    RegradeView,
    RuntimeList,
    SubmissionBody,
    SubmissionLine,
    SubmissionList,
    SubmissionView,
)
from api.learning.submissions.source import check_source

REGRADE_RETRY_SECONDS = 1
_KEY = re.compile(r"[\x21-\x7e]{1,255}")

AssignmentFilter = Annotated[
    UUID | None, QueryParameter(name="assignmentId", description="only of this assignment")
]
StatusFilter = Annotated[SubmissionStatus | None, QueryParameter(description="only in this status")]
IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        description="1 to 255 visible ASCII characters; within 24 hours, the same key and body give the same"
        " submission, and the same key with another body answers 409",
    ),
]

LastEventId = Annotated[
    str | None,
    HeaderParameter(name="Last-Event-ID", description="the id of the last event that the client has"),
]
HEARTBEAT_SECONDS = 15.0
RECONNECT_MS = 2000
_EXAMPLE = (
    "id: 1.1.2\nevent: case\n"
    'data: {"index":0,"name":"one","group":"samples","visible":true,"verdict":"PASSED","reason":null,"cpuMs":20,'
    '"wallMs":30}\n\n'
)
_STREAM = {
    200: ResponseSpec(
        str,
        description="the events, as they happen",
        media_type=sse.MEDIA_TYPE,
        generate_examples=False,
        examples=[Example(value=_EXAMPLE, summary="one event")],
    ),
    204: ResponseSpec(None, description="the client has every event already", generate_examples=False),
}


class AssignmentSubmissionController(Controller):
    """Submitting."""

    path = "/assignments/{assignment_id:uuid}/submissions"
    tags = ("submissions",)

    @post(
        opt={"access": "user", "problems": (403, 429)},
        status_code=202,
        responses={200: ResponseSpec(SubmissionLine, description="the key named this submission already")},
        summary="Submit a source",
        sync_to_thread=True,
    )
    def create(
        self,
        assignment_id: FromPath[UUID],
        data: JSONBody[SubmissionBody],
        session: NamedDependency[Session],
        actor: NamedDependency[Actor],
        settings: NamedDependency[Settings],
        bell: NamedDependency[Bell],
        admission: NamedDependency[Admission],
        recent: NamedDependency[RecentBacklog],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[SubmissionLine]:
        """Stores the source and answers at once; poll the `Location` until the status is final, or listen to its
        `/events`.

        Answers 200 instead of 202 where the key names a submission that was there already. 429: the account has sent
        too much (`rate_limited`), or too much of it is not graded yet (`too_many_open`). 503: the platform has too much
        to do (`queue_full`) or no room (`storage_low`). Nothing was stored then; come back after `Retry-After`.
        """
        source = check_source(
            data.code, data.files, max_bytes=settings.max_source_bytes, max_files=settings.max_source_files
        )
        submission, is_new = service.submit(
            session,
            actor,
            assignment_id,
            source=source,
            language=data.language,
            key=_checked_key(idempotency_key),
            bell=bell,
            admission=admission,
        )
        return Response(
            views.submission_line(submission),
            status_code=202 if is_new else 200,
            headers={
                "Location": f"/api/v1/submissions/{submission.id}",
                **_come_back(session, submission, recent),
            },
        )


class SubmissionController(Controller):
    """Submissions and what they came to."""

    path = "/submissions"
    tags = ("submissions",)

    @get(opt={"access": "user"}, summary="List submissions", sync_to_thread=True)
    def index(
        self,
        session: NamedDependency[Session],
        actor: NamedDependency[Actor],
        assignment_id: AssignmentFilter = None,
        status: StatusFilter = None,
        limit: Limit = DEFAULT_LIMIT,
        offset: Offset = 0,
    ) -> SubmissionList:
        """The caller's submissions (an ADMIN's: everybody's), newest first."""
        return _page(session, actor, False, assignment_id, status, limit, offset)

    @get("/{submission_id:uuid}", opt={"access": "user", "identify": "late"}, summary="Show a submission")
    async def show(
        self,
        submission_id: FromPath[UUID],
        reader: NamedDependency[Reader],
        recent: NamedDependency[RecentBacklog],
    ) -> Response[SubmissionView]:
        """The caller's own submission (an ADMIN's: anybody's). PASSED, FAILED and ERROR are final; until then,
        `Retry-After` says when it makes sense to ask again.
        """
        return await reader.read(partial(_shown, submission_id, recent))

    @get(
        "/{submission_id:uuid}/events",
        opt={"access": "user", "problems": (429, 503)},
        media_type=sse.MEDIA_TYPE,
        summary="Watch a submission",
        responses=_STREAM,
    )
    async def events(
        self,
        submission_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        hub: NamedDependency[Hub],
        last_event_id: LastEventId = None,
    ) -> Response[Any]:
        """Server-Sent Events until the submission is graded: `queued` {position, expectedWaitSeconds} while it waits,
        `running` {attempt}, `compiled`, a `case` for each case in suite order {index, name, group, visible, verdict,
        reason, cpuMs, wallMs}, and at last `done` {status, reason, score, maxScore}. A `running` with a higher attempt
        begins anew.

        A client that reconnects with `Last-Event-ID` gets what it missed, and nothing twice; once it has `done`, 204.
        Of a submission that is graded only `done` is told (an ADMIN follows a re-grading at work). The stream also ends
        when the token is not valid any more, and when a client fetches too slowly: reconnect, or poll.
        """
        watcher = await hub.watch(actor, submission_id, _checked_place(last_event_id))
        if watcher.has_nothing:
            await hub.leave(watcher)
            return Response(None, status_code=204)
        return sse.EventStream(_frames(watcher), on_end=partial(hub.leave, watcher))

    @post(
        "/{submission_id:uuid}/regrade",
        opt={"access": "admin"},
        status_code=202,
        summary="Grade again",
        sync_to_thread=True,
    )
    def regrade(
        self,
        submission_id: FromPath[UUID],
        session: NamedDependency[Session],
        bell: NamedDependency[Bell],
    ) -> Response[RegradeView]:
        """Adds a run against the current suite. Runs before it, and what is shown, stay as they are until
        then.
        """
        planned = service.regrade(session, submission_id, bell)
        return Response(
            RegradeView(planned.submission_id, planned.number),
            status_code=202,
            headers={
                "Location": f"/api/v1/submissions/{submission_id}",
                "Retry-After": str(REGRADE_RETRY_SECONDS),
            },
        )


class MySubmissionController(Controller):
    """The caller's own submissions."""

    path = "/me/submissions"
    tags = ("me",)

    @get(opt={"access": "user"}, summary="The own submissions", sync_to_thread=True)
    def index(
        self,
        session: NamedDependency[Session],
        actor: NamedDependency[Actor],
        assignment_id: AssignmentFilter = None,
        status: StatusFilter = None,
        limit: Limit = DEFAULT_LIMIT,
        offset: Offset = 0,
    ) -> SubmissionList:
        """The caller's own submissions, newest first; also an ADMIN's own only."""
        return _page(session, actor, True, assignment_id, status, limit, offset)


class RuntimeController(Controller):
    """What programs can be run in."""

    path = "/runtimes"
    tags = ("submissions",)

    @get(opt={"access": "public"}, summary="List runtimes", sync_to_thread=True)
    def index(
        self, session: NamedDependency[Session], limit: Limit = DEFAULT_LIMIT, offset: Offset = 0
    ) -> RuntimeList:
        """Languages with version, image, commands and factors, as graders have reported them in the last ten minutes.

        A language is listed more than once where grader hosts differ.
        """
        offered, total = queries.list_runtimes(session, limit=limit, offset=offset)
        return RuntimeList([views.runtime(item) for item in offered], total)


def _shown(
    submission_id: UUID, recent: RecentBacklog, session: Session, actor: Actor
) -> Response[SubmissionView]:
    detail = queries.get_submission(session, actor, submission_id)
    return encoded(
        views.submission(detail, everything=is_admin(actor)),
        headers=_come_back(session, detail.submission, recent),
    )


def _page(
    session: Session,
    actor: Actor,
    only_own: bool,
    assignment_id: UUID | None,
    status: SubmissionStatus | None,
    limit: int,
    offset: int,
) -> SubmissionList:
    page = queries.list_submissions(
        session,
        actor,
        only_own=only_own,
        assignment_id=assignment_id,
        status=status,
        limit=limit,
        offset=offset,
    )
    lines = [views.submission_line(row) for row in page.rows]
    return SubmissionList(lines, page.total, total_is_minimum=page.is_minimum or UNSET)


async def _frames(watcher: Watcher) -> AsyncIterator[bytes]:
    yield sse.retry(RECONNECT_MS)
    while (batch := await watcher.fetch(HEARTBEAT_SECONDS)) != ():
        if batch is None:
            yield sse.comment("still there")
        else:
            yield b"".join(sse.frame(event.kind, event.data, str(event.place)) for event in batch)


def _checked_place(text: str | None) -> Place | None:
    if text is None:
        return None
    place = parse_place(text)
    if place is None:
        fault = FieldError("Last-Event-ID", "must be the id of an event of this stream, such as 1.1.2")
        raise Invalid("the request has faults", (fault,))
    return place


def _come_back(session: Session, submission: AssignmentSubmission, recent: RecentBacklog) -> dict[str, str]:
    """When to ask again for what is not graded yet; nothing for what is."""
    if submission.status not in queries.NOT_FINAL:
        return {}
    waits = submission.status is SubmissionStatus.PENDING
    return {"Retry-After": str(recent.retry_after(session, submission.submitted_at if waits else None))}


def _checked_key(key: str | None) -> str | None:
    if key is not None and not _KEY.fullmatch(key):
        fault = FieldError("Idempotency-Key", "must be 1 to 255 visible ASCII characters")
        raise Invalid("the request has faults", (fault,))
    return key
