// The live chart of an explorer. vegaEmbed is put in front of this by crimelib.explore.live_chart.
//
// Where a specification differs from the one before in its rows and its headings alone, these are handed to the chart
// that stands: a tenth of the work of drawing it anew. Else the new chart is drawn aside and takes the place of the old
// one when it is ready, so that nothing flickers. Of changes that come while one is being drawn only the newest is
// drawn. Each answer ends with the event "redrawn".

const WAIT = 20; // milliseconds between what is chosen in the chart and its message to Python

// A specification without its rows and headings, and these by the names that stand in their place.
function parted(spec) {
  const rows = {}, words = {};
  const shape = structuredClone(spec);
  const heading = (title, key) => {
    if (typeof title?.[key] !== "string") return;
    const name = `heading_${Object.keys(words).length}`;
    words[name] = title[key];
    title[key] = { expr: name };
  };
  const part = (node) => {
    if (node === null || typeof node !== "object") return;
    if (node.data?.values !== undefined) {
      const name = `rows_${Object.keys(rows).length}`;
      rows[name] = node.data.format?.type === "csv" ? read(node.data.values, node.data.format.parse) : node.data.values;
      node.data = { name, format: { parse: null } };
    }
    heading(node.title, "text");
    heading(node.title, "subtitle");
    for (const [key, each] of Object.entries(node)) if (key !== "data" && key !== "title") part(each);
  };
  part(shape);
  return { shape, rows, words };
}

// CSV of our own making (no quotes) as rows; `kinds` says which columns are numbers.
function read(text, kinds) {
  const [head, ...lines] = text.split("\n");
  const names = head.split(",");
  return lines.map((line) => {
    const cells = line.split(",");
    return Object.fromEntries(names.map((name, at) => [name, kinds[name] === "number" ? Number(cells[at]) : cells[at]]));
  });
}

async function drawn(model, { shape, rows, words }) {
  const place = document.createElement("div");
  const spec = structuredClone(shape);
  spec.params = [...(spec.params ?? []), ...Object.entries(words).map(([name, value]) => ({ name, value }))];
  spec.datasets = structuredClone(rows);
  const { view, finalize } = await vegaEmbed(place, spec, model.get("embed_options"));
  for (const name of Object.keys(model.get("_vl_selections"))) {
    let late;
    view.addSignalListener(name, (_, value) => {
      clearTimeout(late);
      late = setTimeout(() => tell(model, view, name, value), WAIT);
    });
  }
  return { place, view, finalize, shape: JSON.stringify(shape), rows, words };
}

function tell(model, view, name, value) {
  const plain = (data) => JSON.parse(JSON.stringify(data ?? null));
  const store = plain(view.data(`${name}_store`) ?? []);
  model.set("_vl_selections", { ...model.get("_vl_selections"), [name]: { value: plain(value), store } });
  model.save_changes();
}

const untouched = (model, view) =>
  Object.keys(model.get("_vl_selections")).every((name) => view.data(`${name}_store`).length === 0);

// Hand new rows and headings to a chart of the same shape.
async function updated(shown, { rows, words }) {
  for (const [name, value] of Object.entries(words)) shown.view.signal(name, value);
  for (const [name, value] of Object.entries(rows)) {
    if (JSON.stringify(value) !== JSON.stringify(shown.rows[name])) shown.view.data(name, structuredClone(value));
  }
  await shown.view.runAsync();
  Object.assign(shown, { rows, words });
}

async function render({ model, el }) {
  let shown = null, drawing = false, asked = 0, gone = false;

  async function draw() {
    asked += 1;
    if (drawing) return;
    drawing = true;
    try {
      for (let done = 0; done < asked && !gone; ) {
        done = asked;
        await replace(parted(model.get("spec")));
      }
    } finally {
      drawing = false;
      el.dispatchEvent(new CustomEvent("redrawn", { bubbles: true }));
    }
  }

  async function replace(next) {
    if (shown?.shape === JSON.stringify(next.shape) && untouched(model, shown.view)) return updated(shown, next);
    const before = shown;
    try {
      shown = await drawn(model, next);
      el.replaceChildren(shown.place);
    } catch (error) {
      shown = null;
      const told = document.createElement("p");
      told.setAttribute("role", "alert");
      told.textContent = `The chart cannot be drawn: ${error.message}`;
      el.replaceChildren(told);
      throw error;
    } finally {
      before?.finalize();
    }
  }

  model.on("change:asked", draw);
  await draw();
  return () => {
    gone = true;
    model.off("change:asked", draw);
    shown?.finalize();
  };
}

export default { render };
