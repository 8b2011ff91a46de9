"""Illustrative raw files in the publishers' own formats: invented, labelled so, the same bytes every time."""

from crimelib.illustrative.sample import write_sample

__all__ = ["write_sample"]
