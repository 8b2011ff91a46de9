"""How hard a text is to read: the Flesch-Kincaid reading age.

Kincaid and others, *Derivation of new readability formulas for Navy enlisted personnel* (1975): the grade of school is
0.39 words a sentence + 11.8 syllables a word - 15.59; a grade's pupils are five years older than its number. Syllables
are counted by groups of vowels, near enough over a text; packages that look them up bring megabytes of dictionaries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from crimelib.board.narrative import counted

AIM = 14.0  # years: what a sentence with its figures can be held to, and a newspaper is
_MOST_NAMED = 3
_SENTENCE_END = re.compile(r"[.!?]+(?=\s|$)")
_WORD = re.compile(r"[A-Za-z0-9][\w'’.,+%-]*")
_VOWELS = re.compile(r"[aeiouy]+")
_SILENT_END = re.compile(r"(?:[^laeiouy]e|[^aeiouytd]ed|[^aeioucgsxz]es)$")


def reading_age(text: str) -> float:
    """The age in years at which a text is read with ease; a number counts as one syllable, a text without words is
    for everybody (0)."""
    words = _WORD.findall(text)
    if not words:
        return 0.0
    sentences = max(len(_SENTENCE_END.findall(text)), 1)
    grade = 0.39 * len(words) / sentences + 11.8 * sum(map(syllables, words)) / len(words) - 15.59
    return round(grade + 5, 1)


def syllables(word: str) -> int:
    """About how many syllables a word has, at least one."""
    lower = re.sub(r"[^a-z]|e(?=ly$)", "", word.lower())
    return max(len(_VOWELS.findall(lower)) - bool(_SILENT_END.search(lower)), 1)


def reading_ages(texts: Iterable[str]) -> dict[str, object]:
    """The median and highest reading age of some texts, and how it was reckoned; None where there is no text."""
    ages = [reading_age(text) for text in texts]
    found = {"median": round(median(ages), 1), "highest": max(ages)} if ages else {"median": None, "highest": None}
    return {"method": "Flesch-Kincaid", "texts": len(ages), **found}


def reading_by_page(texts: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """:func:`reading_ages` of all texts, and under ``pages`` those of each page with its ``hardest`` text."""
    pages = {
        name: {**reading_ages(each), "hardest": max(each, key=reading_age)} for name, each in texts.items() if each
    }
    return {**reading_ages(text for each in texts.values() for text in each), "pages": pages}


def hard_pages(found: Mapping[str, Any]) -> list[tuple[str, float, str]]:
    """The pages that read harder than the aim, by a report of :func:`reading_by_page`, the hardest first: name, median
    age and hardest text."""
    pages = [(name, each["median"], each["hardest"]) for name, each in found.get("pages", {}).items()]
    return sorted((page for page in pages if page[1] > AIM), key=lambda page: -page[1])


def reading_line(found: Mapping[str, Any]) -> str:
    """A report of :func:`reading_by_page` in one line; empty where there is no text."""
    if found.get("median") is None:
        return ""
    hard = ", ".join(f"{name.replace('_', ' ')} {age:g}" for name, age, _ in hard_pages(found)[:_MOST_NAMED])
    named = f"; the hardest pages: {hard}" if hard else "; no page is harder"
    texts = counted(found["texts"], "sentences")
    return f"Reading age {found['median']:g} (the middle of {texts}; {AIM:g} is aimed at){named}."
