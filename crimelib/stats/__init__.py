"""Pure functions on numbers: comparisons, control charts, funnels, surveys, concordance, revisions."""

from crimelib.stats.comparison import Change, compare, compare_many

__all__ = ["Change", "compare", "compare_many"]
