"""This project's own templates: calls about anti-social behaviour, vehicle thefts, partner returns, the survey."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from crimelib.illustrative.calibration import Calibration, Heading, VehicleClass, calendar
from crimelib.illustrative.counts import Offences, generator, monthly_counts, ward_counts
from crimelib.settings import read_yaml


def asb_call_files(calibration: Calibration) -> dict[str, bytes]:
    """The calls, one file a financial year, by path below raw."""
    table = _calls(calibration)
    start = table["date"].dt.year - (table["date"].dt.month < 4)
    years = start.astype(str) + "-" + (start + 1).astype(str).str[2:]
    return {f"asb_calls/{calibration.vintage}/asb_calls_{year}.csv": _csv(part) for year, part in table.groupby(years)}


def vehicle_theft_file(calibration: Calibration, offences: Offences) -> dict[str, bytes]:
    """The thefts, as many in each ward and month as the recorded-crime files count."""
    rng, thefts = generator(calibration, "vehicle_thefts"), calibration.vehicle_thefts
    ward, month = _events(offences.local(offences.recorded["vehicle_theft"]))
    kind = _vehicle_classes(calibration, rng, month)
    table = pd.DataFrame(
        {
            "month": calendar(calibration).months[month].astype(str),
            "area_code": calibration.borough.code,
            "ward_code": _ward_codes(calibration)[ward],
            "vehicle_class": kind,
            "make": _by_class(rng, kind, {n: (list(c.makes), c.makes.values()) for n, c in thefts.classes.items()}),
            "value_band": _by_class(rng, kind, {n: (thefts.value_bands, c.values) for n, c in thefts.classes.items()}),
            "method": _by_class(rng, kind, {n: (thefts.methods, c.methods) for n, c in thefts.classes.items()}),
            "recovered": rng.choice(["yes", "no", "not_known"], size=len(kind), p=thefts.recovered),
        }
    ).sort_values("month", kind="stable")
    table.insert(0, "record_id", _ids("TMV", len(table)))
    return {f"vehicle_thefts/{calibration.vintage}/vehicle_thefts.csv": _csv(table)}


def partner_return_files(calibration: Calibration) -> dict[str, bytes]:
    """Each partner's monthly counts, a file an organisation; a month not returned has no row."""
    months, returns = calendar(calibration), calibration.partner_returns
    blocks = []
    for name, indicator in returns.indicators.items():
        counts = monthly_counts(generator(calibration, f"partner {name}"), calibration, indicator)
        full = counts >= (indicator.full_at or np.inf)
        table = pd.DataFrame(
            {
                "month": months.months.astype(str),
                "organisation": indicator.organisation,
                "indicator": name,
                "area_code": calibration.borough.code,
                "count": counts,
                "capacity_note": np.where(full, indicator.capacity_note, ""),
                "revision": "",
            }
        )
        blocks.append(table[(table["month"] >= returns.first_month) & ~table["month"].isin(indicator.unreturned)])
    table = pd.concat(blocks).sort_values("month", kind="stable")
    folder = f"partner_returns/{calibration.vintage}"
    return {f"{folder}/partner_returns_{name}.csv": _csv(rows) for name, rows in table.groupby("organisation")}


def local_survey_file(calibration: Calibration, questionnaire: Path) -> dict[str, bytes]:
    """Responses to the questions that stand in ``questionnaire.yml``."""
    form, survey = read_yaml(questionnaire), calibration.local_survey
    rng = generator(calibration, "local_survey")
    number, shares = survey.responses, np.array([ward.share for ward in calibration.wards.values()])
    answers = {
        name: _answers(rng, question, survey.positive.get(name), number) for name, question in form["questions"].items()
    }
    table = pd.DataFrame(
        {
            "response_id": _ids("R", number),
            "survey_date": np.sort(rng.choice(survey.days, size=number)),
            "area_code": calibration.borough.code,
            "ward_code": rng.choice(list(calibration.wards), size=number, p=shares / shares.sum()),
            "age_band": rng.choice(form["age_bands"], size=number),
            "sex": rng.choice(form["sexes"], size=number, p=_mostly_first_two(len(form["sexes"]))),
            **answers,
        }
    )
    return {f"local_survey/{calibration.vintage}/local_survey.csv": _csv(table)}


# --- calls ---------------------------------------------------------------------------------------------------


