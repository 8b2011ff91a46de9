// An explorer's answer: what is said, the live chart, what is said of the marks chosen in it, and the tables. vegaEmbed
// is put in front of this by crimelib.explore.live_answer.
//
// Where a specification differs from the one before in its rows, its headings and the marks chosen alone, these are
// handed to the chart that stands: a tenth of the work of drawing it anew. Else the new chart is drawn aside and takes
// the place of the old one when it is ready, so that nothing flickers. Of changes that come while one is being drawn
// only the newest is drawn. Each answer ends with the event "redrawn".

const WAIT = 20; // milliseconds between what is chosen in the chart and its message to Python

// A specification without its rows, headings and chosen marks, and these by the names that stand in their place.
function parted(spec) {
  const rows = {}, words = {}, chosen = {};
  const heading = (title) =>
    Object.fromEntries(Object.entries(title).map(([key, text]) => {
      if (!["text", "subtitle"].includes(key) || typeof text !== "string") return [key, text];
      const name = `heading_${Object.keys(words).length}`;
      words[name] = text;
      return [key, { expr: name }];
    }));
  const data = ({ values, format }) => {
    const name = `rows_${Object.keys(rows).length}`;
    rows[name] = { text: typeof values === "string" ? values : JSON.stringify(values), kinds: format?.parse };
    return { name, format: { parse: null } };
  };
  const param = ({ value, ...rest }) => {
    chosen[rest.name] = value ?? []; // every parameter of ours is a selection
    return rest;
  };
  const part = (node) => {
    if (Array.isArray(node)) return node.map(part);
    if (node === null || typeof node !== "object") return node;
    return Object.fromEntries(Object.entries(node).map(([key, each]) => {
      if (key === "data" && each.values !== undefined) return [key, data(each)];
      if (key === "title" && each !== null && typeof each === "object") return [key, heading(each)];
      if (key === "params") return [key, each.map(param)];
      return [key, part(each)];
    }));
  };
  const shape = part(spec);
  return { shape, key: JSON.stringify(shape), rows, words, chosen };
}

// Rows out of JSON, or out of CSV of our own making (no quotes), where `kinds` says which columns are numbers.
function read({ text, kinds }) {
  if (!kinds) return JSON.parse(text);
  const [head, ...lines] = text.split("\n");
  const number = (cell) => (cell === "" ? null : Number(cell));
  const columns = head.split(",").map((name) => [name, kinds[name] === "number" ? number : String]);
  return lines.map((line) => {
    const cells = line.split(","), row = {};
    for (let at = 0; at < columns.length; at += 1) row[columns[at][0]] = columns[at][1](cells[at]);
    return row;
  });
}

const selections = (model) => Object.keys(model.get("_vl_selections"));

async function drawn(model, next) {
  const place = document.createElement("div");
  const spec = { ...next.shape, params: [...(next.shape.params ?? [])] };
  spec.params.push(...Object.entries(next.words).map(([name, value]) => ({ name, value })));
  spec.datasets = Object.fromEntries(Object.entries(next.rows).map(([name, each]) => [name, read(each)]));
  const { view, finalize } = await vegaEmbed(place, spec, model.get("embed_options"));
  const shown = { place, view, finalize, ...next, quiet: false };
  if (choose(shown, next)) await view.runAsync();
  for (const name of selections(model)) {
    let late;
    view.addSignalListener(name, (_, value) => {
      if (shown.quiet) return;
      clearTimeout(late);
      late = setTimeout(() => tell(model, view, name, value), WAIT);
    });
  }
  return shown;
}

function tell(model, view, name, value) {
  const plain = (data) => JSON.parse(JSON.stringify(data ?? null));
  const store = plain(view.data(`${name}_store`) ?? []);
  model.set("_vl_selections", { ...model.get("_vl_selections"), [name]: { value: plain(value), store } });
  model.save_changes();
}

