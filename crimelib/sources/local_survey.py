"""Responses to the local survey, from this project's own form: kept as counts, never as persons.

Read from the entry workbook that goes with the printed form, a CSV saved from it, or the CSV template.
"""

from __future__ import annotations

from crimelib.settings import Settings
from crimelib.sources.discovery import Cleaned, RawFile
from crimelib.sources.entry_sheets import read_entries
from crimelib.sources.templates import form_of, read_form, tallied

NAME = "local_survey"
TABLE = "survey_responses"
SHEET = "Responses"
RESPONDENT = ["month", "survey_date", "area_code", "ward_code", "age_band", "sex"]


def read(file: RawFile, settings: Settings) -> Cleaned:
    """Clean the entries into ``survey_responses``: ``month, survey_date, area_code, ward_code, age_band, sex, question,
    answer, count``. A question left blank is not counted. Bad rows are set aside; more than 1% refuses the file."""
    file, table = read_entries(file, SHEET)
    rows, rejected = read_form(file, form_of(NAME, settings), settings, table)
    questions = list(settings.questionnaire.questions)
    months = rows.assign(month=rows["survey_date"].str[:7])
    answers = months.melt(RESPONDENT, questions, var_name="question", value_name="answer")
    given = answers[answers["answer"] != ""]
    return Cleaned({TABLE: tallied(given, [*RESPONDENT, "question", "answer"])}, rejected)
