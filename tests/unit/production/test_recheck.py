"""A pack's sentences and figures against the stored tables: what follows passes, whatever was changed is found."""

import json
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from crimelib.areas import AreaBook
from crimelib.board.item import Board
from crimelib.board.perception import perception_sentences
from crimelib.errors import CrimelibError
from crimelib.measures.periods import WINDOWS
from crimelib.measures.series import Counts, histories, window_figures
from crimelib.production import run
from crimelib.production.execute import NotebookRun
from crimelib.production.pack import RECORD, pack_path, read_record, seal, sha256_file, verify_pack
from crimelib.production.recheck import recheck
from crimelib.production.recount import Line, recount
from crimelib.production.run import run_pack
from crimelib.settings import PROJECT_ROOT, Basis, Break, Figures, Settings, load_settings
from crimelib.tables.store import PARTS, Catalogue, Entry, Store, write_catalogue, write_part

BROMLEY, PERIOD = "E09000006", pd.Period("2021-11", freq="M")
MONTHS = [str(month) for month in pd.period_range("2017-12", PERIOD, freq="M")]
PARAMETERS = PROJECT_ROOT / "parameters"
NOTEBOOK = "04_hate_crime.ipynb"


def counts(series: str, area: str, yearly: list[int], basis: str, level: str = "borough") -> pd.DataFrame:
    """Monthly counts that add up to each year's, year by year."""
    monthly = [total // 12 + (month < total % 12) for total in yearly for month in range(12)]
    where = {"series": series, "basis": basis, "area_level": level, "area_code": area, "parent_code": BROMLEY}
    return pd.DataFrame({"month": MONTHS, "count": monthly}).assign(**where, area_name=area)


def perception(shares: dict[str, tuple[float, float]]) -> pd.DataFrame:
    rows = [
        {"quarter_end": quarter, "area_code": BROMLEY, "measure": measure, "proportion": share}
        for measure, pair in shares.items()
        for quarter, share in zip(("2021-09", "2020-09"), pair, strict=True)
    ]
    return pd.DataFrame(rows).assign(london_proportion=0.5)


def stored(folder: Path, files: dict[tuple[str, str, str, int], pd.DataFrame]) -> Catalogue:
    """Tables below a folder: a file by ``(table, source, vintage, order)``."""
    (folder / PARTS).mkdir(parents=True)
    entries = []
    for position, ((table, source, vintage, order), rows) in enumerate(files.items()):
        write_part(folder / PARTS / f"{position}.parquet", rows)
        entries.append(
            Entry(source, vintage, f"{position}.csv", f"{position:064}", order, 0, {table: f"{position}.parquet"})
        )
    catalogue = Catalogue(tuple(entries))
    write_catalogue(folder, catalogue)
    return catalogue


@pytest.fixture(scope="module")
def processed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hate crime up from 640 to 749, violence static, two wards with few offences, one survey measure down."""
    folder = tmp_path_factory.mktemp("data") / "processed"
    dashboard, recorded = partial(counts, basis="mps_dashboard"), partial(counts, basis="mps_offence_location")
    # More wards than two, so that the withheld ones do not give each other away.
    wards = [("E05000106", 3), ("E05000107", 4), ("E05000108", 240), ("E05000109", 400)]
    stored(
        folder,
        {
            ("counts", "mps_monthly_dashboard", "illustrative-2021-12", 0): pd.concat([
                dashboard("hate_crime", BROMLEY, [500, 560, 640, 749]),
                dashboard("domestic_vwi", BROMLEY, [700, 720, 742, 664]),
            ]),
            ("counts", "mps_recorded_crime", "illustrative-2021-10", 0): recorded("vwi", BROMLEY, [9, 9, 9, 9]),
            ("counts", "mps_recorded_crime", "illustrative-2021-12", 1): recorded(
                "vwi", BROMLEY, [1900, 2000, 2021, 1990]
            ),
            ("counts", "mps_monthly_dashboard", "illustrative-2021-12w", 0): pd.concat(
                [dashboard("hate_crime", code, [size] * 4, level="ward") for code, size in wards]
            ),
            ("perception", "mopac_pas", "illustrative-2021-12", 0): perception(
                {"treat_everyone_fairly": (0.68, 0.77), "good_job": (0.58, 0.64)}
            ),
        },
    )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def board(processed: Path) -> Board:
    all_settings = load_settings(PARAMETERS)
    return Board(all_settings, Store(processed), AreaBook.of(all_settings).find("Bromley"), PERIOD, "board")


def executed(board: Board) -> nbformat.NotebookNode:
    """A notebook as it is after a run: every kind of sentence that a page shows."""
    hate, violence = board.item("hate_crime"), board.item("ndvwi")
    few = hate.sentence("hate_crime", breakdown="ward", breakdown_value="E05000106")
    shown = [
        *(hate.headline(window) for window in WINDOWS), violence.headline(), violence.sentences(),
        board.item("burglary").headline(), few, board.standing_out(), perception_sentences(board),
    ]  # fmt: skip
    outputs = [
        new_output("display_data", {**each._repr_mimebundle_(), "text/markdown": each._repr_markdown_()})
        for each in shown
    ]
    declared = new_code_cell("area = 'x'\nperiod = '2000-01'", metadata={"tags": ["parameters"]})
    return new_notebook(cells=[new_markdown_cell("# Hate crime"), declared, new_code_cell("page", outputs=outputs)])


Publish = Callable[..., Path]


@pytest.fixture(scope="module")
def publish(board: Board, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publish]:
    """Publishes a pack of one notebook, which a test may change, without a kernel."""
    folder = tmp_path_factory.mktemp("notebooks")
    source = folder / NOTEBOOK
    nbformat.write(executed(board), source)

    def copied(tasks: list[Any], parameters: object, **_: object) -> Iterator[NotebookRun]:
        for task in tasks:
            shutil.copyfile(task.source, task.target)
            yield NotebookRun(task.source.stem, "ok", 0.1)

    def publish(out: Path, summary: pd.DataFrame = board.rows) -> Path:
        raw = [
            {"source": each.source, "vintage": each.vintage, "file": each.name, "sha256": each.sha256}
            for each in board.store.catalogue.entries
        ]
        items = {"source": "parameters", "vintage": "", "file": "items.yml"}
        target = pack_path(out, "Bromley", "2021-11")
        run_pack(
            notebooks=[source], parameters={"area": "Bromley", "period": "2021-11"}, summary=summary,
            inputs=[*raw, items | {"sha256": sha256_file(PARAMETERS / "items.yml")}], target=target,
            area_name="Bromley", period="2021-11", illustrative=True, jobs=1, progress=False,
            check=partial(recheck, processed=board.store.folder, parameters=PARAMETERS),
        )  # fmt: skip
        return target

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(run, "execute_notebooks", copied)
        yield publish


@pytest.fixture(scope="module")
def published(publish: Publish, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp("reports"))


@pytest.fixture
def pack(published: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(published, tmp_path / "pack"))


def resealed(pack: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the record and compute its hashes again, as somebody would who wants it to pass."""
    record = read_record(pack)
    assert record is not None
    record.pop("outputs")
    change(record)
    seal(pack, record)
    assert verify_pack(pack) == []


def one(record: dict[str, Any], **where: str) -> dict[str, Any]:
    """The first sentence with some values in its record."""
    return next(each for each in record["sentences"] if all(each[name] == value for name, value in where.items()))


def faults(pack: Path, processed: Path, parameters: Path = PARAMETERS) -> str:
    return "\n".join(recheck(pack, processed, parameters))


def test_a_pack_follows_from_its_data(pack: Path, processed: Path) -> None:
    assert recheck(pack, processed, PARAMETERS) == []
    record = json.loads((pack / RECORD).read_text())
    assert len(record["sentences"]) >= 15
    assert one(record, measure="hate_crime", window="rolling_12")["notebook"] == NOTEBOOK
    assert {each["status"] for each in record["sentences"]} == {"ok", "suppressed", "no_data"}
    assert one(record, measure="ndvwi")["current"] == 1990 - 664
    assert record["reading_age"]["texts"] == len(record["sentences"])


def test_no_record_has_a_figure_that_is_withheld(pack: Path) -> None:
    record = json.loads((pack / RECORD).read_text())
    hidden = one(record, status="suppressed")
    assert hidden["breakdown_value"] == "E05000106"
    assert all(hidden[name] is None for name in ("current", "previous", "change", "pct_change", "detectable_pct"))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("rose 17%", "rose 71%", "says 71% where pct_change is 17"),
        ("from 640 to 749", "from 749 to 640", "says 640 where current is 749"),
        ("(109 more)", "(190 more)", "says 190 where change is 109"),
        ("rose 17%", "fell 17%", "says 'fell' where the change is 109"),
        ("109 more", "109 fewer", "says 'fewer'"),
        ("a rise this size", "a fall this size", "says 'fall'"),
        ("Hate crime", "Knife crime", "is about another measure than 'Hate crime'"),
        ("twelve months to November 2021", "twelve months to October 2021", "does not say 'in the twelve months"),
        ("is unlikely to be chance", "is certain", "is in no form"),
        ("unlikely to be chance.", "unlikely to be chance. Well done.", "is in no form"),
        (" 17%,", ",", "does not say by how many per cent"),
    ],
)
def test_altered_words_are_found(pack: Path, processed: Path, old: str, new: str, told: str) -> None:
    def alter(record: dict[str, Any]) -> None:
        sentence = one(record, measure="hate_crime", window="rolling_12")
        assert old in sentence["text"]
        sentence["text"] = sentence["text"].replace(old, new)

    resealed(pack, alter)
    found = faults(pack, processed)
    assert told in found
    assert NOTEBOOK in found
    assert "does not stand on its page" in found


