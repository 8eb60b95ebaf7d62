"""Bodies of the curriculum's routes. Text takes everything but NUL, which PostgreSQL cannot store."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType, field

from api.learning.curriculum.models import SLUG_LENGTH, SLUG_PATTERN, Difficulty, EnrollmentStatus

_NO_NUL = r"^[^\x00]*$"
_NOT_BLANK = r"^[^\x00]*[^\x00\s][^\x00]*$"

Slug = Annotated[
    str,
    Meta(
        pattern=SLUG_PATTERN,
        max_length=SLUG_LENGTH,
        description="small letters, digits and single hyphens",
        examples=["control-flow"],
    ),
]
Name = Annotated[str, Meta(pattern=_NOT_BLANK, min_length=1, max_length=100, examples=["Python"])]
Title = Annotated[str, Meta(pattern=_NOT_BLANK, min_length=1, max_length=200, examples=["Control flow"])]
Icon = Annotated[str, Meta(pattern=_NO_NUL, max_length=500, description="a URL or an emoji", examples=["🐍"])]
LongText = Annotated[str, Meta(pattern=_NO_NUL, max_length=1_000_000, description="Markdown")]
Code = Annotated[str, Meta(pattern=_NO_NUL, max_length=1_000_000)]
Order = Annotated[int, Meta(ge=-1_000_000, le=1_000_000, description="smaller comes first; then by title")]
MaxScore = Annotated[int, Meta(ge=1, le=100_000, description="points of a solution that passes everything")]
Minutes = Annotated[int, Meta(ge=1, le=100_000, description="advice to the learner; no clock runs")]
StarterCode = Annotated[
    Code | dict[str, Code],
    Meta(description="one text for all languages, or a text per language (`*`: every other language)"),
]


SUITE_EXAMPLE: dict[str, Any] = {
    "format": 1,
    "kind": "stdio",
    "languages": ["python", "cpp"],
    "checker": {"kind": "tokens"},
    "groups": [
        {
            "name": "samples",
            "visible": True,
            "points": 20,
            "scoring": "each",
            "cases": [{"name": "three", "stdin": "3\n", "stdout": "1\n2\nFizz\n"}],
        }
    ],
}
TestCases = Annotated[
    dict[str, Any],
    Meta(
        description="a suite in the format of `testcases/README.md`, files inlined", examples=[SUITE_EXAMPLE]
    ),
]


class LanguageBody(Struct, rename="camel", forbid_unknown_fields=True):
    """A language of the curriculum."""

    name: Name
    slug: Slug
    description: LongText | None = None
    icon: Icon | None = None
    difficulty: Difficulty = Difficulty.BEGINNER


class ModuleBody(Struct, rename="camel", forbid_unknown_fields=True):
    """A module of a language."""

    title: Title
    slug: Slug
    description: LongText | None = None
    syllabus: LongText | None = None
    order: Order = 0


class AssignmentBody(Struct, rename="camel", forbid_unknown_fields=True):
    """An assignment with the first version of its test cases."""

    title: Title
    slug: Slug
    description: LongText
    test_cases: TestCases
    difficulty: Difficulty = Difficulty.BEGINNER
    starter_code: StarterCode | None = None
    hints: Annotated[list[LongText], Meta(max_length=100)] = field(default_factory=list)
    max_score: MaxScore = 100
    time_limit: Minutes | None = None
    order: Order = 0


class EnrollmentBody(Struct, rename="camel", forbid_unknown_fields=True):
    """What becomes of an enrollment: ACTIVE, PAUSED or DROPPED."""

    status: EnrollmentStatus


class LanguageView(Struct, rename="camel"):
    """A language of the curriculum."""

    id: UUID
    name: str
    slug: str
    description: str | None
    icon: str | None
    difficulty: Difficulty
    is_active: bool
    created_at: datetime
    updated_at: datetime


class LanguageList(Struct, rename="camel"):
    """A page of languages."""

    items: list[LanguageView]
    total: int


class ModuleView(Struct, rename="camel"):
    """A module of a language."""

    id: UUID
    language_id: UUID
    title: str
    slug: str
    description: str | None
    syllabus: str | None
    order: int
    created_at: datetime
    updated_at: datetime


class ModuleList(Struct, rename="camel"):
    """A page of modules."""

    items: list[ModuleView]
    total: int


class AssignmentLine(Struct, rename="camel"):
    """An assignment in a list: enough to choose one."""

    id: UUID
    module_id: UUID
    title: str
    slug: str
    difficulty: Difficulty
    max_score: int
    order: int
    module_slug: str
    language_slug: str


class AssignmentList(Struct, rename="camel"):
    """A page of assignments."""

    items: list[AssignmentLine]
    total: int


class ModuleDetail(ModuleView):
    """A module with what is in it."""

    language_slug: str
    assignments: list[AssignmentLine]


class LimitsView(Struct, rename="camel", omit_defaults=True):
    """What one case may use, before the factor of the language. A missing ``wallMs`` is 3 x cpuMs + 1000."""

    cpu_ms: int
    memory_mib: int
    output_kib: int
    processes: int
    wall_ms: int | None = None


class ParameterView(Struct, rename="camel"):
    """One parameter of the function to write."""

    name: str
    type: str


class FunctionView(Struct, rename="camel"):
    """The function to write, in suites of kind ``function``."""

    name: str
    parameters: list[ParameterView]
    returns: str


class ShownCase(Struct, rename="camel"):
    """A case that may be seen: input and expected output, or arguments and expected value.

    ``truncated``: a text was too long to show (and cut), or a value was (and left out).
    """

    name: str
    group: str
    stdin: str | UnsetType = UNSET
    stdout: str | UnsetType = UNSET
    args: list[Any] | UnsetType | None = UNSET
    returns: Any | UnsetType = UNSET
    truncated: bool = False


class AssignmentView(Struct, rename="camel"):
    """An assignment as a learner sees it before submitting. ``statement`` is the description, as Markdown.

    ``cases`` are the shown cases of the current suite; of hidden ones nothing is said.
    """

    id: UUID
    module_id: UUID
    module_slug: str
    language_slug: str
    title: str
    slug: str
    description: str
    statement: str
    difficulty: Difficulty
    starter_code: dict[str, str]
    hints: list[str]
    max_score: int
    time_limit: int | None
    order: int
    languages: list[str]
    kind: str
    function: FunctionView | None
    limits: LimitsView
    cases: list[ShownCase]
    suite_version: int
    created_at: datetime
    updated_at: datetime


class SuiteVersionView(Struct, rename="camel"):
    """Which suite is current now; ``digest`` is the SHA-256 of its canonical JSON, in hex."""

    suite_version: int
    digest: str


class EnrollmentView(Struct, rename="camel"):
    """How the caller stands in a language."""

    id: UUID
    user_id: UUID
    language_id: UUID
    language_slug: str
    status: EnrollmentStatus
    enrolled_at: datetime
    completed_at: datetime | None
