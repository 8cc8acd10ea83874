// Lays a sweep out as a table: which axis is across and which down can be chosen, the others are drop-downs.
const { head, cells } = JSON.parse(document.getElementById("sheet").textContent);
const { axes, texts } = head;
const strides = axes.map((_, axis) => axes.slice(axis + 1).reduce((product, next) => product * next.values.length, 1));
const main = document.querySelector("main");

const make = (tag, traits = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(traits))
    if (name in element && name !== "style") element[name] = value;
    else element.setAttribute(name, value);
  element.append(...children);
  return element;
};

const arranged = { across: 0, down: axes.length > 1 ? 1 : -1, at: axes.map(() => 0) };
let open = -1; // the number of the cell that is open

// Every loop begins at the same moment of the page's clock, also one that is scrolled into view later.
const inStep = (animations) => {
  for (const animation of animations) animation.startTime = 0;
};
document.addEventListener("animationstart", ({ target }) => inStep(target.getAnimations()));
const strip = ({ url, count, size, seconds }, width) => {
  const element = make("span", { className: "strip", ariaHidden: "true" });
  Object.assign(element.style, {
    backgroundImage: `url("${url}")`,
    backgroundSize: `${count * 100}% 100%`,
    aspectRatio: `${size[0]} / ${size[1]}`,
    animationDuration: `${seconds || 1}s`,
    animationTimingFunction: `steps(${Math.max(2, count)}, jump-none)`,
  });
  if (count < 2) element.style.animation = "none";
  return element;
};

const numberAt = (at) => at.reduce((sum, index, axis) => sum + index * strides[axis], 0);
const button = (number, isFirst) => {
  const cell = cells[number];
  const element = make("button", { type: "button", className: `cell ${cell.state}`, tabIndex: isFirst ? 0 : -1 });
  element.dataset.number = number;
  element.setAttribute("aria-label", cell.strip ? cell.name : `${cell.name}: ${cell.says}`);
  element.title = cell.name;
  element.append(cell.strip ? strip(cell.strip) : make("span", {}, cell.says));
  element.addEventListener("click", () => show(number));
  return element;
};

const label = (text) => make("span", {}, text);
const table = () => {
  const { across, down, at } = arranged;
  const lines = make("tbody");
  const columns = axes[across].values;
  const rows = down < 0 ? [""] : axes[down].values;
  rows.forEach((row, rowIndex) => {
    const line = make("tr", {}, make("th", { scope: "row" }, label(row)));
    columns.forEach((_, columnIndex) => {
      const here = [...at];
      here[across] = columnIndex;
      if (down >= 0) here[down] = rowIndex;
      line.append(make("td", {}, button(numberAt(here), rowIndex + columnIndex === 0)));
    });
    lines.append(line);
  });
  const corner = make("th", { scope: "col" }, make("b", {}, down < 0 ? "" : axes[down].label));
  const names = make("tr", {}, corner, ...columns.map((name) => make("th", { scope: "col" }, label(name))));
  const over = make("tr", {}, make("td"), make("th", { colSpan: columns.length }, make("b", {}, axes[across].label)));
  return make("div", { className: "scroll" }, make("table", {}, make("thead", {}, over, names), lines));
};
const flow = () =>
  make("div", {}, make("p", { className: "quiet" }, make("b", {}, axes[0].label)), make("ul", { className: "flow" },
    ...axes[0].values.map((name, index) =>
      make("li", {}, button(index, index === 0), make("span", { className: "label" }, name)))));

const choice = (name, options, chosen, change) => {
  const select = make("select", {}, ...options.map(([value, text]) => make("option", { value }, text)));
  select.value = chosen;
  select.addEventListener("change", () => {
    change(Number(select.value));
    render(name);
  });
  select.setAttribute("aria-label", name);
  return make("label", {}, name, select);
};
const isStill = () => main.classList.contains("still");
const tools = () => {
  const names = axes.map((axis, index) => [index, axis.label]);
  const box = make("div", { className: "tools" });
  const put = (which, other) => (axis) => {
    if (arranged[other] === axis) arranged[other] = arranged[which];
    arranged[which] = axis;
  };
  if (axes.length > 1) {
    box.append(choice(texts.sheet_columns, names, arranged.across, put("across", "down")));
    box.append(choice(texts.sheet_rows, names, arranged.down, put("down", "across")));
  }
  axes.forEach((axis, index) => {
    if (index === arranged.across || index === arranged.down) return;
    const values = axis.values.map((value, at) => [at, value]);
    box.append(choice(axis.label, values, arranged.at[index], (at) => (arranged.at[index] = at)));
  });
  const pause = make("button", { type: "button" }, isStill() ? texts.sheet_play : texts.sheet_pause);
  pause.addEventListener("click", () => {
    main.classList.toggle("still");
    pause.textContent = isStill() ? texts.sheet_play : texts.sheet_pause;
    if (!isStill()) inStep(document.getAnimations());
  });
  box.append(pause);
  return box;
};

