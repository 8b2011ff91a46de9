"""Withholding small counts about people below borough level, and what would give them away.

A withheld row loses every figure that was derived from it. Which rows have to go beside the small ones is found by
:mod:`crimelib.disclosure.suppression` over all linked tables of a pack and those published before it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crimelib.disclosure.linked import WITH_FIGURES, groups_of_measures, linked_tables, shown_lengths
from crimelib.disclosure.published import summary_rows
from crimelib.settings import Audience, AudiencePolicy, Disclosure

if TYPE_CHECKING:
    from crimelib.disclosure.suppression import Suppression

Earlier = Mapping[str, pd.DataFrame]

FIGURES = ["current", "previous", "change", "pct_change", "ratio_low", "ratio_high", "p_value", "detectable_pct"]
SHORT_WINDOW = "Withheld: ward figures about people are shown over twelve months only."
SMALL = "Withheld: too few to show without pointing at people, or needed to protect a ward that is."


@dataclass(frozen=True)
class Choice:
    """How the ward rows of some linked measures were chosen for an audience: the rows withheld over the windows shown,
    the share of the loss that a better choice might save, and whether the time was out (then all of them went)."""

    audience: str
    measures: tuple[str, ...]
    withheld: int
    gap: float
    out_of_time: bool


@dataclass(frozen=True)
class Protected:
    """Rows under an audience's policy, and how they were chosen."""

    rows: pd.DataFrame
    choices: tuple[Choice, ...]


def protect(
    rows: pd.DataFrame,
    audience: Audience,
    disclosure: Disclosure,
    measures: Sequence[str],
    earlier: Earlier | None = None,
) -> pd.DataFrame:
    """The rows of :func:`protect_with_choices`."""
    return protect_with_choices(rows, audience, disclosure, measures, earlier).rows


def protect_with_choices(
    rows: pd.DataFrame,
    audience: Audience,
    disclosure: Disclosure,
    measures: Sequence[str],
    earlier: Earlier | None = None,
) -> Protected:
    """Rows of a summary with the ward rows of the ``measures`` under the policy of an audience: withheld ones have
    status ``suppressed``, a note, and no figure or signal.

    What is withheld from an audience that also sees this one's packs is withheld here too, so that who holds both knows
    no more than the one shows. ``earlier`` are the rows of the packs that each audience has (:func:`earlier_packs`):
    nothing is shown that would give away a figure with their help."""
    policy = disclosure.audiences[audience]
    wards = (rows["breakdown"] == "ward") & rows["measure"].isin(measures) & rows["status"].isin(WITH_FIGURES)
    short = wards & ~shown_lengths(rows, policy)
    hidden, choices = _hidden(rows, wards, audience, disclosure, earlier or {})
    shown = _withheld(_withheld(rows, short, SHORT_WINDOW), hidden & ~short, SMALL)
    return Protected(shown, tuple(choices))


def _hidden(
    rows: pd.DataFrame, wards: pd.Series, audience: Audience, disclosure: Disclosure, earlier: Earlier
) -> tuple[pd.Series, list[Choice]]:
    """Which rows are withheld from an audience for their counts: first what is from its insiders, then what that and
    its own small counts ask for."""
    policy, found = disclosure.audiences[audience], []
    short = wards & ~shown_lengths(rows, policy)
    groups = _groups(rows, wards, disclosure)
    hidden = pd.Series(data=False, index=rows.index)
    for here in groups:
        hidden[here] = _small(rows.loc[here], policy.over(rows.loc[here, "item"]))
    hidden &= ~short
    nearest = disclosure.next_insiders(audience)
    for insider in nearest:
        withheld, choices = _hidden(rows, wards, insider, disclosure, earlier)
        alike = _alike(disclosure.audiences[insider], policy) and _same(earlier.get(insider), earlier.get(audience))
        if len(nearest) == 1 and alike:
            return withheld, [replace(choice, audience=audience) for choice in choices]
        hidden |= withheld
    must = hidden & ~short
    for here in groups:
        group = list(dict.fromkeys(rows.loc[here, "measure"]))
        before = earlier.get(audience)
        before = None if before is None or before.empty else before[before["measure"].isin(group)]
        own = policy.over(rows.loc[here, "item"])
        chosen, solved = _chosen(rows.loc[here], must[here].to_numpy(), own, disclosure, before)
        hidden[here] |= chosen
        if solved is not None:
            number = int((hidden & ~short)[here].sum())
            found.append(Choice(audience, tuple(group), number, round(solved.gap, 4), solved.out_of_time))
    return hidden, found


