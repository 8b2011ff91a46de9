"""Responses to the local survey, from this project's own template: kept as counts, never as persons."""

from __future__ import annotations

from crimelib.settings import Settings
from crimelib.sources.discovery import Cleaned, RawFile
from crimelib.sources.templates import form_of, read_form, tallied

NAME = "local_survey"
TABLE = "survey_responses"
RESPONDENT = ["month", "area_code", "ward_code", "age_band", "sex"]


def read(file: RawFile, settings: Settings) -> Cleaned:
    """Clean the entry sheet into ``survey_responses``: ``month, area_code, ward_code, age_band, sex, question,
    answer, count``. A question left blank is not counted. Bad rows are set aside; more than 1% refuses the file."""
    rows, rejected = read_form(file, form_of(NAME, settings), settings)
    questions = list(settings.questionnaire.questions)
    months = rows.assign(month=rows["survey_date"].str[:7])
    answers = months.melt(RESPONDENT, questions, var_name="question", value_name="answer")
    given = answers[answers["answer"] != ""]
    return Cleaned({TABLE: tallied(given, [*RESPONDENT, "question", "answer"])}, rejected)
