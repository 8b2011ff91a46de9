"""Calls about anti-social behaviour, counted by declared definitions (``parameters/asb_taxonomy.yml``)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crimelib.areas import AreaBook
from crimelib.errors import InputError
from crimelib.measures.areas import FILE_MONTH, member_counts
from crimelib.measures.series import Counts, History
from crimelib.settings import Area, AsbDefinition, AsbTag, AsbTaxonomy, Settings
from crimelib.tables.store import Store

SERIES = "asb_calls"
UNREACHED = AsbDefinition(label="No local tag", counts="calls that no tag's rule reaches", untagged=True)
RULE_WORDS = 3  # enough to tell what a tag is; the whole rule stands in asb_taxonomy.yml
VINTAGE_MONTH = ["source", "vintage_order", "month"]


@dataclass(frozen=True)
class Calls:
    """The stored calls of one area: ``rows`` (the table ``asb_calls``, every vintage) and ``covered``, the area's
    stored monthly counts of all calls, which say what months the extracts cover."""

    area_code: str
    rows: pd.DataFrame
    covered: pd.DataFrame


def read_calls(store: Store, settings: Settings, area: Area) -> Calls | None:
    """The calls of an area (of a command unit: those of its boroughs, in months that all of them cover), None where no
    extract has any.

    A month that two files of one vintage both cover is left out: which calls are counted twice cannot be told.
    """
    members = AreaBook.of(settings).members(area)
    rows = store.table(SERIES, filters=[("area_code", "in", members)])
    if rows.empty:
        return None
    covered = member_counts(store, {area.code: members}, [SERIES]).drop_duplicates(FILE_MONTH)
    told = rows.groupby(VINTAGE_MONTH)["count"].sum().reindex(pd.MultiIndex.from_frame(covered[VINTAGE_MONTH]))
    return Calls(area.code, rows, covered[told.to_numpy() == covered["count"].to_numpy()])


def definitions(taxonomy: AsbTaxonomy) -> dict[str, AsbDefinition]:
    """Every definition by id: those declared, then one for each local tag."""
    of_tags = {
        name: AsbDefinition(label=tag.label, counts=_rule(tag), tags=(name,)) for name, tag in taxonomy.tags.items()
    }
    return {**taxonomy.definitions, **of_tags}


def _rule(tag: AsbTag) -> str:
    """What gives a tag, in words."""
    words = ", ".join(word.removesuffix("*") for word in tag.words[:RULE_WORDS])
    more = ", …" if len(tag.words) > RULE_WORDS else ""
    return f"opening words such as {words}{more}" if words else f"opening code {' or '.join(tag.codes)}"


def asb_monthly(store: Store, settings: Settings, area: Area, definition: str) -> History | None:
    """The months of an area's calls under one definition, the latest vintage of a month winning and months that no
    extract covers missing; None where there is no extract. Raises :class:`InputError` for an unknown definition."""
    known = definitions(settings.asb_taxonomy)
    if definition not in known:
        raise InputError(
            f"no definition is called {definition!r}", where="definition", fix=f"known: {', '.join(known)}"
        )
    calls = read_calls(store, settings, area)
    return history(calls, known[definition]) if calls else None


def history(calls: Calls, definition: AsbDefinition) -> History | None:
    """The months of calls under one definition; None where no month is covered."""
    return histories(calls, {SERIES: definition}).get(SERIES)


def histories(calls: Calls, wanted: Mapping[str, AsbDefinition]) -> dict[str, History]:
    """The months of calls under each definition; a month covered without a call that it counts is zero. Empty where no
    month is covered."""
    if calls.covered.empty or not wanted:
        return {}
    covered = pd.MultiIndex.from_frame(calls.covered[VINTAGE_MONTH])
    place = covered.get_indexer(pd.MultiIndex.from_frame(calls.rows[VINTAGE_MONTH]))
    number, counted = calls.rows["count"].to_numpy(), []
    for name, definition in wanted.items():
        chosen = selected(calls.rows, definition).to_numpy() & (place >= 0)
        sums = np.bincount(place[chosen], number[chosen], len(covered)).astype("int64")
        counted.append(calls.covered.assign(series=name, count=sums))
    counts = Counts(pd.concat(counted))
    return {name: counts.histories([name])[0] for name in wanted}


def latest(calls: Calls) -> pd.DataFrame:
    """The calls of each month's latest vintage."""
    kept = calls.covered.groupby("month", as_index=False)["vintage_order"].max()
    return calls.rows.merge(kept, on=["month", "vintage_order"], how="inner")


def selected(rows: pd.DataFrame, definition: AsbDefinition) -> pd.Series:
    """Which calls a definition counts (bool). ``rows`` has heading, qualifier and tags joined by ``;``."""
    chosen = ~rows["heading"].isin(definition.without_headings) & ~_any_tag(rows["tags"], definition.without_tags)
    if definition.headings:
        chosen &= rows["heading"].isin(definition.headings)
    if definition.qualifiers:
        chosen &= rows["qualifier"].isin(definition.qualifiers)
    if definition.tags:
        chosen &= _any_tag(rows["tags"], definition.tags)
    return chosen & (rows["tags"] == "") if definition.untagged else chosen


def _any_tag(tags: pd.Series, wanted: Collection[str]) -> pd.Series:
    fitting = [each for each in tags.unique() if not set(wanted).isdisjoint(each.split(";"))]
    return tags.isin(fitting)
