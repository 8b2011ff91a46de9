// The live chart of an explorer. vegaEmbed is put in front of this by crimelib.explore.live_chart.
//
// A new chart is drawn aside and takes the place of the old one when it is ready, so that nothing flickers; of changes
// that come while one is being drawn only the newest is drawn. Each answer ends with the event "redrawn".

const WAIT = 20; // milliseconds between what is chosen in the chart and its message to Python

async function drawn(model, options) {
  const place = document.createElement("div");
  const api = await vegaEmbed(place, structuredClone(model.get("spec")), options);
  for (const name of Object.keys(model.get("_vl_selections"))) {
    let late;
    api.view.addSignalListener(name, (_, value) => {
      clearTimeout(late);
      late = setTimeout(() => tell(model, api.view, name, value), WAIT);
    });
  }
  return { place, api };
}

function tell(model, view, name, value) {
  const plain = (data) => JSON.parse(JSON.stringify(data ?? null));
  const store = plain(view.data(`${name}_store`) ?? []);
  model.set("_vl_selections", { ...model.get("_vl_selections"), [name]: { value: plain(value), store } });
  model.save_changes();
}

async function render({ model, el }) {
  let shown = null, drawing = false, asked = 0, last = "", gone = false;

  async function draw() {
    asked += 1;
    if (drawing) return;
    drawing = true;
    for (let done = 0; done < asked && !gone; ) {
      done = asked;
      await replace();
    }
    drawing = false;
    el.dispatchEvent(new CustomEvent("redrawn", { bubbles: true }));
  }

  async function replace() {
    const text = JSON.stringify(model.get("spec"));
    if (text === last) return;
    try {
      const next = await drawn(model, model.get("embed_options"));
      el.replaceChildren(next.place);
      shown?.api.finalize();
      shown = next;
      last = text;
    } catch (error) {
      const told = document.createElement("p");
      told.setAttribute("role", "alert");
      told.textContent = `The chart cannot be drawn: ${error.message}`;
      el.replaceChildren(told);
      last = "";
      throw error;
    }
  }

  model.on("change:asked", draw);
  await draw();
  return () => {
    gone = true;
    model.off("change:asked", draw);
    shown?.api.finalize();
  };
}

export default { render };
