"""Calls about anti-social behaviour, from this project's own template: one row an incident.

The opening text is read for local tags and never kept; of calls that no tag fits, only wordings that many calls share
(``sample_from`` of ``asb_taxonomy.yml``) are counted, so that the analyst sees what the rules miss.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from itertools import groupby

import pandas as pd

from crimelib.areas import AreaBook
from crimelib.settings import AsbTag, AsbTaxonomy, Settings
from crimelib.sources.counting import with_london
from crimelib.sources.discovery import Cleaned, RawFile
from crimelib.sources.personal import personal_kinds
from crimelib.sources.placing import WardBook, placed_counts
from crimelib.sources.templates import LOCAL_BASIS, form_of, placed, read_form, tallied

SERIES = "asb_calls"
SAMPLE = "asb_unreached"
KEYS = ["month", "area_code", "ward_code", "heading", "qualifier", "tags"]
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


def read(file: RawFile, settings: Settings) -> Cleaned:
    """Clean the extract into dense ``counts`` of series ``asb_calls`` (borough and ward), and the table
    ``asb_calls``: ``month, area_code, ward_code, heading, qualifier, tags`` (sorted, joined by ``;``) and ``count``;
    and ``asb_unreached``: ``area_code, wording, count, first_month, last_month`` of calls that no tag fits.

    Bad rows are set aside; more than 1% of them refuses the file.
    """
    rows, rejected = read_form(file, form_of(SERIES, settings), settings)
    tags = tags_of(rows["opening_code"], rows["opening_text"], settings.asb_taxonomy)
    dated = rows.assign(month=rows["date"].str[:7], tags=tags)
    calls = tallied(dated, KEYS)
    observed = placed(calls, settings).assign(series=SERIES)
    counts = placed_counts(file, observed, [SERIES], LOCAL_BASIS, WardBook(settings.wards))
    sample = unreached(dated[dated["tags"] == ""], settings.asb_taxonomy.sample_from)
    tables = {"counts": with_london(counts, AreaBook(settings.areas)), SERIES: calls, SAMPLE: sample}
    return Cleaned(tables, rejected)


def unreached(calls: pd.DataFrame, least: int) -> pd.DataFrame:
    """Wordings of calls that no tag fits which at least so many of an area's calls share, and the months they span.

    A word is kept only where at least so many calls have it in lower case, any other is ``…``; a text that looks as if
    it were about a person is left out whole.
    """
    plain = calls[personal_kinds(calls["opening_text"]) == ""]
    parts = [_wordings(rows, least).assign(area_code=area) for area, rows in plain.groupby("area_code")]
    columns = {"wording": "str", "count": "int64", "first_month": "str", "last_month": "str", "area_code": "str"}
    empty = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})
    return pd.concat([empty, *parts], ignore_index=True)


def _wordings(calls: pd.DataFrame, least: int) -> pd.DataFrame:
    words = calls["opening_text"].map(_WORD.findall)
    written = Counter(word for each in words for word in set(each) if word.islower())
    common = frozenset(word for word, number in written.items() if number >= least)
    shown = calls.assign(wording=words.map(lambda each: _masked(each, common)))
    shared = shown[~shown["wording"].isin(["", "…"])].groupby("wording")["month"]
    found = shared.agg(count="size", first_month="min", last_month="max").reset_index()
    return found[found["count"] >= least]


def _masked(words: Sequence[str], common: Collection[str]) -> str:
    """The words that are common, each run of others an ellipsis."""
    shown = [word.lower() if word.lower() in common else "…" for word in words]
    return " ".join(word for word, _ in groupby(shown))


def tags_of(codes: pd.Series, texts: pd.Series, taxonomy: AsbTaxonomy) -> pd.Series:
    """The local tags of each call, sorted and joined by ``;``; empty where no tag fits."""
    patterns = {name: _pattern(tag) for name, tag in sorted(taxonomy.tags.items())}
    pairs = list(zip(codes, texts, strict=True))
    known = {pair: _tags(*pair, patterns, taxonomy) for pair in set(pairs)}
    return pd.Series([known[pair] for pair in pairs], index=codes.index, dtype="str")


def _tags(code: str, text: str, patterns: dict[str, re.Pattern[str] | None], taxonomy: AsbTaxonomy) -> str:
    fitting = [
        name
        for name, pattern in patterns.items()
        if code.upper() in taxonomy.tags[name].codes or (pattern and pattern.search(text))
    ]
    return ";".join(fitting)


def _pattern(tag: AsbTag) -> re.Pattern[str] | None:
    """The tag's words as one pattern: whole words, ``*`` for any ending."""
    if not tag.words:
        return None
    words = [re.escape(word.removesuffix("*")) + (r"\w*" if word.endswith("*") else "") for word in tag.words]
    return re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE)
