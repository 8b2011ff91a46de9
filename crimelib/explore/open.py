"""Opens an explorer in a notebook, at a saved view or at its beginning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crimelib.errors import InputError
from crimelib.explore.answers import Exploration
from crimelib.explore.asb_definition import ASB_DEFINITION
from crimelib.explore.data_check import DATA_CHECK
from crimelib.explore.partners import PARTNERS
from crimelib.explore.trends import TRENDS
from crimelib.explore.wards import WARDS
from crimelib.explore.workspace import open_workspace
from crimelib.settings import PROJECT_ROOT
from crimelib.views import KINDS, read_view

if TYPE_CHECKING:
    from crimelib.explore.upload import Upload
    from crimelib.explore.widgets import Explorer

EXPLORATIONS: dict[str, Exploration] = {
    "trends": TRENDS,
    "wards": WARDS,
    "asb_definition": ASB_DEFINITION,
    "partners": PARTNERS,
    "data_check": DATA_CHECK,
}


def explore(name: str = "trends", view: str = "", processed: str = "", parameters: str = "") -> Explorer:
    """The explorer of a name, or of a saved view (``parameters/views/<view>.yml``). Raises :class:`InputError` for an
    unknown one."""
    from crimelib.explore.widgets import Explorer

    if name not in EXPLORATIONS:
        raise InputError(f"no explorer is called {name!r}", where="explore", fix=f"known: {', '.join(EXPLORATIONS)}")
    folder = PROJECT_ROOT / (parameters or "parameters")
    shown = read_view(folder, view) if view else KINDS[name]()
    if shown.explorer != name:
        raise InputError(
            f"the view {view!r} is of {shown.explorer}", where="view", fix=f"open {shown.explorer} with it"
        )
    return Explorer(EXPLORATIONS[name], shown, open_workspace(processed, parameters))


def upload(raw: str = "", processed: str = "", parameters: str = "") -> Upload:
    """A place to drop a new file and see what it would change before it is taken into the raw folder."""
    from datetime import date

    from crimelib.explore.upload import Upload

    folder = PROJECT_ROOT / (raw or "data/raw")
    return Upload(open_workspace(processed, parameters), folder, date.today().isoformat())
