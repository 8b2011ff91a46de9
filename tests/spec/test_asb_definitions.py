"""The same calls under several definitions, against figures counted by hand from a table of sixteen kinds of call."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from crimelib.areas import AreaBook
from crimelib.board.asb import AsbPage, conclusion, moved_tags
from crimelib.board.charts import Chart
from crimelib.board.item import Board
from crimelib.board.tables import Table
from crimelib.errors import InputError
from crimelib.measures.asb import asb_monthly, definitions, selected
from crimelib.settings import AsbDefinition, Settings, load_settings
from crimelib.tables.clean import clean
from crimelib.tables.store import Store

SETTINGS = load_settings()
BROMLEY = AreaBook.of(SETTINGS).find("Bromley")
HEADER = "incident_id,date,hour,area_code,ward_code,heading,qualifier,opening_code,opening_text"
# heading, qualifier, words; calls in each month of the year before, and of the year now
CALLS = """
    rowdy_inconsiderate_behaviour  personal       cars speeding past the school   1  4
    rowdy_inconsiderate_behaviour  nuisance       e-scooters too fast             2  2
    animal_problems                nuisance       cat in the garden               5  1
    animal_problems                environmental  dog mess                        1  1
    nuisance_noise                 personal       loud music next door            3  1
    trespass                       environmental  see log                         1  1
"""
LAST_BEFORE, LAST = pd.Period("2020-11"), pd.Period("2021-11")


def kinds() -> list[tuple[str, str, str, int, int]]:
    rows = [line.split() for line in CALLS.strip().splitlines()]
    return [(row[0], row[1], " ".join(row[2:-2]), int(row[-2]), int(row[-1])) for row in rows]


def extract(months: pd.PeriodIndex, extra: int = 0) -> str:
    """An extract of every month: the table's calls, and ``extra`` more calls about trespass in each."""
    lines = [HEADER]
    for month in months:
        for heading, qualifier, words, before, now in kinds():
            number = (before if month <= LAST_BEFORE else now) + (extra if heading == "trespass" else 0)
            lines += [f"{month}-07,12,E09000006,E05000109,{heading},{qualifier},,{words}"] * number
    return "\n".join([lines[0], *(f"CAD-{place:06},{line}" for place, line in enumerate(lines[1:]))]) + "\n"


def processed(folder: Path, files: dict[str, str], settings: Settings = SETTINGS) -> Store:
    for name, text in files.items():
        path = folder / "raw" / "asb_calls" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    clean(folder / "raw", folder / "processed", settings)
    return Store(folder / "processed")


def page(store: Store, period: pd.Period = LAST, settings: Settings = SETTINGS) -> AsbPage:
    return AsbPage(Board(settings, store, BROMLEY, period, "board"))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    months = pd.period_range("2018-12", "2021-11", freq="M")
    return processed(tmp_path_factory.mktemp("asb"), {"2021-12/asb_calls.csv": extract(months)})


# counted by hand: a month's calls before and now
@pytest.mark.parametrize(
    ("definition", "before", "now"),
    [
        ("broad", 13, 10),
        ("narrow", 1 + 1, 4 + 1),  # speeding and trespass: neither the cat, the dog mess nor the music
        ("without_covid", 13, 10),
        ("speeding", 1 + 2, 4 + 2),  # "too fast" is speeding as well
        ("e_scooter", 2, 2),
        ("animal", 5 + 1, 1 + 1),
        ("noise", 3, 1),
        ("neighbours", 3, 1),  # the same calls: next door
        ("fireworks", 0, 0),
    ],
)
def test_switching_the_definition_changes_the_figures_as_counted_by_hand(
    store: Store, definition: str, before: int, now: int
) -> None:
    found = asb_monthly(store, SETTINGS, BROMLEY, definition)
    monthly = found.monthly(BROMLEY.code)
    assert set(monthly[:"2020-11"]) == {before}
    assert set(monthly["2020-12":]) == {now}
    row = page(store).by_definition.loc[definition]
    assert (row["previous"], row["current"]) == (12 * before, 12 * now)


def test_the_conclusion_changes_where_definitions_disagree(store: Store) -> None:
    said = page(store).conclusion().lines
    assert said[0].startswith("The conclusion changes with the definition: Broad, a fall; Narrow, a rise;")
    assert "Narrow: 60 against 24, +150%" in said[0]
    assert "Speeding, a rise (72 against 36, +100%)" in said[1]
    assert "Animals, a fall (24 against 72, −67%)" in said[1]
    assert said[2] == "No tag's rule reaches 12 of 120 (10%) calls now and 12 of 156 (8%) a year before."


