"""Calls about anti-social behaviour, from this project's own template: one row an incident.

The opening text is read for local tags and never kept.
"""

from __future__ import annotations

import re

import pandas as pd

from crimelib.areas import AreaBook
from crimelib.settings import AsbTag, AsbTaxonomy, Settings
from crimelib.sources.counting import with_london
from crimelib.sources.discovery import Cleaned, RawFile
from crimelib.sources.placing import WardBook, placed_counts
from crimelib.sources.templates import LOCAL_BASIS, form_of, placed, read_form, tallied

SERIES = "asb_calls"
KEYS = ["month", "area_code", "ward_code", "heading", "qualifier", "tags"]


def read(file: RawFile, settings: Settings) -> Cleaned:
    """Clean the extract into dense ``counts`` of series ``asb_calls`` (borough and ward), and the table
    ``asb_calls``: ``month, area_code, ward_code, heading, qualifier, tags`` (sorted, joined by ``;``) and ``count``.

    Bad rows are set aside; more than 1% of them refuses the file.
    """
    rows, rejected = read_form(file, form_of(SERIES, settings), settings)
    tags = tags_of(rows["opening_code"], rows["opening_text"], settings.asb_taxonomy)
    calls = tallied(rows.assign(month=rows["date"].str[:7], tags=tags), KEYS)
    observed = placed(calls, settings).assign(series=SERIES)
    counts = placed_counts(file, observed, [SERIES], LOCAL_BASIS, WardBook(settings.wards))
    return Cleaned({"counts": with_london(counts, AreaBook(settings.areas)), SERIES: calls}, rejected)


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