def _groups(rows: pd.DataFrame, wards: pd.Series, disclosure: Disclosure) -> list[pd.Index]:
    """The ward rows that have to be protected together."""
    measures = list(dict.fromkeys(rows.loc[wards, "measure"]))
    return [
        rows.index[wards & rows["measure"].isin(group)] for group in groups_of_measures(measures, disclosure.linked)
    ]


def _alike(one: AudiencePolicy, other: AudiencePolicy) -> bool:
    """Whether two policies withhold the same."""
    return one.model_dump(exclude={"also_sees"}) == other.model_dump(exclude={"also_sees"})


def _same(one: pd.DataFrame | None, other: pd.DataFrame | None) -> bool:
    return one is other if one is None or other is None else one.equals(other)


def _chosen(
    rows: pd.DataFrame,
    must: np.ndarray,
    policy: AudiencePolicy,
    disclosure: Disclosure,
    earlier: pd.DataFrame | None,
) -> tuple[np.ndarray, Suppression | None]:
    """Which ward rows of linked measures go, those that ``must`` among them; all of them where the tables cannot be
    worked out, or not in time."""
    from crimelib.disclosure.suppression import everything, suppress

    tables = linked_tables(rows, must, policy, disclosure.linked, earlier)
    hidden = np.zeros(len(rows), dtype=bool)
    if tables is None:
        return hidden, None
    try:
        solved = suppress(tables.figures, tables.primary, tables.weights, seconds=disclosure.seconds)
    except ArithmeticError:
        solved = everything(tables.weights)
    hidden[[row for group in np.flatnonzero(solved.groups) for row in tables.groups[group]]] = True
    return hidden, solved


def earlier_packs(folder: Path, period: str, audience: Audience, disclosure: Disclosure) -> dict[str, pd.DataFrame]:
    """The ward and total rows, withheld ones too, of the other packs in an area's folder (``reports/bromley``) that an
    audience and each of its insiders have, whichever was made first: their own of other periods and what was released
    of this one, and of any period those of the audiences that they also see."""
    found: dict[str, pd.DataFrame] = {}
    rows = cache(_read)
    for reader in (audience, *disclosure.insiders(audience)):
        own = [pack for pack in _packs(folder, reader) if pack.name[:7] != period or _is_released(pack)]
        seen = [pack for other in disclosure.audiences[reader].also_sees for pack in _packs(folder, other)]
        found[reader] = pd.DataFrame([row for pack in (*seen, *own) for row in rows(pack)])
    return found


def _packs(folder: Path, audience: Audience) -> list[Path]:
    """An audience's packs, those first that came first, with their revisions."""
    suffix = "" if audience == "board" else f"-{audience}"
    packs = [*sorted(folder.glob(f"????-??{suffix}")), *sorted(folder.glob(f"????-??{suffix}-r[0-9]*"))]
    return [pack for pack in packs if (pack / "summary.csv").is_file()]


def _is_released(pack: Path) -> bool:
    """Whether readers have a pack already: a draft that is made again was shown to nobody else."""
    try:
        return json.loads((pack / "run.json").read_bytes()).get("status") == "released"
    except (OSError, ValueError, AttributeError):
        return False


def _read(pack: Path) -> list[dict[str, str]]:
    rows = (row for row in summary_rows(pack) if row["breakdown"] in ("ward", "total"))
    return [row for row in rows if row["status"] in (*WITH_FIGURES, "suppressed")]


def suppressed_table(rows: pd.DataFrame) -> pd.DataFrame:
    """What was withheld and why, without the values, and without saying which counts are the small ones."""
    columns = ["item", "measure", "breakdown", "breakdown_value", "breakdown_label", "window", "note"]
    return rows.loc[rows["status"] == "suppressed", columns].rename(columns={"note": "why"}).reset_index(drop=True)


def _small(rows: pd.DataFrame, policy: AudiencePolicy) -> pd.Series:
    """Rows with a count that the policy withholds in either window."""
    return (
        rows[["current", "previous"]]
        .apply(lambda counts: counts.astype("float64").between(policy.suppress_from, policy.suppress_to))
        .any(axis=1)
    )


def _withheld(rows: pd.DataFrame, which: pd.Series, note: str) -> pd.DataFrame:
    result = rows.copy()
    result.loc[which, FIGURES] = None
    result.loc[which, "signal"] = ""
    result.loc[which, "status"] = "suppressed"
    result.loc[which, "note"] = note
    return result