def test_the_tables_show_labels_and_what_no_rule_reaches(store: Store) -> None:
    answer = page(store)
    for table in (answer.definitions_table(), answer.headings()):
        assert isinstance(table, Table)
        assert "_" not in table.text()
    cells = {row[0].text: [cell.text for cell in row[1:]] for row in answer.headings().rows}
    assert cells["Trespass"] == ["12", "12", "0 (0%)", "12", "100%"]
    assert cells["Animal problems"] == ["24", "72", "−48 (−67%)", "0", "0%"]
    assert cells["Begging"] == ["0", "0", "0", "0", "–"]
    assert cells["All calls"] == ["120", "156", "−36 (−23%)", "12", "10%"]
    assert isinstance(answer.definitions_chart(), Chart)
    assert isinstance(answer.tags_chart(), Chart)


def test_a_definition_of_one_s_own_is_only_a_parameter(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "parameters"
    shutil.copytree(SETTINGS.folder, folder)
    path = folder / "asb_taxonomy.yml"
    own = "  cats:\n    label: Cats\n    counts: animals, but not as a nuisance\n    tags: [animal]\n"
    path.write_text(path.read_text() + own + "    qualifiers: [environmental]\n")
    rows = page(store, settings=Settings(folder)).by_definition
    assert (rows.loc["cats", "previous"], rows.loc["cats", "current"]) == (12, 12)


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (
            "  odd:\n    label: Odd\n    counts: odd\n    tags: [no_such_tag]\n",
            "not declared: no_such_tag",
        ),
        ("  speeding:\n    label: Odd\n    counts: odd\n", "has the name of a tag"),
    ],
)
def test_a_definition_that_names_what_is_not_declared_is_refused(tmp_path: Path, own: str, said: str) -> None:
    (tmp_path / "asb_taxonomy.yml").write_text((SETTINGS.folder / "asb_taxonomy.yml").read_text() + own)
    with pytest.raises(InputError, match=said):
        _ = Settings(tmp_path).asb_taxonomy


def test_the_latest_vintage_of_a_month_wins_and_missing_months_stay_missing(tmp_path: Path) -> None:
    early = extract(pd.period_range("2019-12", "2021-09", freq="M"))
    late = extract(pd.period_range("2021-09", "2021-09", freq="M"), extra=5)
    last = extract(pd.period_range("2021-11", "2021-11", freq="M"))
    store = processed(
        tmp_path, {"2021-10/a.csv": early, "2021-11/a.csv": late, "2021-12/a.csv": last.replace("CAD-", "CAD-9")}
    )
    monthly = asb_monthly(store, SETTINGS, BROMLEY, "broad").monthly(BROMLEY.code)
    assert (monthly["2021-08"], monthly["2021-09"], monthly["2021-11"]) == (10, 15, 10)
    assert pd.isna(monthly["2021-10"])
    assert "No extract of calls covers" in str(page(store).conclusion())


def test_a_month_that_two_files_of_one_vintage_cover_is_left_out(tmp_path: Path) -> None:
    first = extract(pd.period_range("2021-08", "2021-10", freq="M"))
    second = extract(pd.period_range("2021-10", "2021-11", freq="M")).replace("CAD-", "CAD-9")
    store = processed(tmp_path, {"2021-12/a.csv": first, "2021-12/b.csv": second})
    monthly = asb_monthly(store, SETTINGS, BROMLEY, "broad").monthly(BROMLEY.code)
    assert monthly.isna().to_dict() == {
        pd.Period(m): m == "2021-10" for m in ("2021-08", "2021-09", "2021-10", "2021-11")
    }


def test_an_unknown_definition_is_refused(store: Store) -> None:
    with pytest.raises(InputError, match="no definition is called 'wide'"):
        asb_monthly(store, SETTINGS, BROMLEY, "wide")


def test_every_call_has_a_tag_or_none() -> None:
    rows = pd.DataFrame({"heading": "trespass", "qualifier": "personal", "tags": ["", "animal", "animal;noise"]})
    tagged = pd.concat([selected(rows, each) for name, each in definitions(SETTINGS.asb_taxonomy).items()
                        if name in SETTINGS.asb_taxonomy.tags], axis="columns").any(axis="columns")  # fmt: skip
    untagged = selected(rows, AsbDefinition(label="none", counts="none", untagged=True))
    assert list(untagged) == [True, False, False]
    assert list(tagged) == [False, True, True]


def test_a_doubted_month_leaves_the_conclusion_open() -> None:
    row = {"label": "Broad", "current": 10, "previous": 20, "pct_change": -50.0, "signal": ""}
    assert conclusion([row]) == (
        "Whether the conclusion changes cannot be told: a month looks short of data. Broad: 10 against 20, −50%."
    )
    assert moved_tags([row]) == "None of the 1 local tags changed by more than chance."