def _calls(calibration: Calibration) -> pd.DataFrame:
    rng, asb, months = generator(calibration, "asb_calls"), calibration.asb_calls, calendar(calibration)
    counts = ward_counts(rng, calibration, asb.calls, monthly_counts(rng, calibration, asb.calls))
    counts[:, : months.position(asb.first_month)] = 0
    ward, month = _events(counts)
    covid = rng.random(len(month)) < asb.covid_share * months.stringency[month]
    heading = np.where(covid, asb.covid_heading, _headings(calibration, rng, month))
    day = (rng.random(len(month)) * months.months.days_in_month.to_numpy()[month]).astype(np.int64)
    hours = np.array(asb.hours) / sum(asb.hours)
    said = {name: (chosen.texts, None) for name, chosen in asb.headings.items()}
    text = np.where(covid, rng.choice(asb.covid_texts, size=len(month)), _by_class(rng, heading, said))
    untold = rng.random(len(month)) < asb.untold
    table = pd.DataFrame(
        {
            "date": months.months[month].to_timestamp() + pd.to_timedelta(day, unit="D"),
            "hour": rng.choice(24, size=len(month), p=hours),
            "area_code": calibration.borough.code,
            "ward_code": _ward_codes(calibration)[ward],
            "heading": heading,
            "qualifier": _by_class(rng, heading, _qualifiers(asb.headings)),
            "opening_code": np.where(untold, "", _codes(asb.headings, heading)),
            "opening_text": np.where(untold, rng.choice(asb.untold_texts, size=len(month)), text),
        }
    ).sort_values(["date", "hour"], kind="stable")
    table.insert(0, "incident_id", _ids("CAD", len(table)))
    return table


def _headings(calibration: Calibration, rng: np.random.Generator, month: np.ndarray) -> np.ndarray:
    """A heading for each call; fireworks have their own months."""
    asb = calibration.asb_calls
    shares = np.array([heading.share for heading in asb.headings.values()])
    names = np.array(list(asb.headings))
    quiet = np.where(names == asb.fireworks_heading, shares / 10, shares)
    in_season = np.isin(calendar(calibration).months.month.to_numpy()[month], asb.fireworks_months)
    return np.where(
        in_season,
        rng.choice(names, size=len(month), p=shares / shares.sum()),
        rng.choice(names, size=len(month), p=quiet / quiet.sum()),
    )


def _qualifiers(headings: dict[str, Heading]) -> dict[str, tuple]:
    return {name: (("personal", "nuisance", "environmental"), heading.qualifier) for name, heading in headings.items()}


def _codes(headings: dict[str, Heading], chosen: np.ndarray) -> np.ndarray:
    return pd.Series(chosen).map({name: heading.code for name, heading in headings.items()}).to_numpy()


# --- vehicles ------------------------------------------------------------------------------------------------


def _vehicle_classes(calibration: Calibration, rng: np.random.Generator, month: np.ndarray) -> np.ndarray:
    """A class for each theft: exact totals in the two windows, the earlier window's shares before them."""
    months, classes = calendar(calibration), calibration.vehicle_thefts.classes
    before = _class_totals(classes, "previous")
    chosen = rng.choice(list(classes), size=len(month), p=before / before.sum()).astype(object)
    for window, which in ((months.previous, "previous"), (months.current, "current")):
        inside = (month >= window.start) & (month < window.stop)
        chosen[inside] = rng.permutation(np.repeat(list(classes), _class_totals(classes, which)))
    return chosen


def _class_totals(classes: dict[str, VehicleClass], window: str) -> np.ndarray:
    return np.array([getattr(vehicle, window) for vehicle in classes.values()])


# --- all ---------------------------------------------------------------------------------------------------


def _events(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One element an event: its ward's row and its month's column."""
    ward, month = np.nonzero(counts)
    repeats = counts[ward, month]
    return np.repeat(ward, repeats), np.repeat(month, repeats)


def _ward_codes(calibration: Calibration) -> np.ndarray:
    """Ward codes by row; the last row, without a ward, is empty."""
    return np.array([*calibration.wards, ""])


def _by_class(rng: np.random.Generator, kind: np.ndarray, choices: dict[str, tuple]) -> np.ndarray:
    """For each element a choice from those of its class: ``choices`` gives options and weights (None: even)."""
    chosen = np.empty(len(kind), dtype=object)
    for name, (options, weights) in choices.items():
        inside = kind == name
        chances = None if weights is None else np.array(list(weights)) / sum(weights)
        chosen[inside] = rng.choice(list(options), size=int(inside.sum()), p=chances)
    return chosen


def _answers(rng: np.random.Generator, question: dict, positive: float | None, number: int) -> np.ndarray:
    """Answers in which the positive ones have the chance given, or all have the same."""
    good = np.isin(question["answers"], question.get("positive", ()))
    if positive is None:
        return rng.choice(question["answers"], size=number)
    chances = np.where(good, positive / good.sum(), (1 - positive) / (~good).sum())
    return rng.choice(question["answers"], size=number, p=chances)


def _mostly_first_two(options: int) -> np.ndarray:
    """Chances of 0.48 for the first two options and a small rest for the others."""
    chances = np.full(options, 0.04 / max(options - 2, 1))
    chances[:2] = 0.48
    return chances / chances.sum()


def _ids(prefix: str, number: int) -> list[str]:
    return [f"{prefix}-{position:06d}" for position in range(1, number + 1)]


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d").encode()
