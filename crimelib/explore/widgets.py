"""An exploration as a page of widgets: labelled controls, one live chart, what it says, and the way to a notebook.

Everything that answers is in :mod:`crimelib.explore.answers` and the explorations; here they are only shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import anywidget
import ipywidgets
import pandas as pd
import traitlets

from crimelib.errors import InputError
from crimelib.explore import NOT_FOR_SHARING
from crimelib.explore.answers import Answer, Control, Exploration, changed, settled
from crimelib.explore.live import ROOM
from crimelib.explore.live_answer import LiveAnswer
from crimelib.explore.workspace import Workspace
from crimelib.settings import Strict
from crimelib.views import write_view

SEVERAL_ROWS = 6
WIDTH, WIDTH_AND_BUTTON = "360px", "510px"  # of a control
# Where the chart has no room beside the controls it goes beneath them, and they stand side by side above it.
PANEL = {"flex": "1 1 364px", "flex_flow": "row wrap", "align_content": "flex-start", "align_items": "flex-start"}
ANSWER = {"flex": f"1000 1 {ROOM}px", "max_width": "100%", "overflow": "auto"}


class NotebookCell(anywidget.AnyWidget):
    """The code that gives an answer again, with a button that puts it on the clipboard (or selects it where the browser
    does not let it)."""

    _esm = """
    let cells = 0;
    function render({ model, el }) {
      const button = document.createElement("button"), label = document.createElement("label");
      const text = document.createElement("textarea");
      Object.assign(button, { type: "button", className: "jupyter-button widget-button", textContent: COPY });
      button.style.width = "auto";
      Object.assign(text, { id: `crimelib-cell-${(cells += 1)}-${Date.now()}`, readOnly: true, rows: 8 });
      Object.assign(text.style, { display: "block", width: "100%", boxSizing: "border-box", fontFamily: "monospace" });
      Object.assign(text.style, { color: "inherit", background: "transparent" });
      Object.assign(label, { htmlFor: text.id, textContent: "Notebook cell" });
      label.style.marginLeft = "8px";
      const show = () => { text.value = model.get("code"); };
      button.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(model.get("code"));
          button.textContent = "Copied";
        } catch (refused) {
          text.select();
          button.textContent = "Selected: press Ctrl+C";
        }
        setTimeout(() => { button.textContent = COPY; }, 2000);
      });
      show();
      model.on("change:code", show);
      el.append(button, label, text);
      return () => model.off("change:code", show);
    }
    const COPY = "Copy as notebook cell";
    export default { render };
    """
    code = traitlets.Unicode("").tag(sync=True)


class ViewName(anywidget.AnyWidget):
    """The field for a view's name and the button that saves it. What is pressed carries the name along: a value that
    ipywidgets holds back while Python answers would come after the button of another widget."""

    _esm = """
    let names = 0;
    function render({ model, el }) {
      const label = document.createElement("label"), text = document.createElement("input");
      const button = document.createElement("button"), save = () => model.send({ name: text.value });
      Object.assign(text, { type: "text", id: `crimelib-view-${(names += 1)}-${Date.now()}` });
      Object.assign(text, { placeholder: "burglary_since_2019", spellcheck: false });
      Object.assign(label, { htmlFor: text.id, className: "widget-label", textContent: "View name" });
      Object.assign(button, { type: "button", className: "jupyter-button widget-button", textContent: "Save view" });
      Object.assign(label.style, { flex: "0 0 150px", textAlign: "right" });
      el.classList.add("widget-inline-hbox", "widget-text");
      button.addEventListener("click", save);
      text.addEventListener("keydown", ({ key }) => key === "Enter" && save());
      el.append(label, text, button);
    }
    export default { render };
    """


class Slider(anywidget.AnyWidget):
    """A range over named steps, ``options`` as (label, value). ipywidgets' own has no name for a screen reader."""

    _esm = """
    let sliders = 0;
    function render({ model, el }) {
      const label = document.createElement("label"), range = document.createElement("input");
      const told = document.createElement("output");
      Object.assign(range, { type: "range", id: `crimelib-slider-${(sliders += 1)}-${Date.now()}`, min: 0, step: 1 });
      Object.assign(label, { htmlFor: range.id, className: "widget-label", textContent: model.get("description") });
      Object.assign(label.style, { flex: "0 0 150px", textAlign: "right" });
      Object.assign(range.style, { flex: "1 1 auto", minWidth: 0 });
      told.style.whiteSpace = "nowrap";
      told.style.marginLeft = "8px";
      el.classList.add("widget-inline-hbox");
      const name = () => {
        told.textContent = model.get("labels")[range.value];
        range.setAttribute("aria-valuetext", told.textContent);
      };
      const show = () => {
        range.max = model.get("labels").length - 1;
        range.value = model.get("index");
        name();
      };
      range.addEventListener("input", () => {
        name();
        model.set("index", Number(range.value));
        model.save_changes();
      });
      show();
      model.on("change:labels change:index", show);
      el.append(label, range, told);
      return () => model.off("change:labels change:index", show);
    }
    export default { render };
    """
    description = traitlets.Unicode().tag(sync=True)
    labels = traitlets.List(traitlets.Unicode()).tag(sync=True)
    index = traitlets.Int(0).tag(sync=True)
    options = traitlets.Tuple()
    value = traitlets.Any()

    def __init__(self, options: Sequence[tuple[str, Any]], value: Any, description: str) -> None:
        super().__init__(options=tuple(options), value=value, description=description, layout={"width": WIDTH})

    @traitlets.observe("options")
    def _named(self, _: object) -> None:
        self.labels = [label for label, _ in self.options]

    @traitlets.observe("value", "options")
    def _placed(self, _: object) -> None:
        values = [each for _, each in self.options]
        if self.value in values:
            self.index = values.index(self.value)

    @traitlets.observe("index")
    def _moved(self, _: object) -> None:
        self.value = self.options[self.index][1]


