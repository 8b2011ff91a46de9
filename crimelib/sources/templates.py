"""This project's own files, as ``parameters/templates.yml`` declares them: written empty, and read with every rule.

A file of one row per event keeps its good rows, sets the bad ones aside with reasons and is refused above 1% of them;
a file of aggregate counts is refused whole by its first bad row.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from crimelib.areas import nearest
from crimelib.errors import InputError
from crimelib.settings import (
    PERIOD_PATTERN,
    CapacityNote,
    Column,
    Indicator,
    Organisation,
    Settings,
    Template,
)
from crimelib.sources.counting import first_lines
from crimelib.sources.discovery import RawFile
from crimelib.sources.personal import personal_kind, personal_kinds
from crimelib.sources.placing import WardBook
from crimelib.sources.reading import Table, read_table
from crimelib.sources.rejection import gathered, refuse_all, refuse_when_many, rejections

LOCAL_BASIS = "local"
MAX_TEXT = 200
UNKNOWN = {"not_known": "not known"}
NEAR = 0.7  # how like an allowed value a wrong one is that may be quoted
_FIGURE = re.compile(r"(?=.*\d)[\dE.,:/+-]{1,10}")
KIND_REASONS = {
    "date": "not a date written 2021-11-30",
    "month": "not a month written 2021-11",
    "hour": "not an hour from 0 to 23",
    "count": "not a count (a whole number from 0 up)",
    "borough": "no borough has this code",
    "ward": "no ward of this borough has this code",
    "id": "the identifier stands twice",
}
_PATTERNS = {
    "month": PERIOD_PATTERN,
    "hour": r"([01]?\d|2[0-3])",
    "count": r"\d{1,9}",
    "id": r"[\w./ -]{1,40}",
}


@dataclass(frozen=True)
class Form:
    """A template with the allowed values of its columns in hand: canonical value by every accepted spelling."""

    name: str
    template: Template
    columns: dict[str, Column]
    allowed: dict[str, dict[str, str]]


def recognises(header: list[str], name: str, settings: Settings) -> bool:
    """Whether a header is that of a template."""
    return set(form_of(name, settings).columns) == set(header)


def form_of(name: str, settings: Settings) -> Form:
    """The template by its name, questions of the local survey included. Raises :class:`InputError` if unknown."""
    templates = settings.templates
    called = {also: known for known, each in templates.items() for also in (known, *each.also)}
    if name not in called:
        raise InputError(f"no template is called {name!r}", fix=nearest(name, templates))
    name = called[name]
    template = templates[name]
    columns = template.columns | (_question_columns(settings) if template.questions else {})
    allowed = {column: _allowed(spec, settings) for column, spec in columns.items() if spec.kind == "choice"}
    return Form(name, template, columns, allowed)


def write_template(name: str, folder: Path, settings: Settings) -> list[Path]:
    """Write ``<name>.csv`` (the header alone: an example row left in would come back as a figure) and
    ``<name>.dictionary.csv`` (column, meaning, allowed values, required, example) into a folder; returns their paths.
    Never overwrites."""
    form = form_of(name, settings)
    folder.mkdir(parents=True, exist_ok=True)
    described = dictionary_rows(form)
    return [
        _write_csv(folder / f"{form.name}.csv", list(form.columns)),
        _write_csv(folder / f"{form.name}.dictionary.csv", list(described[0]), described),
    ]


def dictionary_rows(form: Form) -> list[dict[str, str]]:
    """A row a column of a form: its meaning, what is allowed, whether it is required, an example."""
    return [
        {
            "column": column,
            "meaning": spec.meaning,
            "allowed": _allowed_text(form, column),
            "required": "yes" if spec.required else "no",
            "example": spec.example,
        }
        for column, spec in form.columns.items()
    ]


def read_form(
    file: RawFile,
    form: Form,
    settings: Settings,
    table: Table | None = None,
    more: Callable[[pd.DataFrame], list[pd.DataFrame]] = lambda rows: [],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """``(rows, rejected)``: the good rows, stripped and with canonical values, and those set aside with reasons. The
    ``table`` is the file's, where that is already in hand (a workbook's sheet); ``more`` are rejections by rules of the
    source's own.

    Raises :class:`InputError` for columns that are not the template's, a key that stands twice in a file of
    aggregate counts, any bad row of such a file, or more than 1% of bad rows in another.
    """
    table = table or read_table(file)
    _check_columns(file, form, table)
    rows = table.rows.assign(**{name: table.rows[name].str.strip() for name in form.columns})
    rows = rows.assign(**{name: _canonical(rows[name], spellings) for name, spellings in form.allowed.items()})
    problems = [part for name in form.columns for part in _problems(rows, name, form, settings)] + more(rows)
    if form.template.rows == "aggregate":
        refuse_all(file, gathered([*problems, *_twice(rows, list(form.template.key))]))
    rejected = gathered(problems)
    refuse_when_many(file, rejected, len(rows))
    return rows[~rows["line"].isin(rejected["line"])].reset_index(drop=True), rejected


def tallied(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """How many rows of each kind: ``keys`` and ``count``."""
    return rows.groupby(keys, as_index=False).size().rename(columns={"size": "count"})


def placed(rows: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Rows with ``area_code`` and ``ward_code`` given the other area columns, for
    :func:`crimelib.sources.placing.placed_counts`."""
    areas = {area.code: area for area in settings.areas}
    return rows.assign(
        area_level="borough",
        parent_code=rows["area_code"].map({code: area.parent_code for code, area in areas.items()}),
        area_name=rows["area_code"].map({code: area.name for code, area in areas.items()}),
    )