// Mark what the answer has chosen as a click on it would; whether anything changes by it.
function choose({ view }, { shape, chosen }) {
  const points = (shape.params ?? []).filter((each) => each.select?.type === "point");
  return points.filter(({ name, select: { fields: names } }) => {
    const fields = names.map((field) => ({ type: "E", field }));
    const marks = chosen[name].map((mark) => ({ unit: "", fields, values: names.map((field) => mark[field]) }));
    const values = (store) => JSON.stringify(store.map((each) => each.values));
    if (values(view.data(`${name}_store`)) === values(marks)) return false;
    view.data(`${name}_store`, marks);
    return true;
  }).length > 0;
}

// An interval that was dragged out can only be taken back by drawing anew.
const dragged = ({ view, shape }) =>
  (shape.params ?? []).some((each) => each.select?.type === "interval" && view.data(`${each.name}_store`).length > 0);

// Hand what is new to a chart of the same shape.
async function updated(shown, next) {
  for (const [name, value] of Object.entries(next.words)) shown.view.signal(name, value);
  for (const [name, value] of Object.entries(next.rows)) {
    if (value.text !== shown.rows[name].text) shown.view.data(name, read(value));
  }
  choose(shown, next);
  shown.quiet = true; // what the answer has chosen is no news to Python
  try {
    await shown.view.runAsync();
  } finally {
    shown.quiet = false;
  }
  Object.assign(shown, next);
}

// A list that screen readers announce whenever its lines change.
function announced() {
  const place = document.createElement("div");
  place.setAttribute("role", "status");
  const list = document.createElement("ul");
  Object.assign(list.style, { lineHeight: "1.4", maxWidth: "46rem" });
  const say = (lines) => {
    list.replaceChildren(...lines.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
    list.hidden = lines.length === 0;
  };
  place.append(list);
  return { place, say };
}

async function render({ model, el }) {
  const said = announced(), chart = document.createElement("div"), picked = announced();
  const tables = document.createElement("div");
  tables.style.contentVisibility = "auto"; // not laid out while it is out of sight
  chart.style.willChange = "transform"; // a picture of its own: not painted again where a line more is said above it
  let shown = null, drawing = false, asked = 0, gone = false;
  el.append(said.place, chart, picked.place, tables);

  // JupyterLab takes arrows to move between cells and letters to change them, also where a control has the focus.
  const keepKeys = ({ target }) => {
    if (!el.closest(".jp-OutputArea-output")?.contains(target)) return;
    if (target.matches("select, input[type=range], input[type=checkbox]")) target.dataset.lmSuppressShortcuts = "true";
  };
  document.addEventListener("focusin", keepKeys);

  async function draw() {
    asked += 1;
    if (drawing) return;
    drawing = true;
    try {
      for (let done = 0; done < asked && !gone; ) {
        done = asked;
        const spec = model.get("spec");
        chart.hidden = !spec;
        if (spec) await replace(parted(spec));
      }
    } finally {
      drawing = false;
      el.dispatchEvent(new CustomEvent("redrawn", { bubbles: true }));
    }
  }

  async function replace(next) {
    if (shown?.key === next.key && !dragged(shown)) return updated(shown, next);
    const before = shown;
    try {
      shown = await drawn(model, next);
      chart.replaceChildren(shown.place);
    } catch (error) {
      shown = null;
      const told = document.createElement("p");
      told.setAttribute("role", "alert");
      told.textContent = `The chart cannot be drawn: ${error.message}`;
      chart.replaceChildren(told);
      throw error;
    } finally {
      before?.finalize();
    }
  }

  const shows = {
    said: () => said.say(model.get("said")),
    picked: () => picked.say(model.get("picked")),
    tables: () => (tables.innerHTML = model.get("tables")), // escaped by table_html
    asked: draw,
  };
  for (const [name, show] of Object.entries(shows)) model.on(`change:${name}`, show);
  for (const show of Object.values(shows)) await show();
  return () => {
    gone = true;
    document.removeEventListener("focusin", keepKeys);
    for (const [name, show] of Object.entries(shows)) model.off(`change:${name}`, show);
    shown?.finalize();
  };
}

export default { render };
