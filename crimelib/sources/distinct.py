"""Work on columns of texts that repeat: once for each text that is there, and not for each row."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd


def of_distinct(texts: pd.Series, work: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """What ``work`` makes of a column, where it looks at each text alone; ``work`` is given every text once."""
    codes, distinct = pd.factorize(texts, use_na_sentinel=False)
    made = work(pd.Series(distinct, dtype=texts.dtype))
    return pd.Series(made.array.take(codes), index=texts.index, name=texts.name)
