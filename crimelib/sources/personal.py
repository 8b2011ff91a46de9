"""What looks as if it were about a person, in a field that must not be."""

from __future__ import annotations

import re

import pandas as pd

KINDS = {
    "an e-mail address": r"\S+@\S+",
    "a telephone number": r"(?:\+|\b0)\d[\d\s()-]{7,}\d\b",
    "a postcode": r"\b[A-Z]{1,2}\d[A-Z\d]?\s*\d[A-Z]{2}\b",
    "a date": r"\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\b\d{4}-\d{2}-\d{2}\b",
    "a date of birth": r"\b(?:d\.?o\.?b\.?|date of birth|born)\b",
    "a National Insurance or NHS number": r"\b[A-Z]{2}\s?\d{2}\s?\d{2}\s?\d{2}\s?[A-D]\b|\b\d{3}\s?\d{3}\s?\d{4}\b",
    "an address": r"\b\d+[a-z]?\s+(?:\w+\s+){1,3}(?:road|street|avenue|lane|close|drive|way|court|gardens)\b",
}
# Case matters for these: a title before a name, or two capitalised words side by side.
NAMES = re.compile(r"\b(?i:mr|mrs|ms|miss|mx|dr|pc|sgt)\.?\s+[A-Z]|\b[A-Z][a-z'’-]+\s+(?:[A-Z][a-z'’-]+)\b")
_KINDS = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in KINDS.items()}


def personal_kind(text: str, *, names: bool = True) -> str:
    """What about a person a text seems to hold (``a postcode``), or nothing.

    Meant to err on the side of refusing: two capitalised words side by side count as a name, unless ``names`` says
    that the field holds other proper names.
    """
    found = next((kind for kind, pattern in _KINDS.items() if pattern.search(text)), "")
    return found or ("a name" if names and NAMES.search(text) else "")


def personal_kinds(texts: pd.Series, *, names: bool = True) -> pd.Series:
    """:func:`personal_kind` of each text."""
    known = {text: personal_kind(text, names=names) for text in texts.unique()}
    return texts.map(known)