# --- columns and their values ----------------------------------------------------------------------------------


def _question_columns(settings: Settings) -> dict[str, Column]:
    return {
        name: Column(
            kind="choice", meaning=question.text, example=question.answers[0], required=False, allowed=question.answers
        )
        for name, question in settings.questionnaire.questions.items()
    }


def _allowed(column: Column, settings: Settings) -> dict[str, str]:
    """Canonical value by each accepted spelling: its id, or its label in any case."""
    lists: dict[str, Callable[[], dict[str, str]]] = {
        "asb_headings": lambda: settings.asb_taxonomy.headings,
        "asb_qualifiers": lambda: settings.asb_taxonomy.qualifiers,
        "asb_tags": lambda: {name: tag.label for name, tag in settings.asb_taxonomy.tags.items()},
        "weekdays": lambda: settings.offence_times.weekdays | UNKNOWN,
        "hour_bands": lambda: {band: band for band in settings.offence_times.hour_bands} | UNKNOWN,
        "partner_indicators": lambda: _labels(settings.partners.indicators),
        "partner_organisations": lambda: _labels(settings.partners.organisations),
        "capacity_notes": lambda: _labels(settings.partners.capacity_notes),
        "revision_reasons": lambda: settings.partners.revision_reasons,
        "age_bands": lambda: {name: name for name in settings.questionnaire.age_bands},
        "sexes": lambda: {name: name for name in settings.questionnaire.sexes},
    }
    labels = lists[column.allowed_from]() if column.allowed_from else {name: name for name in column.allowed}
    return {spelling.casefold(): name for name, label in labels.items() for spelling in (name, label)}


def _labels(declared: Mapping[str, Indicator | Organisation | CapacityNote]) -> dict[str, str]:
    return {name: entry.label for name, entry in declared.items()}


def _allowed_text(form: Form, column: str) -> str:
    if column in form.allowed:
        return "; ".join(dict.fromkeys(form.allowed[column].values()))
    kind = form.columns[column].kind
    described = {
        "borough": "ONS code of a borough (E09...)",
        "ward": "ONS code of a ward (E05...)",
        "id": "given once, 40 characters at most",
        "text": f"{MAX_TEXT} characters at most",
        "date": "2021-11-30",
        "month": "2021-11",
        "hour": "0 to 23",
        "count": "a whole number from 0 up",
    }
    return described[kind]


def _canonical(values: pd.Series, spellings: dict[str, str]) -> pd.Series:
    """Values by their canonical spelling; what is unknown stays as it is."""
    known = {value: spellings.get(value.casefold(), value) for value in values.unique()}
    return values.map(known)


def _check_columns(file: RawFile, form: Form, table: Table) -> None:
    missing = [name for name in form.columns if name not in table.columns]
    unknown = [name for name in table.columns if name not in form.columns]
    if not missing and not unknown:
        return
    what = f"the column {missing[0]!r} is missing" if missing else f"the column {unknown[0]!r} is not in the template"
    raise file.refusal(what, line=1, fix=f"use `crimelib template {form.name}`; its columns only, all of them")


def _problems(rows: pd.DataFrame, name: str, form: Form, settings: Settings) -> list[pd.DataFrame]:
    """The rejections that one column gives rise to."""
    spec = form.columns[name]
    empty = rows[name] == ""
    rules = [(empty & spec.required, "the field is empty: leave out the row where there is no figure")]
    if spec.kind == "text":
        rules += _text_rules(rows[name], spec)
    else:
        wrong = ~empty & ~_is_good(rows, name, form, settings)
        rules += _wrong_rules(rows[name], wrong, spec, form.allowed.get(name, {}))
    if spec.at_most:
        rules.append((_is_above(rows, name, spec.at_most), f"more than the {spec.at_most} that it is part of"))
    if spec.kind == "id":
        rules.append((~empty & rows[name].duplicated(), KIND_REASONS["id"]))
    return [_rejections(rows, wrong, name, reason, form) for wrong, reason in rules]


