"""The files of the next period. Open actions need no copying: the register is one file for every period."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from crimelib.board.commentary import commented_items
from crimelib.errors import InputError
from crimelib.measures.periods import month_label, parse_period
from crimelib.settings import PeriodParameters, Settings

PERIOD_NOTE = (
    "# What Papermill injects into every board notebook for this period. Keep the quotes: YAML would misread 2021-10."
)
CLAIMS = """\
# What was said to the board about the figures of this period, to be checked against them.
#
# Write each statement in place of the braces, like this:
#
# claims:
#   burglary:                            # an id of your choice
#     speaker: Police                    # by role, never by name
#     words: Burglary was down by 5%.    # as it was said
#     item: burglary                     # items.yml
#     measure: burglary                  # a measure of the item; breakdown: and value: for a part of it
#     direction: down                    # a word of claim_words.yml
#     pct: 5                             # the size if one was said, without a sign (count: for a number)
#     window: month                      # only if one was said: month, quarter, ytd or rolling_12
#   speeding:
#     speaker: Councillor
#     words: Speeding is up.
#     item: asb
#     needs: speed readings by road      # in place of measure: which data would test it
area: {area}
claims: {{}}
"""
COMMENTARY = """\
Area: {area}

<!-- {month}. One section an item: the day, the writer's role, and what the reader should know. A section
without text is no comment. -->
"""
SECTION = """
## {item}
Date:
By:
"""


def new_period(settings_folder: Path, period: str) -> list[Path]:
    """Write ``periods/``, ``claims/`` and ``commentary/`` files for a period, all of them or none; returns their paths.

    Area, audience and folders are those of the latest period before. Raises :class:`InputError` where the period is
    not a month or any of its files is there already.
    """
    month = parse_period(period)
    settings = Settings(settings_folder)
    contents = _contents(settings, month)
    _refuse_existing(contents)
    return _written_together(contents)


def _contents(settings: Settings, month: pd.Period) -> dict[Path, str]:
    folder = settings.folder
    before = _period_before(settings, month)
    sections = "".join(SECTION.format(item=item) for item in commented_items(settings))
    heading = COMMENTARY.format(area=before.area, month=month_label(month))
    return {
        folder / "periods" / f"{month}.yml": _period_file(before, month),
        folder / "claims" / f"{month}.yml": CLAIMS.format(area=_quoted(before.area)),
        folder / "commentary" / f"{month}.md": heading + sections,
    }


def _period_before(settings: Settings, month: pd.Period) -> PeriodParameters:
    """The parameters of the latest period before a month, the defaults where there is none."""
    known = [path.stem for path in (settings.folder / "periods").glob("*.yml") if path.stem < str(month)]
    return settings.period(max(known, default=str(month)))


def _period_file(before: PeriodParameters, month: pd.Period) -> str:
    values = before.model_dump() | {"period": str(month)}
    return "\n".join([PERIOD_NOTE, *(f"{key}: {_quoted(value)}" for key, value in values.items()), ""])


def _quoted(text: str) -> str:
    """Text as YAML reads it back unchanged (JSON's quotes are YAML's)."""
    return json.dumps(text, ensure_ascii=False)


def _refuse_existing(contents: Mapping[Path, str]) -> None:
    for path in contents:
        if path.exists():
            where = "/".join(path.parts[-2:])
            raise InputError("the file is there already", where=where, fix="move it away first; nothing was written")


def _written_together(contents: Mapping[Path, str]) -> list[Path]:
    """Each file written aside and then linked into place, which never replaces one that is there; all or none."""
    asides = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in contents}
    placed: list[Path] = []
    try:
        for path, text in contents.items():
            path.parent.mkdir(exist_ok=True)
            asides[path].write_text(text, encoding="utf-8")
        for path, aside in asides.items():
            os.link(aside, path)
            placed.append(path)
    except OSError as error:
        for path in placed:
            path.unlink()
        raise InputError(f"the files cannot be written ({error.strerror})", fix="nothing was written") from error
    finally:
        for aside in asides.values():
            aside.unlink(missing_ok=True)
    return placed
