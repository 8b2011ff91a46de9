"""An explorer's answer as the page shows it: Altair's widget, fed with plain values and drawn by a script of ours."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

import traitlets

from crimelib.board.charts import Spec
from crimelib.start_up import skip_address_grammar

skip_address_grammar()

import altair  # noqa: E402
from altair.jupyter.jupyter_chart import Selections  # noqa: E402
from altair.utils.selection import IntervalSelection, PointSelection  # noqa: E402

SCRIPT = Path(__file__).with_name("live_answer.js")
# Vega warns of every layer without a row (no ward chosen, say): only errors (1) are news
EMBEDDED = {"renderer": "svg", "actions": False, "logLevel": 1}
EMPTY = {"interval": IntervalSelection, "point": PointSelection}


@cache
def script() -> str:
    """Our script with Vega, Vega-Lite and Vega-Embed in front of it, out of vl-convert: nothing is asked of a network.
    Putting them together takes seconds, so the text is kept in the user's cache folder."""
    own = SCRIPT.read_text(encoding="utf-8")
    digest = hashlib.sha256(f"{version('vl-convert-python')} {own}".encode()).hexdigest()[:16]
    kept = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "crimelib" / f"live-{digest}.js"
    with suppress(OSError, UnicodeDecodeError):
        return kept.read_text(encoding="utf-8")
    whole = _bundle(own)
    with suppress(OSError):
        _keep(kept, whole)
    return whole


def _bundle(own: str) -> str:
    import vl_convert

    return vl_convert.javascript_bundle(own)


def _keep(path: Path, text: str) -> None:
    """Write the file whole or not at all, for its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


class LiveAnswer(altair.JupyterChart):
    """What is said, the live chart and the tables, sent in one message a change: every message costs the page a layout.

    Altair's live widget (selections come back as it gives them) fed with a specification as plain values: building
    Altair objects and checking them against its schema takes seconds, sending a specification none. ``kinds`` are the
    chart's selections by name, ``"interval"`` or ``"point"``.
    """

    said = traitlets.List(traitlets.Unicode()).tag(sync=True)
    picked = traitlets.List(traitlets.Unicode()).tag(sync=True)
    tables = traitlets.Unicode().tag(sync=True)
    asked = traitlets.Int(0).tag(sync=True)

    def __init__(self, kinds: Mapping[str, str]) -> None:
        self._esm = script()
        super().__init__(chart=None, embed_options=EMBEDDED)
        self._selection_types = dict(kinds)
        self.selections = Selections({name: EMPTY[kind](name, [], []) for name, kind in kinds.items()})
        self._let_go()

    def show(self, spec: Spec | None, said: Sequence[str], tables: str) -> None:
        """Show an answer (``tables`` is HTML); what was chosen in the chart before is let go."""
        with self.hold_sync():
            self._let_go()
            self.spec, self.said, self.picked, self.tables = spec, list(said), [], tables
            self.asked += 1

    def _let_go(self) -> None:
        self._vl_selections = {name: {"value": None, "store": []} for name in self._selection_types}
