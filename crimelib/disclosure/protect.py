"""Withholding small counts about people below borough level, and what would give them away.

A withheld row loses every figure that was derived from it. Which rows have to go beside the small ones is found by
:mod:`crimelib.disclosure.suppression` over all linked tables of a pack and those published before it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from crimelib.disclosure.linked import WITH_FIGURES, groups_of_measures, linked_tables, shown_lengths
from crimelib.settings import AudiencePolicy

FIGURES = ["current", "previous", "change", "pct_change", "ratio_low", "ratio_high", "p_value", "detectable_pct"]
SHORT_WINDOW = "Withheld: ward figures about people are shown over twelve months only."
SMALL = "Withheld: too few to show without pointing at people, or needed to protect a ward that is."


def protect(
    rows: pd.DataFrame,
    policy: AudiencePolicy,
    measures: Sequence[str],
    linked: Sequence[Sequence[str]],
    earlier: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Rows of a summary with the ward rows of the ``measures`` under the policy: withheld ones have status
    ``suppressed``, a note, and no figure or signal.

    In each of ``linked`` the first measure is the sum of the others. ``earlier`` are rows of packs that the same
    readers have (:func:`earlier_packs`): nothing is shown that would give away a figure with their help."""
    wards = (rows["breakdown"] == "ward") & rows["measure"].isin(measures) & rows["status"].isin(WITH_FIGURES)
    short = wards & ~shown_lengths(rows, policy)
    small = _small(rows, policy) & wards & ~short
    hidden = small.copy()
    for group in groups_of_measures(list(dict.fromkeys(rows.loc[wards, "measure"])), linked):
        here = rows.index[wards & rows["measure"].isin(group)]
        before = None if earlier is None or earlier.empty else earlier[earlier["measure"].isin(group)]
        hidden[here] |= _chosen(rows.loc[here], small[here].to_numpy(), policy, linked, before)
    return _withheld(_withheld(rows, short, SHORT_WINDOW), hidden & ~short, SMALL)


def _chosen(
    rows: pd.DataFrame,
    small: np.ndarray,
    policy: AudiencePolicy,
    linked: Sequence[Sequence[str]],
    earlier: pd.DataFrame | None,
) -> np.ndarray:
    """Which ward rows of linked measures go; all of them where the tables cannot be worked out."""
    from crimelib.disclosure.suppression import suppress

    tables = linked_tables(rows, small, policy, linked, earlier)
    hidden = np.zeros(len(rows), dtype=bool)
    if tables is not None:
        try:
            groups = suppress(tables.figures, tables.primary, tables.weights).groups
        except ArithmeticError:
            groups = np.ones(len(tables.groups), dtype=bool)
        hidden[[row for group in np.flatnonzero(groups) for row in tables.groups[group]]] = True
    return hidden


def earlier_packs(folder: Path, period: str, audience: str) -> pd.DataFrame:
    """The ward and total rows of every other pack for an audience in an area's folder (``reports/bromley``), whichever
    was made first, and of this period's released revisions; empty where there is none."""
    suffix = "" if audience == "board" else f"-{audience}"
    packs = [*sorted(folder.glob(f"????-??{suffix}")), *sorted(folder.glob(f"????-??{suffix}-r[0-9]*"))]
    found = [pack / "summary.csv" for pack in packs if pack.name != f"{period}{suffix}" or _is_released(pack)]
    return pd.DataFrame([row for path in found if path.is_file() for row in _read(path)])


def _is_released(pack: Path) -> bool:
    """Whether readers have a pack already: a draft that is made again was shown to nobody else."""
    try:
        return json.loads((pack / "run.json").read_text(encoding="utf-8")).get("status") == "released"
    except (OSError, ValueError, AttributeError):
        return False


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return [row for row in csv.DictReader(stream) if row["breakdown"] in ("ward", "total")]


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
