"""Drop a new file on the page and see what it would change before it is taken in."""

from __future__ import annotations

from pathlib import Path

import ipywidgets

from crimelib.errors import InputError
from crimelib.explore.incoming import Incoming, Preview, accept, preview
from crimelib.explore.widgets import said_html, table_html
from crimelib.explore.workspace import Workspace
from crimelib.sources.registry import MODULES

MOST_ROWS = 20


class Upload(ipywidgets.VBox):
    """A file chosen or dropped, its source and vintage, what it would change, and a button that takes it in."""

    def __init__(self, workspace: Workspace, raw: Path, today: str) -> None:
        self.workspace, self.raw = workspace, raw
        titles = workspace.settings.sources.sources
        options = tuple((titles[name].title, name) for name in MODULES if name in titles)
        self.source = ipywidgets.Dropdown(options=options, description="Source")
        self.vintage = ipywidgets.Text(value=today, description="Fetched on", continuous_update=False)
        self.file = ipywidgets.FileUpload(description="Choose a file", multiple=False)
        self.take = ipywidgets.Button(description="Take it in", disabled=True)
        self.said = ipywidgets.HTML()
        for widget in (self.source, self.vintage, self.file):
            widget.observe(lambda _: self.show(), "value")
        self.take.on_click(lambda _: self._taken())
        heading = ipywidgets.HTML("<h3>A new file: what would it change?</h3>")
        row = ipywidgets.HBox([self.source, self.vintage, self.file, self.take])
        super().__init__([heading, row, self.said])

    def incoming(self) -> Incoming | None:
        """The file as it is chosen now, None before one is."""
        if not self.file.value:
            return None
        chosen = self.file.value[0]
        return Incoming(self.source.value, self.vintage.value.strip(), chosen["name"], bytes(chosen["content"]))

    def show(self) -> None:
        """Say what the file would change; nothing is written."""
        file = self.incoming()
        self.take.disabled = True
        if file is None:
            return
        try:
            found = preview(self.workspace, file)
        except InputError as error:
            self.said.value = said_html((f"Refused: {error}",))
            return
        self.said.value = _preview_html(found)
        self.take.disabled = False

    def _taken(self) -> None:
        self.take.disabled = True
        file = self.incoming()
        if file is None:
            return
        try:
            path = accept(self.raw, self.workspace.store.folder, self.workspace, file)
            told = f"Taken in as {path}. Open the explorer again to see its figures."
        except InputError as error:
            told = f"Refused: {error}"
        self.said.value = said_html((told,))


def _preview_html(found: Preview) -> str:
    tables = (("Counts that would change", found.revised), ("Rows that would be set aside", found.rejected))
    shown = [
        table_html(f"{caption} ({len(table):,})", table.head(MOST_ROWS)) for caption, table in tables if len(table)
    ]
    return said_html(found.lines) + "".join(shown)
