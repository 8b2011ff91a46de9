"""Pure functions on numbers: comparisons, control charts, surveys."""
