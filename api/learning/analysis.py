"""What kinds of analysis there are; of a submission and of a quiz attempt alike."""

from enum import StrEnum


class AnalysisType(StrEnum):
    """Who said it: a language model, a person, or a person over what a model had said."""

    AI = "AI"
    MANUAL = "MANUAL"
    HYBRID = "HYBRID"
