"""How every chart and table looks: one palette, one typographic scale, one Vega-Lite configuration.

The palette is ordered by lightness (dark to light), so it still separates when printed in grey, and its hues differ
under the common colour-vision deficiencies. Colours never stand for good or bad.
"""

from __future__ import annotations

# vl-convert measures with the first family it has: Liberation Sans (bundled with it, the metrics of Arial), so a
# drawing has the same layout on every machine; readers see their own system's face.
FONT = "system-ui, 'Liberation Sans', Arial, Helvetica, 'DejaVu Sans', sans-serif"
MONO_FONT = "ui-monospace, 'DejaVu Sans Mono', monospace"

WIDE, NARROW = 660, 360
TITLE_SIZE, TEXT_SIZE, SMALL_SIZE = 17, 13, 12
LINE_HEIGHT = 16

BACKGROUND = "#ffffff"
INK = "#1a2530"
MUTED = "#55606b"
RULE = "#8a939c"
GRID = "#e3e7eb"
SHADE = "#eceef1"
BAND = "#dbe7f3"

CURRENT = "#0b4f8a"
BAR = "#4585bd"
PREVIOUS = "#7d8791"
ACCENT = "#c4500c"
SERIES = ("#12335c", "#8b2f7b", "#c4500c", "#00807a", "#b07d00", "#6f7d8c")
SEQUENTIAL = ("#e6eff8", "#bcd4ea", "#84b0d8", "#3874aa", "#0b4f8a", "#08305a")
SIGNAL_COLOURS = {"increase": ACCENT, "decrease": CURRENT, "no_clear_change": MUTED, "": MUTED}


def config() -> dict[str, object]:
    """The Vega-Lite configuration every chart carries."""
    axis = {
        "domain": False,
        "ticks": False,
        "gridColor": GRID,
        "labelColor": MUTED,
        "labelFontSize": TEXT_SIZE,
        "labelLimit": 0,
        "labelPadding": 6,
        "title": None,
    }
    title = {
        "anchor": "start",
        "frame": "bounds",
        "color": INK,
        "fontSize": TITLE_SIZE,
        "fontWeight": 600,
        "lineHeight": TITLE_SIZE + 4,
        "subtitleColor": MUTED,
        "subtitleFontSize": TEXT_SIZE,
        "subtitleLineHeight": LINE_HEIGHT + 1,
        "subtitlePadding": 5,
        "offset": 14,
    }
    header = {
        "title": None,
        "labelAnchor": "start",
        "labelColor": INK,
        "labelFontSize": TEXT_SIZE,
        "labelFontWeight": 600,
        "labelLimit": 0,
        "labelPadding": 4,
    }
    return {
        "aria": False,
        "background": BACKGROUND,
        "font": FONT,
        "view": {"stroke": None},
        "axis": axis,
        "axisX": {"grid": False, "labelFlush": False},
        "title": title,
        "header": header,
        "text": {"fontSize": TEXT_SIZE, "color": INK, "lineBreak": "\n"},
        "line": {"strokeWidth": 2, "strokeCap": "round", "strokeJoin": "round"},
    }


TABLE_CSS = """\
.table-wrap{overflow-x:auto;max-width:100%}
.board-table{border-collapse:collapse;font-size:.95rem;line-height:1.35;color:inherit}
.board-table,.table-notes{font-family:system-ui,'Liberation Sans',Arial,sans-serif}
.board-table caption{text-align:left;font-weight:600;padding:.25rem 0 .5rem}
.board-table caption small{display:block;font-weight:400;font-size:.875rem}
.board-table th,.board-table td{padding:.4rem .9rem .4rem 0;vertical-align:top;text-align:left}
.board-table th,.board-table td{border-bottom:1px solid #c9d0d6}
.board-table thead th{border-bottom:2px solid currentColor;vertical-align:bottom}
.board-table tbody th{font-weight:400}
.board-table tbody th.group{font-weight:600;padding-top:1rem}
.board-table th.num,.board-table td.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.board-table .signal{font-size:.875rem;white-space:nowrap}
.board-table .absent{font-style:italic}
.table-notes{font-size:.875rem;max-width:44rem}
"""
