"""A sentence shows its words and carries what it was made from, as JSON and protected."""

import json

import nbformat
import pytest
from IPython.core.formatters import DisplayFormatter
from nbformat.v4 import new_code_cell, new_notebook, new_output

from crimelib.board.narrative import SENTENCE_TYPE, Sentence, record_of, sentence
from crimelib.board.reading import AIM, hard_pages, reading_age, reading_ages, reading_by_page, reading_line, syllables
from crimelib.board.text import Text
from crimelib.production.pages import render_output
from crimelib.production.portable import portable_notebook
from crimelib.settings import Figures, Measure

HATE = Measure(label="Hate crime", counts="", direction="neither", figures=(Figures(add=("hate_crime",)),))
ROW = {
    "area_code": "E09000006", "period": "2021-11", "item": "hate_crime", "measure": "hate_crime",
    "breakdown": "total", "breakdown_value": "", "breakdown_label": "", "window": "rolling_12",
    "current": 749, "previous": 640, "change": 109, "pct_change": 17.0, "detectable_pct": 15.5,
    "signal": "increase", "status": "ok", "note": "", "source": "s", "vintage": "v", "ratio_low": 1.1,
}  # fmt: skip
WITHHELD = ROW | dict.fromkeys(["current", "previous", "change", "pct_change", "detectable_pct"]) | {
    "signal": "", "status": "suppressed", "note": "Withheld: too few to show.",
}  # fmt: skip


def displayed(value: object) -> dict[str, object]:
    """What a notebook's cell that ends in a value shows."""
    return DisplayFormatter().format(value)[0]


def test_a_sentence_is_shown_as_words_beside_its_record() -> None:
    shown = displayed(sentence(ROW, HATE))
    record = shown[SENTENCE_TYPE]
    assert shown["text/markdown"].startswith("Hate crime rose 17%, from 640 to 749")
    assert record["text"].startswith("Hate crime rose 17%")
    assert {name: record[name] for name in ("measure", "window", "current", "previous", "change", "pct_change")} == {
        "measure": "hate_crime", "window": "rolling_12", "current": 749, "previous": 640, "change": 109,
        "pct_change": 17.0,
    }  # fmt: skip
    assert (record["period"], record["signal"], record["status"]) == ("2021-11", "increase", "ok")


def test_a_list_of_sentences_carries_all_records_and_plain_words_none() -> None:
    shown = displayed(Text.of([sentence(ROW, HATE), sentence(WITHHELD, HATE)]))
    assert [record["status"] for record in shown[SENTENCE_TYPE]] == ["ok", "suppressed"]
    assert shown["text/markdown"].count("- ") == 2
    assert SENTENCE_TYPE not in displayed(Text(("Nothing to say.",)))


def test_a_withheld_row_leaves_no_figure_in_record_or_words() -> None:
    record = sentence(WITHHELD, HATE).published()
    assert all(record[name] is None for name in ("current", "previous", "change", "pct_change", "detectable_pct"))
    assert not any(figure in json.dumps(record) for figure in ("749", "640", "109"))


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_missing_figures_are_null_in_json(missing: object) -> None:
    assert json.loads(json.dumps(record_of(ROW | {"pct_change": missing}), allow_nan=False))["pct_change"] is None


def test_the_record_is_kept_in_a_portable_notebook_and_the_page_shows_the_words() -> None:
    texts = {"text/plain": "x", "text/markdown": "Hate crime rose."}
    output = new_output("execute_result", {SENTENCE_TYPE: {"text": "Hate crime rose."}, **texts}, execution_count=1)
    made = portable_notebook(new_notebook(cells=[new_code_cell("page", outputs=[output])]), [])
    nbformat.validate(made)
    kept = made.cells[0].outputs[0]
    assert kept.data[SENTENCE_TYPE] == {"text": "Hate crime rose."}
    assert render_output(kept) == "<p>Hate crime rose.</p>\n"


def test_a_sentence_is_its_text() -> None:
    assert str(Sentence("Words.", {})) == "Words."


@pytest.mark.parametrize(
    ("word", "count"),
    [("crime", 1), ("offences", 3), ("chance", 1), ("recorded", 3), ("months", 1), ("unlikely", 3), ("the", 1)],
)
def test_syllables_of_the_board_s_words(word: str, count: int) -> None:
    assert syllables(word) == count


def test_long_sentences_of_long_words_are_for_older_readers() -> None:
    easy, hard = "The cat sat on the mat. It was red.", "Overdispersion notwithstanding, statistically significant."
    assert reading_age(easy) < 8 < 20 < reading_age(hard)
    # Worked by hand: 6 words in 1 sentence with 6 syllables, 0.39 x 6 + 11.8 x 1 - 15.59 + 5.
    assert reading_age("The cat sat on the mat.") == 3.6
    assert reading_ages([easy, hard])["highest"] == reading_age(hard)
    assert reading_ages([]) == {"method": "Flesch-Kincaid", "texts": 0, "median": None, "highest": None}


def test_the_pages_that_read_hardest_are_named_with_their_hardest_sentence() -> None:
    easy, hard = (
        "It fell. We do not know why.",
        "Comparability considerations notwithstanding, multiplicity predominates.",
    )
    found = reading_by_page({"asb": [easy, hard, hard], "burglary": [easy], "actions": []})
    assert [(name, text) for name, _, text in hard_pages(found)] == [("asb", hard)]
    assert found["pages"]["asb"]["median"] == reading_age(hard) > AIM > found["pages"]["burglary"]["highest"]
    assert found["texts"] == 4
    assert f"the hardest pages: asb {reading_age(hard):g}." in reading_line(found)
    assert reading_line(reading_by_page({"burglary": [easy]})).endswith("no page is harder.")
    assert reading_line(reading_by_page({})) == ""