class Explorer(ipywidgets.VBox):
    """An exploration open at a view. ``view`` is what the controls say; setting it moves the controls."""

    def __init__(self, exploration: Exploration, view: Strict, workspace: Workspace) -> None:
        self.exploration, self.workspace, self.view = exploration, workspace, view
        self._moving = False
        self.controls: dict[str, ipywidgets.Widget] = {}
        self.panel = ipywidgets.Box(layout=PANEL)
        self.shown = LiveAnswer({name: each.kind for name, each in exploration.picked.items()})
        for name in exploration.picked:
            self.shown.selections.observe(self._picked, name)
        self.cell = NotebookCell()
        self.name = ViewName(layout={"width": WIDTH_AND_BUTTON})
        self.saved = ipywidgets.HTML()
        self.name.on_msg(lambda _, pressed, __: self.keep(str(pressed["name"])))
        super().__init__([*self._page()])
        self._lay_out()
        self.show()

    def show(self) -> None:
        """Answer the view anew."""
        try:
            answer = self.exploration.answer(self.workspace, self.view)
        except InputError as error:
            answer = Answer(None, (str(error),), (), self.cell.code)
        tables = "".join(table_html(caption, table) for caption, table in answer.tables)
        self.shown.show(answer.spec, answer.said, tables)
        self.cell.code = answer.code

    def _page(self) -> Sequence[ipywidgets.Widget]:
        heading = ipywidgets.HTML(f"<p><strong>{escape(self.exploration.title)}.</strong> {NOT_FOR_SHARING}</p>")
        keep = ipywidgets.VBox([self.cell, self.name, self.saved])
        answer = ipywidgets.VBox([self.shown], layout=ANSWER)
        return heading, ipywidgets.HBox([self.panel, answer], layout={"flex_flow": "row wrap"}), keep

    def _lay_out(self) -> None:
        """Controls of the view, each with the choices that the view leaves."""
        self._moving = True
        declared = self.exploration.controls(self.workspace, self.view)
        self.view = settled(self.view, declared)
        for control in declared:
            value = getattr(self.view, control.field)
            widget = self.controls.get(control.field)
            if widget is None:
                self.controls[control.field] = self._made(control, value)
            elif control.options and tuple(widget.options) != control.options:
                widget.options = control.options
                widget.value = value
        self._moving = False
        wanted = tuple(self.controls[control.field] for control in declared)
        if self.panel.children != wanted:
            self.panel.children = wanted

    def _made(self, control: Control, value: Any) -> ipywidgets.Widget:
        widget = widget_of(control, value)
        widget.observe(lambda change: self._moved(control.field, change["new"]), "value")
        return widget

    def _moved(self, field: str, value: object) -> None:
        if self._moving:
            return
        try:
            self.view = changed(self.view, field, value)
            self._lay_out()
        except (InputError, ValueError) as error:
            first = str(error) if isinstance(error, InputError) else "choose at least one"
            self.shown.said = [first]
            return
        self.show()

    def _picked(self, change: dict[str, Any]) -> None:
        self.shown.picked = self.exploration.picked[change["name"]].told(self.workspace, self.view, change["new"])

    def keep(self, name: str) -> None:
        """Save the view under a name, and say so or why not."""
        try:
            path = write_view(self.workspace.settings.folder, name.strip(), self.view)
            told = f"Saved as parameters/views/{path.name}."
        except InputError as error:
            told = str(error)
        self.saved.value = said_html((told,))