@pytest.mark.parametrize(
    ("measure", "old", "new"),
    [
        ("vwi", "No clear change", "A clear change"),
        ("vwi", "could not be told from chance", "could be told from chance"),
        ("vwi", "−1.5%", "+1.5%"),
        ("vwi", "31 fewer", "the same number"),
        ("vwi", "against 2,021", "against 2,012"),
        ("treat_everyone_fairly", "68%, against 77%", "77%, against 68%"),
        ("treat_everyone_fairly", "A fall this size", "A rise this size"),
        ("good_job", "points or more", "points or less"),
        ("burglary", "no file at hand gives this", "none was recorded"),
    ],
)
def test_altered_words_of_other_forms_are_found(pack: Path, processed: Path, measure: str, old: str, new: str) -> None:
    def alter(record: dict[str, Any]) -> None:
        sentence = one(record, measure=measure)
        assert old in sentence["text"]
        sentence["text"] = sentence["text"].replace(old, new)

    resealed(pack, alter)
    words = [line for line in recheck(pack, processed, PARAMETERS) if "stand on its page" not in line]
    assert any(NOTEBOOK in line for line in words)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"current": 794}, "its record has current 794, summary.csv has 749"),
        ({"change": -109}, "its record has change -109, summary.csv has 109"),
        ({"signal": "decrease"}, "its record has signal decrease"),
        ({"measure": "knife_crime", "item": "weapons"}, "its record has current 749, summary.csv has missing"),
        ({"measure": "no_such_measure"}, "summary.csv has no such row"),
        ({"period": "2020-11"}, "its record has period 2020-11"),
    ],
)
def test_altered_records_are_found(pack: Path, processed: Path, change: dict[str, object], told: str) -> None:
    resealed(pack, lambda record: one(record, measure="hate_crime", window="rolling_12").update(change))
    assert told in faults(pack, processed)


