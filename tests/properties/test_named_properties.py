"""What must hold of rates, revisions, exports, periods and protection, whatever the figures."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from often import OFTEN, READING

from crimelib.disclosure.protect import FIGURES, protect
from crimelib.errors import InputError
from crimelib.measures.periods import WINDOWS, month_label, parse_period, previous_months, window_months
from crimelib.measures.rates import per_1000
from crimelib.production.exports import inert_text, write_csv
from crimelib.settings import load_settings
from crimelib.tables.revisions import Releases, revision_table

SETTINGS = load_settings()
BROMLEY = next(area for area in SETTINGS.areas if area.name == "Bromley")
COUNT = st.integers(0, 999_999)
MONTH = st.builds(lambda n: pd.Period(ordinal=n, freq="M"), st.integers(-800, 1500))
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=20)


@OFTEN
@given(st.lists(st.tuples(COUNT, st.integers(1, 999_999)), min_size=1, max_size=40), st.integers(1, 9))
def test_rates_scale_with_the_counts_and_against_the_residents(pairs: list[tuple[int, int]], times: int) -> None:
    counts, numbers = (pd.Series(column) for column in zip(*pairs, strict=True))
    rates = per_1000(counts, numbers)
    pd.testing.assert_series_equal(per_1000(times * counts, numbers), times * rates)
    pd.testing.assert_series_equal(per_1000(counts, times * numbers), rates / times)


@OFTEN
@given(MONTH)
def test_a_period_is_read_as_it_is_written_or_refused(month: pd.Period) -> None:
    if 1900 <= month.year <= 2099:
        assert parse_period(str(month)) == month
        assert pd.Period(month_label(month), freq="M") == month
    else:
        with pytest.raises(InputError, match="is not a month"):
            parse_period(str(month))


@OFTEN
@given(MONTH, st.sampled_from(WINDOWS))
def test_a_window_ends_with_its_month_and_the_one_before_lies_a_year_back(month: pd.Period, window: str) -> None:
    now, before = window_months(month, window), previous_months(month, window)
    assert now[-1] == month
    assert before[-1] == month - 12
    assert len(now) == len(before) <= 12
    assert not set(now) & set(before)


@OFTEN
@given(TEXT)
def test_made_inert_a_text_starts_no_formula_and_a_second_time_changes_nothing(text: str) -> None:
    inert = inert_text(text)
    assert inert_text(inert) == inert
    assert inert in (text, f"'{text}")
    try:
        float(str(inert))
    except ValueError:
        assert str(inert).lstrip()[:1] not in ("=", "+", "-", "@")


@OFTEN
@given(st.lists(st.tuples(TEXT, st.integers(-999_999, 999_999), st.none() | st.integers(0, 99)), min_size=1))
def test_an_export_reads_back_as_it_was(rows: list[tuple]) -> None:
    frame = pd.DataFrame(rows, columns=["label", "change", "count"]).astype({"count": "Int64"})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        write_csv(frame, path)
        back = pd.read_csv(path, keep_default_na=False, dtype=str)
    assert list(back["label"]) == [inert_text(text) for text, _, _ in rows]
    assert list(back["change"]) == [str(change) for _, change, _ in rows]
    assert list(back["count"]) == ["" if count is None else str(count) for _, _, count in rows]


# Two items stand for all, so that a table takes a hundredth of a second.
TWO = SimpleNamespace(
    items={name: SETTINGS.items[name] for name in ("weapons", "burglary")},
    quality=SETTINGS.quality,
    sources=SETTINGS.sources,
)
SERIES = sorted(
    {series for item in TWO.items.values() for m in item.measures.values() for f in m.figures for series in f.add}
)


@READING
@given(st.dictionaries(st.tuples(st.sampled_from(SERIES), st.integers(1, 11)), COUNT, min_size=1))
def test_a_file_against_itself_revises_nothing(cells: dict) -> None:
    rows = [{"series": series, "month": f"2021-{month:02}", "count": count} for (series, month), count in cells.items()]
    known = {"basis": "mps_dashboard", "source": "s", "area_code": BROMLEY.code}
    files = [pd.DataFrame(rows).assign(**known, vintage=f"v{order}", vintage_order=order) for order in (0, 1)]
    releases = Releases.of(pd.concat(files, ignore_index=True), BROMLEY.code)
    table = revision_table(releases, TWO, BROMLEY, parse_period("2021-11"))
    assert not table["change"].any()


@OFTEN
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=2, max_size=8))
def test_what_is_protected_stays_as_it_is_when_protected_again(wards: list[tuple[int, int]]) -> None:
    base = {"item": "domestic_abuse", "measure": "domestic_vwi", "window": "rolling_12", "period": "2021-11"}
    ward = [
        {"breakdown": "ward", "breakdown_value": f"W{n}", "current": now, "previous": before}
        for n, (now, before) in enumerate(wards)
    ]
    sums = {"current": sum(now for now, _ in wards), "previous": sum(before for _, before in wards)}
    rows = pd.DataFrame([{"breakdown": "total", "breakdown_value": "", **sums}, *ward])
    rows = rows.assign(**base, area_name="Bromley", breakdown_label="", signal="", status="ok", note="")
    rows = rows.assign(**{name: 1.0 for name in FIGURES if name not in ("current", "previous")})
    rows = rows.astype(dict.fromkeys(FIGURES, object))
    once = protect(rows, "board", SETTINGS.disclosure, ["domestic_vwi"])
    twice = protect(once, "board", SETTINGS.disclosure, ["domestic_vwi"])
    pd.testing.assert_frame_equal(once, twice)
