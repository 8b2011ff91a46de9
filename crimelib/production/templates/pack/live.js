// Draws the page's charts again with Vega, in place of their static pictures: figures under the pointer or, with the
// arrow keys, one after the other; one series at a time. Whatever fails, the static picture stays.
(() => {
  "use strict";
  const phone = matchMedia("(max-width: 40rem)");
  const refuse = () => Promise.reject(new Error("a chart has its data with it"));
  const options = {
    ast: true, actions: false, defaultStyle: false, hover: false, renderer: "svg", logLevel: 1,
    tooltip: () => {}, loader: { load: refuse, sanitize: refuse, http: refuse, file: refuse },
  };
  let library = null;
  let shown = null;

  const element = (name, className, parent) => {
    const made = document.createElement(name);
    made.className = className;
    return parent ? parent.appendChild(made) : made;
  };
  const box = element("div", "tip", document.body);
  const mark = element("div", "tip-mark", document.body);
  const said = element("div", "unseen", document.body);
  box.hidden = mark.hidden = true;
  box.setAttribute("role", "tooltip");
  said.setAttribute("aria-live", "polite");

  function loaded() {
    library ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = "charts/vega.js";
      script.onload = () => resolve(window.vegaEmbed);
      script.onerror = reject;
      document.head.append(script);
    });
    return library;
  }

  function hide() {
    box.hidden = mark.hidden = true;
    shown = null;
  }

  // what Vega binds to a drawn element is its item, and the item has the figures that are told of it
  const told = (drawn) => drawn.__data__ && drawn.__data__.tooltip;

  function figures(live) {
    const all = [...live.querySelectorAll("svg path, svg text")].filter((drawn) => {
      const tip = told(drawn);
      return tip && typeof tip === "object" && Object.keys(tip).length;
    });
    return all.map((drawn) => ({ drawn, at: drawn.getBoundingClientRect() })).sort((one, other) =>
      Math.round(one.at.left - other.at.left) || one.at.top - other.at.top);
  }

  function show({ drawn, at }) {
    if (shown === drawn) return;
    shown = drawn;
    box.replaceChildren(...Object.entries(told(drawn)).map(([name, value]) => {
      const line = document.createElement("div");
      const label = element("span", "", line);
      label.textContent = `${name}: `;
      element("strong", "", line).textContent = value;
      return line;
    }));
    box.hidden = mark.hidden = false;
    const round = at.width < 24 && at.height < 24;
    mark.classList.toggle("round", round);
    const left = at.left + at.width / 2, edge = 4;
    Object.assign(mark.style, {
      left: `${at.left + scrollX - edge}px`, top: `${at.top + scrollY - edge}px`,
      width: `${at.width + 2 * edge}px`, height: `${at.height + 2 * edge}px`,
    });
    const size = box.getBoundingClientRect();
    const most = document.documentElement.clientWidth - size.width - 8;
    const above = at.top - size.height - 10;
    box.style.left = `${Math.max(8, Math.min(left - size.width / 2, most)) + scrollX}px`;
    box.style.top = `${(above > 4 ? above : at.bottom + 10) + scrollY}px`;
  }

  const distance = ({ at }, x, y) =>
    Math.hypot(Math.max(at.left - x, 0, x - at.right), Math.max(at.top - y, 0, y - at.bottom));

  function pointTo(live, event) {
    let nearest = null, least = 28;
    for (const figure of figures(live)) {
      const away = distance(figure, event.clientX, event.clientY);
      if (away < least) [nearest, least] = [figure, away];
    }
    if (nearest) show(nearest); else hide();
  }

  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };

  function stepTo(live, event) {
    if (!(event.key in steps) || event.altKey || event.ctrlKey || event.metaKey) return;
    const all = figures(live);
    if (!all.length) return;
    event.preventDefault();
    const now = all.findIndex(({ drawn }) => drawn === shown);
    const next = now < 0 ? (steps[event.key] < 0 ? all.length - 1 : 0) : now + steps[event.key];
    all[Math.max(0, Math.min(all.length - 1, next))].drawn.scrollIntoView({ block: "nearest", inline: "nearest" });
    const figure = figures(live)[Math.max(0, Math.min(all.length - 1, next))];
    show(figure);
    said.textContent = [...box.children].map((line) => line.textContent).join(", ");
  }

  function chooser(figure, view, series) {
    const group = element("div", "series");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", "Show one series");
    const buttons = ["", ...series].map((name) => {
      const button = element("button", "", group);
      button.type = "button";
      button.textContent = name || "All";
      button.setAttribute("aria-pressed", String(!name));
      button.addEventListener("click", () => {
        buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
        view.signal("picked", name).runAsync();
      });
      return button;
    });
    figure.querySelector(".picture").after(group);
  }

  // Vega's interpreter of expressions takes milliseconds for a year; a date in words it reads right
  function inWords(moment) {
    const at = new Date(moment);
    return { year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, date: at.getUTCDate(), utc: true };
  }

  function withDates(part) {
    if (Array.isArray(part)) part.forEach(withDates);
    else if (part && typeof part === "object") {
      if (part.type === "temporal" && part.scale)
        for (const end of ["domainMin", "domainMax"]) part.scale[end] = inWords(part.scale[end]);
      if (part.type === "temporal" && part.axis) part.axis.values = part.axis.values.map(inWords);
      Object.entries(part).forEach(([name, inner]) => name === "data" || withDates(inner));
    }
    return part;
  }

  async function draw(figure) {
    const specs = JSON.parse(figure.querySelector("script.chart-spec").textContent);
    const spec = withDates((phone.matches && specs.narrow_spec) || specs.spec);
    const embed = await loaded();
    const picture = figure.querySelector(".picture");
    const live = element("div", "live");
    const { view } = await embed(live, spec, options);
    figure.querySelectorAll(".live, .series").forEach((before) => before.remove());
    live.setAttribute("role", "img");
    live.setAttribute("aria-label", picture.querySelector("img").alt);
    [...live.children].forEach((part) => part.setAttribute("aria-hidden", "true"));
    picture.append(live);
    figure.classList.add("is-live");
    if (spec.usermeta && spec.usermeta.series) chooser(figure, view, spec.usermeta.series);
    live.addEventListener("pointermove", (event) => pointTo(live, event));
    live.addEventListener("pointerdown", (event) => pointTo(live, event));
    live.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") hide(); });
    picture.onkeydown = (event) => stepTo(live, event);
    picture.onblur = hide;
  }

  const attempt = (figure) => draw(figure).catch((fault) => console.warn(`chart left as a picture: ${fault}`));
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries.filter(({ isIntersecting }) => isIntersecting)) {
      near.unobserve(entry.target);
      attempt(entry.target);
    }
  }, { rootMargin: "600px" });
  const charts = [...document.querySelectorAll("figure:has(script.chart-spec)")];
  charts.forEach((figure) => near.observe(figure));
  phone.addEventListener("change", () => charts.filter((one) => one.classList.contains("is-live")).forEach(attempt));
  addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  addEventListener("scroll", hide, { passive: true, capture: true });
})();
