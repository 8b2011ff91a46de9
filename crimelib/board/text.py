"""Words for a page: paragraphs and lists that Markdown shows as they stand."""

from __future__ import annotations

from dataclasses import dataclass

from crimelib.board.narrative import escape_markdown


@dataclass(frozen=True)
class Text:
    """Paragraphs or a list, shown as Markdown; what stands in them is data and is escaped."""

    lines: tuple[str, ...]
    bullet: str = ""
    heading: str = ""

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def _repr_markdown_(self) -> str:
        heading = f"**{escape_markdown(self.heading)}**\n\n" if self.heading else ""
        separator = "\n" if self.bullet else "\n\n"
        return heading + separator.join(f"{self.bullet}{escape_markdown(line)}" for line in self.lines)
