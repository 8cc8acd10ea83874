// What core widgets cannot do themselves. It runs when the panel's style is on a page, as that element's `onload`.
const panel = this.closest(".animatediff");

// A button that goes away when it is pressed takes the focus with it. It goes to where no key does any harm.
let pressed = null; // the button that has the focus
const isShown = (element) => element.getClientRects().length > 0;
const keepFocus = () => {
  if (!pressed || isShown(pressed) || document.activeElement !== document.body) return;
  pressed = null;
  panel.querySelector("[role=tab][aria-selected=true]")?.focus({ preventScroll: true });
};

// A new answer replaces the one that a person reads, whole. What they folded, how far they scrolled, and the focus are
// put back: `reading` has them by the HTML widget, which stays.
const reading = new WeakMap();
const hostOf = (element) => element.closest?.(".ad-scroll, .ad-tools") && element.closest(".widget-html");
const readingOf = (host) => {
  if (!reading.has(host)) reading.set(host, { folds: new Map(), top: 0, focus: null, scroller: null });
  return reading.get(host);
};
const pathOf = (fold) => {
  const parts = [];
  for (let part = fold; part; part = part.parentElement.closest("details"))
    parts.push(part.querySelector("summary b")?.textContent ?? [...part.parentElement.children].indexOf(part));
  return parts.join("/");
};
const noteReading = (event) => {
  const host = hostOf(event.target);
  if (!host || !isShown(host)) return;
  const now = readingOf(host);
  if (event.type === "toggle") now.folds.set(pathOf(event.target), event.target.open);
  else if (event.type === "scroll") now.top = event.target.scrollTop;
};
const putBack = () => {
  for (const scroller of panel.querySelectorAll(".ad-scroll")) {
    const host = hostOf(scroller);
    const now = readingOf(host);
    if (now.scroller === scroller) continue;
    now.scroller = scroller;
    const folds = [...scroller.querySelectorAll("details")];
    for (const fold of folds) fold.open = now.folds.get(pathOf(fold)) ?? fold.open;
    scroller.scrollTop = now.top;
    if (now.focus === null || document.activeElement !== document.body) continue;
    const fold = folds.find((one) => pathOf(one) === now.focus);
    const focused = fold ? fold.querySelector("summary") : host.querySelector(now.focus || ".ad-scroll");
    focused?.focus({ preventScroll: true });
  }
};

const noteFocus = ({ type, target }) => {
  const host = hostOf(target);
  if (type === "focusin") {
    pressed = target.matches(".widget-button") ? target : null;
    if (host && target.matches("summary")) readingOf(host).focus = pathOf(target.parentElement);
    else if (host) readingOf(host).focus = target.matches("button") ? ".ad-tools button" : "";
  } else {
    setTimeout(() => {
      if (isShown(target)) {
        // The person went elsewhere.
        if (host && document.activeElement !== target) readingOf(host).focus = null;
        if (pressed === target && document.activeElement !== target) pressed = null;
      }
      keepFocus();
    });
  }
};

// What comes into a page with its text is not read out; what changes in a region that was there is.
const voice = document.createElement("div");
voice.className = "ad-hidden";
voice.setAttribute("role", "status");

// Where every page has a kernel of its own (Voilà), a reload would lose the job. The kernel writes the job's key down here
// (`Memory`). What it is at first is the notebook's own, which Voilà has run; a later one is a person's: the browser's tab
// keeps it, and the panel of the next kernel gets it back.
let key = null;
const remember = () => {
  const note = panel.querySelector(".ad-memory [data-job]");
  const answer = panel.querySelector(".ad-memory input");
  if (!note || !answer || note.dataset.job === key) return;
  const isNew = key === null;
  key = note.dataset.job;
  const query = new URLSearchParams(location.search);
  query.delete("token"); // the server's
  const name = `animatediff ${location.pathname}?${query} ${note.dataset.panel}`;
  try {
    if (isNew) answer.value = sessionStorage.getItem(name) ?? "";
    else sessionStorage.setItem(name, key);
  } catch {
    // It is full, or is kept from us.
  }
  if (isNew && answer.value) answer.dispatchEvent(new Event("input", { bubbles: true }));
};