def test_a_figure_put_into_a_withheld_record_is_found(pack: Path, processed: Path) -> None:
    resealed(pack, lambda record: one(record, status="suppressed").update(current=3))
    assert "its record has current 3, summary.csv has missing" in faults(pack, processed)


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("current", 794, "current is 794, the data give 749"),
        ("previous", 641, "previous is 641, the data give 640"),
        ("change", 10, "change is 10, the data give 109"),
        ("pct_change", 71.0, "pct_change is 71, the data give 17.0312"),
        ("signal", "decrease", "the signal 'decrease' does not agree with the change 109"),
        ("p_value", 0.6, "the signal 'increase' does not agree with the p-value 0.6"),
        ("status", "incomplete", "status is incomplete, the data give ok"),
    ],
)
def test_altered_rows_of_the_summary_are_found(
    pack: Path, processed: Path, board: Board, column: str, value: object, told: str
) -> None:
    chosen = (board.rows["measure"] == "hate_crime") & (board.rows["window"] == "rolling_12")
    rows = board.rows.copy()
    rows.loc[chosen & (rows["breakdown"] == "total"), column] = value
    rows.to_csv(pack / "summary.csv", index=False, lineterminator="\n")
    resealed(pack, lambda record: None)
    assert f"summary.csv, hate_crime hate_crime total rolling_12: {told}" in faults(pack, processed)


