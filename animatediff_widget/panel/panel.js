// What core widgets cannot do themselves. It runs when the panel's style is on a page, as that element's `onload`.
const panel = this.closest(".animatediff");

// A button that goes away when it is pressed takes the focus with it: the person goes on close by.
let place = null; // what has the focus in the panel
const isShown = (element) => element.getClientRects().length > 0;
const keepPlace = () => {
  if (!place || isShown(place) || document.activeElement !== document.body) return;
  const next = place.closest(".ad-results") ? "[role=tab][aria-selected=true]" : ".ad-form textarea";
  place = null;
  panel.querySelector(next).focus();
};
const notePlace = (event) => {
  if (event.type === "focusin") place = event.target;
  else
    setTimeout(() => {
      if (place === event.target && isShown(place)) place = null; // left by the person
      keepPlace();
    });
};

const mend = () => {
  // A slider's handle has no name for a screen reader.
  for (const handle of panel.querySelectorAll(".noUi-handle:not([aria-label])")) {
    const label = handle.closest(".widget-slider").querySelector(".widget-label");
    handle.setAttribute("aria-label", label.textContent);
  }
  // A live region has to be one before its text changes.
  for (const announcer of panel.querySelectorAll(".ad-announcer:not([role])")) {
    announcer.setAttribute("role", "status");
    announcer.setAttribute("aria-live", "polite");
  }
  // A button that is disabled while it has the focus loses it, and a person their place. So it keeps the focus, and is
  // off by aria-disabled and `guard`.
  for (const button of panel.querySelectorAll(".widget-button:not([aria-disabled])")) {
    Object.defineProperty(button, "disabled", {
      get: () => button.getAttribute("aria-disabled") === "true",
      set: (off) => {
        button.toggleAttribute("disabled", off && !button.matches(":focus"));
        button.setAttribute("aria-disabled", Boolean(off));
      },
    });
    button.disabled = button.hasAttribute("disabled");
  }
  keepPlace();
};

const guard = (event) => {
  if (event.target.closest("[aria-disabled=true]")) event.stopPropagation();
};

// JupyterLab takes Enter, arrows and letters for the cell, even where a button of ours has the focus. This attribute
// keeps them from it, but for those with Ctrl, Alt or Command.
const keepKeys = (event) => {
  event.target.toggleAttribute("data-lm-suppress-shortcuts", !(event.ctrlKey || event.metaKey || event.altKey));
};

if (panel) {
  panel.addEventListener("click", guard, true);
  for (const name of ["focusin", "keydown", "keyup"]) panel.addEventListener(name, keepKeys);
  for (const name of ["focusin", "focusout"]) panel.addEventListener(name, notePlace);
  mend();
  new MutationObserver(mend).observe(panel, { childList: true, subtree: true });
}