def _twice(rows: pd.DataFrame, keys: list[str]) -> list[pd.DataFrame]:
    """The rows whose key stands in a row before: which of the two holds nobody could say."""
    first, key = first_lines(rows, keys), ", ".join(keys)
    return [
        rejections(rows, first == line, key, f"the same key as line {line:.0f}", quote=False)
        for line in first.dropna().unique()
    ]


def _wrong_rules(
    values: pd.Series, wrong: pd.Series, spec: Column, allowed: dict[str, str]
) -> list[tuple[pd.Series, str]]:
    """Each wrong value's reason: what about a person it seems to hold, or what it should have been."""
    reasons = {value: _wrong_reason(value, spec, allowed) for value in values[wrong].unique()}
    told = values.where(wrong, "").map(reasons)
    return [(told == reason, reason) for reason in dict.fromkeys(reasons.values())]


def _wrong_reason(value: str, spec: Column, allowed: dict[str, str]) -> str:
    kind = "" if _is_near(value, allowed) else personal_kind(value)
    if kind and spec.kind not in {"date", "month"}:
        return f"the field seems to hold {kind}: nothing about a person may be returned"
    return KIND_REASONS.get(spec.kind) or f"not one of the allowed values ({nearest(value, allowed.values())})"


def _is_near(value: str, allowed: dict[str, str]) -> bool:
    """Whether a value looks like a slip of one that is allowed."""
    return bool(difflib.get_close_matches(value.casefold(), allowed, n=1, cutoff=NEAR))


def _rejections(rows: pd.DataFrame, wrong: pd.Series, name: str, reason: str, form: Form) -> pd.DataFrame:
    """Rejections that quote a value only where nothing about a person can have slipped into it: a slip of an allowed
    value, or a figure."""
    kind, allowed = form.columns[name].kind, form.allowed.get(name, {})
    found = rejections(rows, wrong, name, reason, quote=kind not in {"text", "id"})
    quoted = [_is_near(value, allowed) if allowed else _is_figure(value) for value in found["value"]]
    return found.assign(value=found["value"].where(quoted, "")) if len(found) else found


def _is_figure(value: str) -> bool:
    return bool(_FIGURE.fullmatch(value)) and personal_kind(value) == ""


def _text_rules(texts: pd.Series, spec: Column) -> list[tuple[pd.Series, str]]:
    rules = [(texts.str.len() > MAX_TEXT, f"the text is longer than {MAX_TEXT} characters")]
    if not spec.published:
        return rules
    kinds = personal_kinds(texts, names=not spec.proper_names)
    return rules + [(kinds == kind, f"the text seems to hold {kind}") for kind in sorted(set(kinds) - {""})]


def _is_good(rows: pd.DataFrame, name: str, form: Form, settings: Settings) -> pd.Series:
    """Which values of a column are of its kind."""
    values, kind = rows[name], form.columns[name].kind
    if kind == "choice":
        return values.isin(list(form.allowed[name].values()))
    if kind == "borough":
        return values.isin([area.code for area in settings.areas if area.level == "borough"])
    if kind == "ward":
        return _is_ward(rows["area_code"], values, settings)
    if kind == "date":
        shaped = values.str.fullmatch(r"(19|20)\d\d-\d\d-\d\d")
        return shaped & pd.to_datetime(values, format="%Y-%m-%d", errors="coerce").notna()
    return values.str.fullmatch(_PATTERNS[kind])


def _is_above(rows: pd.DataFrame, name: str, most: str) -> pd.Series:
    """Where a count is larger than another; what is not a number is another rule's to refuse."""
    part, whole = (pd.to_numeric(rows[column], errors="coerce") for column in (name, most))
    return part > whole


def _is_ward(boroughs: pd.Series, wards: pd.Series, settings: Settings) -> pd.Series:
    book = WardBook(settings.wards)
    pairs = list(zip(boroughs, wards, strict=True))
    known = {pair: book.knows(*pair) for pair in set(pairs)}
    return pd.Series([known[pair] for pair in pairs], index=wards.index, dtype="bool")


def _write_csv(path: Path, header: list[str], rows: Sequence[dict[str, str]] = ()) -> Path:
    try:
        with path.open("x", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, header, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    except FileExistsError:
        raise InputError("the file is there already", where=path.name, fix="choose another folder") from None
    except OSError:
        path.unlink(missing_ok=True)  # half a template would keep the whole one from being written
        raise
    return path