// The keys of a table: arrows go from cell to cell, and Tab leaves it.
const keys = (event) => {
  const here = event.target.closest?.(".cell");
  const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  if (!here || !step) return;
  const all = [...main.querySelectorAll(".cell")];
  const top = (element) => element.getBoundingClientRect().top;
  const wide = all.filter((element) => top(element) === top(all[0])).length;
  const index = all.indexOf(here);
  const column = (index % wide) + step[1];
  const next = column < 0 || column >= wide ? null : all[index + step[0] * wide + step[1]];
  event.preventDefault();
  if (!next) return;
  here.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
};

const dialog = make("dialog", { ariaLabel: head.title });
const shown = () => [...main.querySelectorAll(".cell")].map((element) => Number(element.dataset.number));
const show = (number) => {
  const cell = cells[number];
  open = number;
  const media = make("div", { className: "media" });
  if (cell.clip?.video) media.append(make("video", { src: cell.clip.url, loop: true, muted: true, controls: true }));
  else if (cell.clip && !matchMedia("(prefers-reduced-motion: reduce)").matches)
    media.append(make("img", { src: cell.clip.url, alt: cell.name }));
  else if (cell.strip) media.append(strip(cell.strip));
  else media.append(make("p", { className: cell.error ? "bad" : "quiet" }, cell.error || cell.says));
  const facts = make("dl");
  for (const [name, value] of cell.recipe) facts.append(make("dt", {}, name), make("dd", {}, value || "–"));
  const json = make("details", {}, make("summary", {}, "JSON"), make("pre", { tabIndex: 0 }, cell.json));
  const row = make("div", { className: "row" });
  const go = (name, by) => {
    const all = shown();
    const to = all[all.indexOf(open) + by];
    const element = make("button", { type: "button", disabled: to === undefined }, name);
    element.addEventListener("click", () => {
      show(to);
      [...dialog.querySelectorAll(".row button")].find((one) => one.textContent === name && !one.disabled)?.focus();
    });
    return element;
  };
  const close = make("button", { type: "button" }, texts.sheet_close);
  close.addEventListener("click", () => dialog.close());
  row.append(go(texts.sheet_before, -1), go(texts.sheet_after, 1));
  if (cell.clip) row.append(make("a", { className: "save", href: cell.clip.url, download: cell.clip.name }, texts.save));
  row.append(close);
  dialog.replaceChildren(
    make("h2", {}, cell.name),
    make("div", { className: "sides" }, media, make("div", { className: "facts" }, facts, json)),
    row,
  );
  if (!dialog.open) dialog.showModal();
  const moves = !matchMedia("(prefers-reduced-motion: reduce)").matches && !isStill();
  if (moves) media.querySelector("video")?.play().catch(() => {});
};
dialog.addEventListener("close", () => {
  const last = [...main.querySelectorAll(".cell")].find((element) => Number(element.dataset.number) === open);
  for (const element of main.querySelectorAll(".cell")) element.tabIndex = element === last ? 0 : -1;
  last?.focus();
});

// A few cells are shown larger than many, as wide as the window has room for.
const fit = () => {
  const count = axes.length > 1 ? axes[arranged.across].values.length : axes[0]?.values.length ?? 1;
  const side = Math.min(192, Math.max(96, Math.floor((innerWidth - 220) / count) - 4));
  document.documentElement.style.setProperty("--side", `${side}px`);
};
addEventListener("resize", fit);

const render = (focused) => {
  fit();
  const about = head.prompt ? [make("p", { className: "quiet" }, head.prompt)] : [];
  const body = axes.length === 0 ? make("p", {}, texts.sheet_none) : axes.length > 1 ? table() : flow();
  main.replaceChildren(make("h1", {}, head.title), ...about, tools(), body);
  if (focused) [...main.querySelectorAll("select")].find((select) => select.ariaLabel === focused)?.focus();
};
main.addEventListener("keydown", keys);
document.body.append(dialog);
render();