// The handle of ipywidgets 7 does not even say that it is one. The page knows how far along it is, in percent; the
// value itself stands in the field beside it.
const sayPosition = (handle) => {
  const say = () => {
    const percent = Math.round(parseFloat(handle.style.left) || 0);
    handle.setAttribute("aria-valuenow", percent);
    handle.setAttribute("aria-valuetext", `${percent} %`);
  };
  handle.setAttribute("role", "slider");
  new MutationObserver(say).observe(handle, { attributeFilter: ["style"] });
  say();
};

const mend = () => {
  // A slider's handle has no name for a screen reader; a toggle, or a field with a refused value, does not say so.
  for (const handle of panel.querySelectorAll(":is(.noUi-handle, .ui-slider-handle):not([aria-label])")) {
    const label = handle.closest(".widget-slider").querySelector(".widget-label");
    handle.setAttribute("aria-label", label.textContent);
    if (handle.matches(".ui-slider-handle")) sayPosition(handle);
  }
  for (const toggle of panel.querySelectorAll(".widget-toggle-button")) {
    const name = toggle.matches(".ad-advanced") ? "aria-expanded" : "aria-pressed";
    toggle.setAttribute(name, toggle.classList.contains("mod-active"));
  }
  for (const field of panel.querySelectorAll(".ad-field, .ad-choice")) {
    const refused = field.querySelector(".ad-problem") !== null;
    for (const control of field.querySelectorAll("input, textarea")) control.setAttribute("aria-invalid", refused);
  }
  // A live region has to be one before its text changes.
  for (const announcer of panel.querySelectorAll(".ad-announcer:not([role])")) {
    announcer.setAttribute("role", "status");
    announcer.setAttribute("aria-live", "polite");
  }
  for (const said of panel.querySelectorAll(".ad-said:not([data-read])")) {
    said.dataset.read = "yes";
    voice.textContent = said.textContent;
    setTimeout(() => (voice.textContent = ""), 5000); // who walks through the page finds it once
  }
  // A button that is disabled while it has the focus loses it, and a person their place. So it keeps the focus, and is
  // off by aria-disabled and `guard`.
  for (const button of panel.querySelectorAll(".widget-button:not([aria-disabled])")) {
    Object.defineProperty(button, "disabled", {
      get: () => button.getAttribute("aria-disabled") === "true",
      set: (off) => {
        button.toggleAttribute("disabled", Boolean(off) && !button.matches(":focus"));
        button.setAttribute("aria-disabled", Boolean(off));
      },
    });
    button.disabled = button.hasAttribute("disabled");
  }
  putBack();
  keepFocus();
  remember();
};

const guard = (event) => {
  if (event.target.closest("[aria-disabled=true]")) event.stopPropagation();
};

// JupyterLab takes Enter, arrows and letters for the cell, even where a button of ours has the focus. This attribute
// keeps them from it, but for those with Ctrl, Alt or Command.
const keepKeys = (event) => {
  event.target.toggleAttribute("data-lm-suppress-shortcuts", !(event.ctrlKey || event.metaKey || event.altKey));
};

// All film strips of a sheet begin at the same moment of the page's clock, so that they play in step.
const keepStep = ({ target }) => {
  if (target.matches(".ad-strip")) for (const animation of target.getAnimations()) animation.startTime = 0;
};

// Arrows go from cell to cell of a sheet; Tab does too.
const goTo = (event) => {
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!step || !event.target.matches(".ad-cell")) return;
  event.preventDefault();
  const here = event.target.getBoundingClientRect();
  const ahead = [...panel.querySelectorAll(".ad-cell")].filter((cell) => {
    const there = cell.getBoundingClientRect();
    const [x, y] = [there.left - here.left, there.top - here.top].map((by) => Math.round(by / here.width));
    return x === step[0] && y === step[1];
  });
  ahead[0]?.focus();
};

// A style is loaded again wherever its panel is moved to.
if (panel && !panel.hasPageCode) {
  panel.hasPageCode = true;
  panel.lang = panel.classList.contains("ad-zh") ? "zh-CN" : "en";
  panel.append(voice);
  panel.addEventListener("click", guard, true);
  panel.addEventListener("animationstart", keepStep);
  panel.addEventListener("keydown", goTo);
  for (const name of ["focusin", "keydown", "keyup"]) panel.addEventListener(name, keepKeys);
  for (const name of ["focusin", "focusout"]) panel.addEventListener(name, noteFocus);
  for (const name of ["toggle", "scroll"]) panel.addEventListener(name, noteReading, true);
  mend();
  new MutationObserver(mend).observe(panel, { childList: true, subtree: true, attributeFilter: ["class"] });
}
