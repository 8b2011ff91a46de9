"""What a run says at its end."""

from pathlib import Path

import pandas as pd

from crimelib.production.run import PackResult
from crimelib.production.told import next_step, run_told, still_to_do

RECORD = {
    "notebooks": [{"notebook": "04_hate_crime.ipynb"}, {"notebook": "08_asb.ipynb"}],
    "reading_age": {"median": 13.0, "texts": 4, "pages": {"asb": {"median": 15.5, "hardest": "Long."}}},
}


def test_it_counts_the_pages_that_were_made_and_those_kept() -> None:
    result = PackResult(Path("pack"), [], ["asb"], 12.4, pages=2)
    told = run_told(result, "Bromley", pd.Period("2021-11", "M"))
    assert told == "Pack of Bromley, November 2021: 1 page made, 1 as before, in 12 s."


def test_only_items_of_the_pack_are_said_to_lack_a_comment() -> None:
    lines = list(still_to_do(["hate_crime", "burglary"], "parameters/commentary/2021-11.md", ["A warning."], RECORD))
    assert lines == [
        "No comment yet on hate crime: write it in parameters/commentary/2021-11.md",
        "A warning.",
        "Reading age 13 (the middle of 4 sentences; 14 is aimed at); the hardest pages: asb 15.5.",
    ]


def test_nothing_to_do_is_not_spoken_of() -> None:
    assert list(still_to_do([], "x.md", [], {})) == []


def test_it_ends_with_what_the_pack_is_and_the_command_that_comes_next() -> None:
    *_, draft, command = next_step("reports/bromley/2021-11", [])
    assert "draft" in draft
    assert command.strip() == "crimelib review reports/bromley/2021-11"
    assert list(next_step("x", ["asb"])) == [
        "1 of its pages could not be made: mend what their pages say, then run this again."
    ]