def test_a_row_that_is_gone_and_a_withheld_one_with_figures_are_found(
    pack: Path, processed: Path, board: Board
) -> None:
    rows = board.rows[board.rows["measure"] != "vwi"].copy()
    hidden = (rows["breakdown_value"] == "E05000106") & (rows["window"] == "rolling_12")
    rows.loc[hidden & (rows["measure"] == "hate_crime"), "current"] = 3
    rows.to_csv(pack / "summary.csv", index=False, lineterminator="\n")
    resealed(pack, lambda record: None)
    found = faults(pack, processed)
    assert "summary.csv: has no row of ndvwi vwi total rolling_12" in found
    assert "is withheld and yet has figures" in found


def test_a_sentence_left_out_of_the_record_is_found(pack: Path, processed: Path) -> None:
    resealed(pack, lambda record: record["sentences"].pop())
    assert faults(pack, processed) == "run.json: the sentences listed are not those of the executed notebooks"


def test_an_altered_page_is_found(pack: Path, processed: Path) -> None:
    page = pack / "hate_crime.html"
    page.write_text(page.read_text().replace("from 640 to 749", "from 640 to 641"))
    resealed(pack, lambda record: None)
    assert "does not stand on its page" in faults(pack, processed)


def test_a_pack_of_other_data_is_stale(pack: Path, processed: Path, tmp_path: Path) -> None:
    newer = Path(shutil.copytree(processed, tmp_path / "newer"))
    catalogue = json.loads((newer / "catalogue.json").read_text())
    catalogue["entries"][0]["sha256"] = "f" * 64
    (newer / "catalogue.json").write_text(json.dumps(catalogue))
    assert faults(pack, newer) == "cannot be rechecked: the data have changed since (0.csv)"
    catalogue["entries"].pop(0)
    (newer / "catalogue.json").write_text(json.dumps(catalogue))
    assert faults(pack, newer) == "cannot be rechecked: the data have changed since (0.csv)"


def test_a_pack_of_other_definitions_is_stale_but_new_files_do_no_harm(
    pack: Path, processed: Path, tmp_path: Path
) -> None:
    parameters = Path(shutil.copytree(PARAMETERS, tmp_path / "parameters"))
    (parameters / "periods" / "2099-01.yml").write_text("area: Bromley\n")
    assert recheck(pack, processed, parameters) == []
    items = parameters / "items.yml"
    items.write_text(items.read_text() + "\n# reworded\n")
    assert faults(pack, processed, parameters) == "cannot be rechecked: the data have changed since (items.yml)"


def test_other_tables_under_the_same_names_are_found(pack: Path, processed: Path, tmp_path: Path) -> None:
    """The raw files are the same and the cleaned ones are not: as after a change of the code that reads them."""
    other = Path(shutil.copytree(processed, tmp_path / "other"))
    part = other / PARTS / "0.parquet"
    rows = pd.read_parquet(part)
    rows.loc[(rows["series"] == "hate_crime") & (rows["month"] == "2021-11"), "count"] += 1
    write_part(part, rows)
    assert "current is 749, the data give 750" in faults(pack, other)


def test_a_broken_record_is_told(pack: Path, processed: Path) -> None:
    (pack / RECORD).write_text("{}")
    assert "run.json: missing, broken, altered" in faults(pack, processed)


def test_a_pack_that_does_not_follow_is_not_published(publish: Publish, board: Board, tmp_path: Path) -> None:
    before = publish(tmp_path)
    record = (before / RECORD).read_text()
    rows = board.rows.copy()
    rows.loc[rows["measure"] == "vwi", "current"] = 1
    with pytest.raises(CrimelibError, match="the new pack was not published: summary"):
        publish(tmp_path, rows)
    assert (before / RECORD).read_text() == record
    assert recheck(before, board.store.folder, PARAMETERS) == []


def test_the_illustrative_pack_reads_easily(illustrative_board: Board) -> None:
    from crimelib.board.reading import reading_ages

    pages = [illustrative_board.item(name) for name in illustrative_board.settings.items]
    texts = [str(page.headline()) for page in pages]
    texts += [line for page in pages for line in page.sentences().lines]
    texts += perception_sentences(illustrative_board).lines
    assert reading_ages(texts)["median"] <= 14


@pytest.fixture
def illustrative_board(tmp_path: Path) -> Board:
    folder = PROJECT_ROOT / "data" / "processed"
    if not (folder / "catalogue.json").is_file():
        pytest.skip("no illustrative data here: crimelib sample, crimelib clean")
    all_settings = load_settings(PARAMETERS)
    return Board(all_settings, Store(folder), AreaBook.of(all_settings).find("Bromley"), PERIOD, "board")


