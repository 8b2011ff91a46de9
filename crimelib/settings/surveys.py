"""The public attitude survey as published, and the partnership's own questionnaire."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from crimelib.settings.reading import Strict


class SurveyDesign(Strict):
    """The sample behind a survey's proportions, with where each figure comes from."""

    title: str
    borough_interviews: int = Field(ge=1)
    london_interviews: int = Field(ge=1)
    ward_interviews: int = Field(ge=1)
    sample_source: str
    design_effect: float = Field(ge=1)
    design_effect_source: str


class PerceptionMeasure(Strict):
    """One measure of the Public Attitude Survey and the names that the publisher gives it."""

    label: str
    direction: Literal["lower_is_better", "higher_is_better", "neither"]
    names: tuple[str, ...] = Field(min_length=1)


class Perception(Strict):
    """``perception.yml``."""

    survey: SurveyDesign
    measures: dict[str, PerceptionMeasure]
    caveats: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()


class Question(Strict):
    """A question of the local survey; ``positive`` answers count towards its proportion, which is called ``label``."""

    text: str
    label: str = ""
    answers: tuple[str, ...] = Field(min_length=2)
    positive: tuple[str, ...] = ()
    survey_measure: str = ""

    @model_validator(mode="after")
    def _positive_answers_are_answers(self) -> Question:
        if unknown := set(self.positive) - set(self.answers):
            raise ValueError(f"positive answers that are not answers: {', '.join(sorted(unknown))}")
        if self.positive and not self.label:
            raise ValueError("a question with positive answers needs a label for its proportion")
        return self


class FormSection(Strict):
    """Questions that stand together on the printed form; a ``grid`` has them as rows of one table of answers."""

    heading: str
    lead: str = ""
    grid: bool = False
    questions: tuple[str, ...] = Field(min_length=1)


class Questionnaire(Strict):
    """``questionnaire.yml``."""

    title: str
    introduction: str
    privacy: str
    closing: str
    tear_off: str
    wording_source: str
    caveats: tuple[str, ...]
    least_ward_answers: int = Field(ge=1)
    age_bands: tuple[str, ...]
    sexes: tuple[str, ...]
    answer_labels: dict[str, str] = Field(default_factory=dict)
    sections: tuple[FormSection, ...]
    questions: dict[str, Question]

    @model_validator(mode="after")
    def _every_question_is_printed_once(self) -> Questionnaire:
        printed = [name for section in self.sections for name in section.questions]
        if sorted(printed) != sorted(self.questions):
            raise ValueError("the sections must name every question once, and no other")
        for section in self.sections:
            if section.grid and len({self.questions[name].answers for name in section.questions}) > 1:
                raise ValueError(f"the grid {section.heading!r} has questions with different answers")
        return self

    def label(self, answer: str) -> str:
        """An answer as it is printed."""
        return self.answer_labels.get(answer, answer.replace("_", " ").capitalize())
