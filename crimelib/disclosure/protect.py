"""Withholding small counts about people below borough level, and what would give them away.

A withheld row loses every figure that was derived from it. This is primary suppression with a conservative second
step: a second ward where one alone could be had by subtraction, and whole groups of linked measures.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from crimelib.settings import AudiencePolicy

FIGURES = ["current", "previous", "change", "pct_change", "ratio_low", "ratio_high", "p_value", "detectable_pct"]
SHORT_WINDOW = "Withheld: ward figures about people are shown over twelve months only."
SMALL = "Withheld: too few to show without pointing at people, or needed to protect a ward that is."


def protect(
    rows: pd.DataFrame, policy: AudiencePolicy, measures: Sequence[str], linked: Sequence[Sequence[str]]
) -> pd.DataFrame:
    """Rows of a summary with the ward rows of the ``measures`` under the policy: withheld ones have status
    ``suppressed``, a note, and no figure or signal."""
    wards = (
        (rows["breakdown"] == "ward") & rows["measure"].isin(measures) & rows["status"].isin(["ok", "not_comparable"])
    )
    short = wards & ~rows["window"].isin(policy.ward_windows)
    hidden = _with_links(rows, _small(rows, policy) & wards & ~short, linked)
    while not (more := _with_links(rows, _not_alone(rows, wards & ~short, hidden), linked)).equals(hidden):
        hidden = more
    return _withheld(_withheld(rows, short, SHORT_WINDOW), hidden, SMALL)


def _small(rows: pd.DataFrame, policy: AudiencePolicy) -> pd.Series:
    """Rows with a count that the policy withholds in either window."""
    return (
        rows[["current", "previous"]]
        .apply(lambda counts: counts.astype("float64").between(policy.suppress_from, policy.suppress_to))
        .any(axis=1)
    )


def _with_links(rows: pd.DataFrame, hidden: pd.Series, linked: Sequence[Sequence[str]]) -> pd.Series:
    """Withhold a ward in every measure of a linked group as soon as it is withheld in one of them."""
    for group in linked:
        members = rows["measure"].isin(group) & (rows["breakdown"] == "ward")
        keys = pd.MultiIndex.from_frame(rows[["breakdown_value", "window"]])
        hidden = hidden | (members & keys.isin(keys[hidden & members]))
    return hidden


def _not_alone(rows: pd.DataFrame, wards: pd.Series, hidden: pd.Series) -> pd.Series:
    """Where just one ward of a measure and window is withheld, withhold the next smallest too: one that is zero only
    where no other is left, for then the borough's total would be the withheld count."""
    hidden = hidden.copy()
    size = rows[["current", "previous"]].astype("float64").min(axis=1).replace(0, np.inf)
    for _, group in rows[wards].groupby(["measure", "window"]):
        if hidden[group.index].sum() == 1:
            others = size[group.index][~hidden[group.index]]
            hidden[others.nsmallest(1).index] = True
    return hidden


def _withheld(rows: pd.DataFrame, which: pd.Series, note: str) -> pd.DataFrame:
    result = rows.copy()
    result.loc[which, FIGURES] = None
    result.loc[which, "signal"] = ""
    result.loc[which, "status"] = "suppressed"
    result.loc[which, "note"] = note
    return result