# --- the two ways of counting -------------------------------------------------------------------------------------

SMALL_MONTHS = [str(month) for month in pd.period_range("2020-07", "2022-04", freq="M")]
BASES = {
    "old": Basis(title="old", order=1), "new": Basis(title="new", order=2), "other": Basis(title="other", order=1),
}  # fmt: skip
SERIES = {"a": ("police", ("old", "new")), "b": ("police", ("old", "new")), "c": ("dashboard", ("other",))}
DEFINITIONS = (
    (Figures(add=("a",)),),
    (Figures(add=("a", "b")),),
    (Figures(add=("a", "b"), subtract=("c",)),),
    (Figures(add=("c",), subtract=("a", "b")), Figures(add=("b",))),
)
AREA = SimpleNamespace(code="A", level="borough")


@st.composite
def files(draw: st.DrawFn) -> dict[tuple[str, str, str, int], pd.DataFrame]:
    """A few files of two sources, overlapping vintages, each with some series over a run of months and holes in it."""
    made = {}
    for number in range(draw(st.integers(1, 6))):
        source = draw(st.sampled_from(["police", "police", "dashboard"]))
        order = draw(st.integers(0, 2))
        known = [(name, basis) for name, (own, bases) in SERIES.items() if own == source for basis in bases]
        pairs = draw(st.lists(st.sampled_from(known), min_size=1, max_size=3, unique=True))
        first = draw(st.sampled_from([0, 0, 6, 12]))
        holes = draw(st.sets(st.integers(0, len(SMALL_MONTHS) - 1), max_size=2))
        months = [month for place, month in enumerate(SMALL_MONTHS) if place >= first and place not in holes]
        random = np.random.default_rng(draw(st.integers(0, 2**16)))
        frames = [
            pd.DataFrame({"month": months, "count": random.integers(0, 50, len(months))}).assign(
                series=name, basis=basis, area_level="borough", area_code="A", parent_code="", area_name="A"
            )
            for name, basis in pairs
        ]
        made["counts", source, f"v{order} {number}", order] = pd.concat(frames, ignore_index=True)
    return made


@settings(max_examples=15)
@given(files=files(), period=st.sampled_from(["2022-04", "2022-01"]), broken=st.booleans())
def test_sql_and_numpy_count_alike(tmp_path_factory, files, period: str, broken: bool) -> None:
    folder = tmp_path_factory.mktemp("store")
    catalogue = stored(folder, files)
    breaks = (Break(month="2021-09", what="", effect="not_comparable", bases=("new",)),) if broken else ()
    lines = [Line("i", f"m{place}", "total", "", "A", each, breaks) for place, each in enumerate(DEFINITIONS)]
    placing = SimpleNamespace(max_unallocated_share=0.1)
    known: Settings = SimpleNamespace(sources=SimpleNamespace(bases=BASES), wards=(), police_uk=placing)  # type: ignore[assignment]
    found = recount(folder, catalogue, known, AREA, ["A"], period, lines)  # type: ignore[arg-type]
    kept = Counts(Store(folder, catalogue).table("counts"))
    for line in lines:
        for window in WINDOWS:
            told = window_figures(histories(kept, line.figures, BASES), "A", pd.Period(period, freq="M"), window)
            counted = found[(*line.key, window)]
            assert (counted.current, counted.previous) == (told.current, told.previous)
            crossed = told.status == "ok" and told.history.basis == "new" and counted.status == "not_comparable"
            assert counted.status == told.status or (broken and crossed)


def test_a_unit_is_counted_only_where_all_its_members_are(tmp_path: Path) -> None:
    both = pd.concat([counts("vwi", code, [120] * 4, "mps_offence_location") for code in ("A", "B")])
    short = both[(both["area_code"] == "A") | (both["month"] != "2021-11")]
    line = Line("i", "vwi", "total", "", "unit", (Figures(add=("vwi",)),), ())
    for rows, status, current in ((both, "ok", 240), (short, "incomplete", None)):
        folder = tmp_path / status
        catalogue = stored(folder, {("counts", "mps_recorded_crime", "v", 0): rows})
        area = SimpleNamespace(code="unit", level="unit")
        found = recount(folder, catalogue, load_settings(PARAMETERS), area, ["A", "B"], "2021-11", [line])
        told = found["i", "vwi", "total", "", "rolling_12"]
        assert (told.status, told.current) == (status, current)