def widget_of(control: Control, value: Any) -> ipywidgets.Widget:
    """The labelled widget of a control, at a value."""
    layout = ipywidgets.Layout(width=WIDTH)
    style = {"description_width": "150px"}
    common = {"description": control.label, "layout": layout, "style": style}
    if control.kind == "tick":
        return ipywidgets.Checkbox(value=value, indent=False, **common)
    if control.kind == "text":
        return ipywidgets.Text(value=value, continuous_update=False, **common)
    if control.kind == "slide":
        return Slider(control.options, value, control.label)
    if control.kind == "several":
        rows = min(SEVERAL_ROWS, max(2, len(control.options)))
        return ipywidgets.SelectMultiple(options=control.options, value=value, rows=rows, **common)
    return ipywidgets.Dropdown(options=control.options, value=value, **common)


def said_html(lines: Sequence[str]) -> str:
    """Lines as a list that screen readers announce when it changes; what stands in them is data and is escaped."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul role='status' aria-live='polite' style='line-height:1.4;max-width:46rem'>{items}</ul>" if items else ""


def table_html(caption: str, table: pd.DataFrame) -> str:
    """A small table with its caption, a header row and named lines, escaped; columns of figures stand to the right."""
    texts = table.astype(str)
    cells = ["text-align:left;font-weight:400", *(_cell_style(texts.iloc[:, at]) for at in range(1, texts.shape[1]))]
    head = "".join(
        f"<th scope='col' style='{style};font-weight:600;white-space:normal'>{escape(str(name))}</th>"
        for name, style in zip(texts.columns, cells, strict=True)
    )
    body = "".join(
        f"<tr><th scope='row' style='{cells[0]}'>{escape(row[0])}</th>"
        + "".join(f"<td style='{style}'>{escape(text)}</td>" for text, style in zip(row[1:], cells[1:], strict=True))
        + "</tr>"
        for row in texts.itertuples(index=False, name=None)
    )
    named = f"<caption style='text-align:left;font-weight:600;white-space:nowrap'>{escape(caption)}</caption>"
    return f"<table>{named}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell_style(column: pd.Series) -> str:
    is_figures = column.str.fullmatch(r"([\d+−–].*)?").all()
    return f"padding-left:1rem;{'text-align:right;white-space:nowrap' if is_figures else 'text-align:left'}"
