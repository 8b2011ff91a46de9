"""The illustrative files: what they say, the publishers' traps they carry, and that they never touch anything else."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crimelib.errors import InputError
from crimelib.illustrative import sample, write_sample
from crimelib.illustrative.calibration import load_calibration
from crimelib.illustrative.contents import folders, sample_files
from crimelib.illustrative.counts import scale_to_total
from crimelib.settings import Settings, load_settings, read_yaml
from crimelib.sources.discovery import discover
from crimelib.sources.registry import MODULES, reader_of

PREVIOUS = pd.period_range("2019-12", "2020-11", freq="M").astype(str)
CURRENT = pd.period_range("2020-12", "2021-11", freq="M").astype(str)
BROMLEY = "E09000006"
VINTAGE = "illustrative-2021-12"


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings()


@pytest.fixture(scope="module")
def files(settings: Settings) -> dict[str, bytes]:
    return sample_files(settings)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> tuple[Path, list[Path]]:
    """A raw folder as `crimelib sample` leaves it, and what the command said it holds."""
    raw = tmp_path_factory.mktemp("illustrative") / "raw"
    return raw, write_sample(raw, settings)


def table(files: dict[str, bytes], *parts: str) -> pd.DataFrame:
    """The files whose paths hold every part, as one table of text."""
    found = [data for name, data in sorted(files.items()) if all(part in name for part in parts)]
    assert found, f"no file is named {parts}"
    return pd.concat([pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False) for data in found])


def recorded(files: dict[str, bytes], level: str, part: str, vintage: str = VINTAGE) -> pd.DataFrame:
    """Recorded crime as rows of category, area, month and count."""
    wide = table(files, vintage, f"MPS {level} Level Crime ({part})")
    keys = [column for column in wide if not column.isdigit()]
    rows = wide.melt(keys, var_name="month", value_name="count")
    return rows.assign(month=rows["month"].str[:4] + "-" + rows["month"].str[4:], count=rows["count"].astype(int))


def windows(rows: pd.DataFrame) -> tuple[int, int]:
    """The two twelve-month totals, the earlier first."""
    counts = rows["count"].astype(int)
    return int(counts[rows["month"].isin(PREVIOUS)].sum()), int(counts[rows["month"].isin(CURRENT)].sum())


def bromley_crime(files: dict[str, bytes], major: str, minor: str = "") -> tuple[int, int]:
    rows = recorded(files, "Borough", "most recent 24 months")
    chosen = (rows["LookUp_BoroughName"] == "Bromley") & (rows["MajorText"] == major)
    return windows(rows[chosen & rows["MinorText"].str.startswith(minor)])


def dashboard(files: dict[str, bytes], measure: str = "Offences") -> pd.DataFrame:
    rows = table(files, "mps_monthly_dashboard")
    rows = rows[rows["Measure"] == measure]
    months = rows["Month_Year"].str[6:] + "-" + rows["Month_Year"].str[3:5]
    return rows.assign(month=months, count=rows["Count"].astype(int))


def bromley_dashboard(files: dict[str, bytes], subtype: str) -> tuple[int, int]:
    rows = dashboard(files)
    return windows(rows[(rows["Area Code"] == BROMLEY) & (rows["Crime Subtype"] == subtype)])


# --- what the pack for November 2021 says -----------------------------------------------------------------------


def test_sexual_offences_go_from_600_to_606(files: dict[str, bytes]) -> None:
    assert bromley_crime(files, "Sexual Offences") == (600, 606)


def test_burglary_is_down_by_a_fifth_with_a_covid_trough(files: dict[str, bytes]) -> None:
    previous, current = bromley_crime(files, "Burglary")
    assert round(100 * (current - previous) / previous) == -20
    rows = recorded(files, "Borough", "most recent 24 months")
    monthly = rows[(rows["LookUp_BoroughName"] == "Bromley") & (rows["MajorText"] == "Burglary")]
    monthly = monthly.groupby("month")["count"].sum()
    assert monthly["2020-04"] < 0.75 * monthly["2020-02"]


def test_vehicle_thefts_rise_and_mopeds_most(files: dict[str, bytes]) -> None:
    previous, current = bromley_crime(files, "Vehicle Offences", "Theft or Taking")
    assert current > 1.1 * previous
    thefts = table(files, "vehicle_thefts").assign(count=1)
    ratio = {kind: np.divide(*windows(rows)[::-1]) for kind, rows in thefts.groupby("vehicle_class")}
    assert max(ratio, key=lambda kind: ratio[kind]) == "moped_scooter"


@pytest.mark.parametrize(
    ("subtype", "low", "high"),
    [
        ("Domestic Abuse", -14.04, -13.95),
        ("Hate crime", 16.5, 17.4),
        ("Racist Crime", 5, 30),
        ("Knife Crime", -30, -5),
        ("Gun Crime", -40, -5),
        ("Domestic Abuse violence with injury", -20, 0),
    ],
)
def test_dashboard_changes(files: dict[str, bytes], subtype: str, low: float, high: float) -> None:
    previous, current = bromley_dashboard(files, subtype)
    assert low <= 100 * (current - previous) / previous <= high


def test_asb_is_static_and_2020_is_swollen_by_covid_calls(files: dict[str, bytes]) -> None:
    calls = table(files, "asb_calls")
    calls = calls.assign(month=calls["date"].str[:7], count=1)
    previous, current = windows(calls)
    assert abs(current - previous) <= 0.01 * previous
    april = calls.groupby("month")["count"].sum()
    assert april["2020-04"] > 1.5 * april["2019-04"]
    covid = calls["opening_text"].str.contains("covid")
    assert covid[calls["month"] == "2020-04"].mean() > 0.2
    assert not covid[calls["month"] < "2020-03"].any()


def test_partner_services_see_more(files: dict[str, bytes]) -> None:
    returns = table(files, "partner_returns")
    for indicator in ("idva_clients", "rehousing_requests", "children_referrals"):
        previous, current = windows(returns[returns["indicator"] == indicator])
        assert current > previous, indicator


def test_knowing_the_ward_officer_is_low_and_falling(files: dict[str, bytes]) -> None:
    survey = table(files, "mopac_pas")
    chosen = survey[(survey["Borough"] == "Bromley") & (survey["Measure"] == "Contact ward officer")]
    proportion = chosen.set_index("Date")["Proportion"].astype(float)
    assert proportion.index[-1] == "9/30/2021"
    assert proportion["9/30/2021"] < proportion["9/30/2020"] < 0.5


# --- the publishers' traps --------------------------------------------------------------------------------------


def test_rows_of_zeros_are_left_out(files: dict[str, bytes]) -> None:
    rows = recorded(files, "Ward", "most recent 24 months")
    totals = rows.groupby(["MajorText", "MinorText", "WardCode"])["count"].sum()
    assert totals.min() > 0
    assert len(totals) < 22 * rows["MinorText"].nunique()


def test_categories_are_renamed_between_the_files(files: dict[str, bytes]) -> None:
    minors = [set(recorded(files, "Borough", part)["MinorText"]) for part in ("Historical", "most recent 24 months")]
    assert "Burglary - Residential" in minors[0] - minors[1]
    assert "Domestic Burglary" in minors[1] - minors[0]


def test_months_join_without_gap_or_overlap(files: dict[str, bytes]) -> None:
    months = [set(recorded(files, "Borough", part)["month"]) for part in ("Historical", "most recent 24 months")]
    expected = pd.period_range("2017-04", "2021-11", freq="M").astype(str)
    assert sorted(months[0] | months[1]) == list(expected)
    assert not months[0] & months[1]


def test_wards_fall_about_one_per_cent_short_of_the_borough(files: dict[str, bytes]) -> None:
    borough = recorded(files, "Borough", "most recent 24 months")
    whole = borough.loc[borough["LookUp_BoroughName"] == "Bromley", "count"].sum()
    wards = recorded(files, "Ward", "most recent 24 months")["count"].sum()
    assert 0.98 < wards / whole < 0.995


def test_line_endings_and_trailing_columns(files: dict[str, bytes]) -> None:
    ends = {name.rsplit("/", 1)[1]: b"\r\n" in data for name, data in files.items()}
    assert ends["MPS Borough Level Crime (Historical).csv"]
    assert not ends["MPS Borough Level Crime (most recent 24 months).csv"]
    survey = files[f"mopac_pas/{VINTAGE}/PAS_Dashboard_Borough.csv"].splitlines()
    assert all(line.endswith(b",,,,") for line in survey)


def test_dashboard_leaves_zeros_out_and_carries_two_refresh_dates(files: dict[str, bytes]) -> None:
    rows = table(files, "mps_monthly_dashboard")
    assert (rows["Count"].astype(int) > 0).all()
    assert rows["Refresh Date"].nunique() == 2
    assert {"Shortlands", "Shortl&s"} <= set(rows["Area Name"])
    spelt = rows["Crime Subtype"][rows["Crime Subtype"].str.casefold().str.endswith("violence with injury")]
    assert spelt.nunique() == 2


def test_strands_do_not_add_up_to_hate_crime(files: dict[str, bytes]) -> None:
    rows = dashboard(files)
    rows = rows[(rows["Area Code"] == BROMLEY) & (rows["Crime Type"] == "Hate crime")]
    totals = rows.groupby("Crime Subtype")["count"].sum()
    assert totals.drop("Hate crime").sum() > totals["Hate crime"]
    assert totals.drop("Hate crime").max() < totals["Hate crime"]


def test_domestic_violence_with_injury_is_part_of_violence_with_injury(files: dict[str, bytes]) -> None:
    whole = recorded(files, "Ward", "most recent 24 months")
    whole = whole[whole["MinorText"] == "Violence with Injury"].set_index(["WardCode", "month"])["count"]
    part = dashboard(files)
    part = part[part["Crime Subtype"] == "Domestic Abuse violence with injury"]
    part = part[part["Area Code"].str.startswith("E05") & (part["month"] >= PREVIOUS[0])]
    part = part.set_index(["Area Code", "month"])["count"]
    assert len(part) > 100
    assert (part <= whole.reindex(part.index)).all()


def test_older_vintage_is_revised_upward(files: dict[str, bytes]) -> None:
    parts = {v: recorded(files, "Borough", "most recent 24 months", v) for v in (VINTAGE, "illustrative-2021-10")}
    newest, older = (
        rows[rows["LookUp_BoroughName"] == "Bromley"].groupby("month")["count"].sum() for rows in parts.values()
    )
    assert older.index[-1] == "2021-09"
    assert older["2021-09"] < newest["2021-09"]
    assert older["2020-06"] == newest["2020-06"]


def test_street_files_have_no_ids_for_asb_repeat_some_and_leave_some_places_blank(files: dict[str, bytes]) -> None:
    rows = table(files, "police_uk", "-street.csv")
    asb = rows["Crime type"] == "Anti-social behaviour"
    assert (rows.loc[asb, "Crime ID"] == "").all()
    assert rows.loc[~asb, "Crime ID"].str.fullmatch("[0-9a-f]{64}").all()
    assert 0 < rows.loc[~asb, "Crime ID"].duplicated().mean() < 0.05
    assert 0 < (rows["LSOA code"] == "").mean() < 0.05
    assert len(rows["Month"].unique()) == 24


def test_a_month_not_returned_is_absent(files: dict[str, bytes]) -> None:
    returns = table(files, "partner_returns")
    months = set(returns.loc[returns["indicator"] == "rehousing_requests", "month"])
    assert "2019-08" not in months
    assert {"2019-07", "2019-09"} <= months


def test_thefts_are_as_many_as_the_recorded_ones_every_month(files: dict[str, bytes]) -> None:
    rows = pd.concat([recorded(files, "Borough", part) for part in ("Historical", "most recent 24 months")])
    rows = rows[(rows["LookUp_BoroughName"] == "Bromley") & rows["MinorText"].str.startswith("Theft or Taking")]
    extract = table(files, "vehicle_thefts").groupby("month").size()
    assert rows.set_index("month")["count"].to_dict() == extract.to_dict()


# --- in step with the other parameters ----------------------------------------------------------------------------


def test_headings_and_partners_are_those_of_the_parameters(settings: Settings) -> None:
    calibration = load_calibration(settings)
    taxonomy = read_yaml(settings.folder / "asb_taxonomy.yml")
    partners = read_yaml(settings.folder / "partners.yml")
    assert set(calibration.asb_calls.headings) == set(taxonomy["headings"])
    assert {one.organisation for one in calibration.partner_returns.indicators.values()} <= set(
        partners["organisations"]
    )
    assert set(calibration.partner_returns.indicators) == set(partners["indicators"])


def test_areas_are_those_of_the_parameters(settings: Settings) -> None:
    calibration = load_calibration(settings)
    known = {area.code: area.name for area in settings.areas}
    assert {code: known[code] for code in calibration.other_boroughs} == {
        code: other.name for code, other in calibration.other_boroughs.items()
    }
    assert len(calibration.other_boroughs) == 31


def test_shares_are_chances(settings: Settings) -> None:
    calibration = load_calibration(settings)
    headings = calibration.asb_calls.headings.values()
    assert sum(heading.share for heading in headings) == pytest.approx(1)
    assert all(sum(heading.qualifier) == pytest.approx(1) for heading in headings)
    assert sum(calibration.police_uk.outcomes.values()) == pytest.approx(1)
    thefts, recorded_thefts = calibration.vehicle_thefts.classes.values(), calibration.recorded_crime["vehicle_theft"]
    assert sum(one.previous for one in thefts) == recorded_thefts.previous
    assert sum(one.current for one in thefts) == recorded_thefts.current


@pytest.mark.parametrize(
    ("counts", "total", "expected"),
    [([1, 1, 1], 4, [2, 1, 1]), ([5, 0, 5], 3, [2, 0, 1]), ([0, 0], 3, [2, 1]), ([10, 30], 4, [1, 3])],
)
def test_scaling_keeps_proportions_and_adds_up(counts: list[int], total: int, expected: list[int]) -> None:
    assert scale_to_total(np.array(counts), total).tolist() == expected


# --- writing ------------------------------------------------------------------------------------------------------


@pytest.fixture
def few_files(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> dict[str, bytes]:
    """One small file a folder, in place of the real ones."""
    contents = {f"{folder}/a.csv": folder.encode() for folder in folders(load_calibration(settings))}
    monkeypatch.setattr(sample, "sample_files", lambda settings: contents)
    return contents


def seen(raw: Path) -> dict[str, bytes]:
    """Every file a reader would find, by its path."""
    paths = [path for path in raw.rglob("*") if path.is_file()]
    visible = [path for path in paths if not any(part.startswith(".") for part in path.relative_to(raw).parts)]
    return {path.relative_to(raw).as_posix(): path.read_bytes() for path in visible}


def test_the_same_bytes_every_time(written: tuple[Path, list[Path]], files: dict[str, bytes]) -> None:
    raw, paths = written
    assert seen(raw) == files
    assert {path.relative_to(raw).as_posix() for path in paths} == set(files)


def test_every_source_reads_its_files_and_rejects_no_row(written: tuple[Path, list[Path]], settings: Settings) -> None:
    found = discover(written[0], MODULES)
    assert all(file.is_illustrative for file in found)
    street = [file for file in found if file.source == "police_uk"]
    for file in (one for one in found if one not in street[1:]):
        cleaned = reader_of(file.source)(file, settings)
        assert cleaned.rejected.empty, file.label
        assert cleaned.tables, file.label


def test_a_second_run_writes_nothing(tmp_path: Path, settings: Settings, few_files: dict[str, bytes]) -> None:
    told: list[str] = []
    first = write_sample(tmp_path, settings, told.append)
    stamps = {path: path.stat().st_mtime_ns for path in first}
    assert len(told) == len(few_files)
    assert write_sample(tmp_path, settings, told.append) == first
    assert len(told) == len(few_files)
    assert stamps == {path: path.stat().st_mtime_ns for path in first}


def test_a_missing_file_is_written_again(tmp_path: Path, settings: Settings, few_files: dict[str, bytes]) -> None:
    first = write_sample(tmp_path, settings)
    first[0].unlink()
    write_sample(tmp_path, settings)
    assert seen(tmp_path) == few_files


def test_a_changed_calibration_replaces_our_own_files(
    tmp_path: Path, settings: Settings, few_files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_sample(tmp_path, settings)
    changed = {name: data + b" again" for name, data in few_files.items()}
    monkeypatch.setattr(sample, "sample_files", lambda settings: changed)
    monkeypatch.setattr(sample, "sample_digest", lambda settings: "another")
    write_sample(tmp_path, settings)
    assert seen(tmp_path) == changed


@pytest.mark.usefixtures("few_files")
@pytest.mark.parametrize("name", ["real.csv", "a.csv"])
def test_a_file_of_somebody_else_is_never_touched(tmp_path: Path, settings: Settings, name: str) -> None:
    folder = tmp_path / "mps_vawg" / VINTAGE
    write_sample(tmp_path, settings)
    (folder / name).write_bytes(b"real")
    before = seen(tmp_path)
    with pytest.raises(InputError, match=name):
        write_sample(tmp_path, settings)
    assert seen(tmp_path) == before


def test_real_vintages_stay_as_they_are(tmp_path: Path, settings: Settings, few_files: dict[str, bytes]) -> None:
    real = tmp_path / "mps_vawg" / "2023-08" / "vawg_offences_location.csv"
    real.parent.mkdir(parents=True)
    real.write_bytes(b"real")
    write_sample(tmp_path, settings)
    assert real.read_bytes() == b"real"
    assert len(seen(tmp_path)) == len(few_files) + 1


def test_a_run_that_dies_leaves_no_partial_folder(
    tmp_path: Path, settings: Settings, few_files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(folder: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_sample(tmp_path, settings, dies)
    assert seen(tmp_path).items() <= few_files.items()
    write_sample(tmp_path, settings)
    assert seen(tmp_path) == few_files


def test_what_a_killed_run_left_aside_is_cleared(
    tmp_path: Path, settings: Settings, few_files: dict[str, bytes]
) -> None:
    left = tmp_path / f"{sample.ASIDE}killed" / "mps_vawg"
    left.mkdir(parents=True)
    write_sample(tmp_path, settings)
    assert not left.parent.exists()
    assert seen(tmp_path) == few_files


def test_a_mistyped_key_is_refused_by_name(tmp_path: Path, settings: Settings) -> None:
    text = (settings.folder / "illustrative.yml").read_text(encoding="utf-8")
    (tmp_path / "illustrative.yml").write_text(text.replace("unallocated:", "unalocated:"), encoding="utf-8")
    with pytest.raises(InputError, match="unal"):
        write_sample(tmp_path / "raw", Settings(tmp_path))


def test_recent_and_non_recent_sexual_offences_add_up_to_those_recorded(files: dict[str, bytes]) -> None:
    rows = pd.read_csv(io.BytesIO(files[f"offence_recency/{VINTAGE}/offence_recency.csv"]))
    current = rows[rows["month"].isin(CURRENT)]
    assert current.groupby("measure")["count"].sum().to_dict() == {"other_sexual_offences": 410, "rape": 196}
    assert set(rows.groupby(["month", "measure"])["recency"].nunique()) == {3}
