"""Words for a page: paragraphs and lists that Markdown shows as they stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crimelib.board.narrative import SENTENCE_TYPE, Sentence, escape_markdown


@dataclass(frozen=True)
class Text:
    """Paragraphs or a list, shown as Markdown; what stands in them is data and is escaped. ``records`` are those of
    the lines that state figures."""

    lines: tuple[str, ...]
    bullet: str = ""
    heading: str = ""
    records: tuple[Mapping[str, object], ...] = ()

    @classmethod
    def of(cls, sentences: Iterable[Sentence], bullet: str = "- ", heading: str = "") -> Text:
        """Sentences as a text that carries the records that they were made from."""
        listed = list(sentences)
        return cls(tuple(map(str, listed)), bullet, heading, tuple(each.published() for each in listed))

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, object]:
        return {SENTENCE_TYPE: list(self.records)} if self.records else {}

    def _repr_markdown_(self) -> str:
        heading = f"**{escape_markdown(self.heading)}**\n\n" if self.heading else ""
        separator = "\n" if self.bullet else "\n\n"
        return heading + separator.join(f"{self.bullet}{escape_markdown(line)}" for line in self.lines)


NOTHING = Text(())  # where the answer above has said already that there is nothing to show
