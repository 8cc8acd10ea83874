"""How the panel looks. Colours come from the notebook's own theme, so that light and dark both hold."""

from __future__ import annotations

__all__ = ["CLASS", "STYLE"]

CLASS = "animatediff"

# What core widgets cannot say of themselves: a slider's handle has no name for a screen reader, and a live region has
# to be there before its text changes. And JupyterLab takes Enter, arrows and letters for the cell, even where a button
# of ours has the focus; this attribute keeps them from it, but for those with Ctrl, Alt or Command.
# And a button that is switched off while it has the focus would lose it, and a person's place with it: it keeps the
# focus and is off by aria-disabled, which needs a guard against presses.
# The code is fixed; it runs when the style is on the page.
_KEYS = "const k=e=>e.target.toggleAttribute('data-lm-suppress-shortcuts',!(e.ctrlKey||e.metaKey||e.altKey));"
_OFF = (
    "for(const b of p.querySelectorAll('.widget-button:not([aria-disabled])')){"
    "Object.defineProperty(b,'disabled',{get:()=>b.getAttribute('aria-disabled')==='true',set:v=>{"
    "b.toggleAttribute('disabled',v&&!b.matches(':focus'));b.setAttribute('aria-disabled',!!v)}});"
    "b.disabled=b.hasAttribute('disabled')}"
)
_GUARD = "const g=e=>{if(e.target.closest('[aria-disabled=true]'))e.stopPropagation()};"
_NAMES = (
    "const p=this.closest('.animatediff'),f=()=>{"
    "for(const h of p.querySelectorAll('.noUi-handle:not([aria-label])')){"
    "const l=h.closest('.widget-slider').querySelector('.widget-label');h.setAttribute('aria-label',l.textContent)}"
    "for(const a of p.querySelectorAll('.ad-announcer:not([role])')){"
    "a.setAttribute('role','status');a.setAttribute('aria-live','polite')}"
    f"{_OFF}}};{_KEYS}{_GUARD}if(p){{p.addEventListener('click',g,true);"
    "for(const n of ['focusin','keydown','keyup'])p.addEventListener(n,k);f();"
    "new MutationObserver(f).observe(p,{childList:true,subtree:true})}"
)

_RULES = """
.animatediff {
  --ad-line: var(--jp-border-color2, rgba(128, 128, 128, .35));
  --ad-soft: var(--jp-layout-color2, rgba(128, 128, 128, .12));
  --ad-text: var(--jp-ui-font-color1, var(--colab-primary-text-color, currentColor));
  --ad-quiet: var(--jp-ui-font-color2, var(--colab-secondary-text-color, currentColor));
  --ad-accent: var(--jp-brand-color1, #1976d2);
  --ad-bad: var(--jp-error-color0, var(--colab-error-color, #c62828));
  color: var(--ad-text); max-width: 1280px; padding: 4px 2px 12px; overflow: visible;
}
[data-jp-theme-light="false"] .animatediff { --ad-bad: #ff8a80; }
.animatediff .widget-html-content { min-width: 0; flex: 1 1 auto; line-height: 1.45;
  font-size: var(--jp-ui-font-size1, 13px); }
.animatediff .ad-columns { display: flex; flex-flow: row wrap; gap: 12px 28px; overflow: visible; margin: 0; }
.animatediff .ad-columns > .ad-form { flex: 1 1 300px; min-width: 0; overflow: visible; }
.animatediff .ad-columns > .ad-results { flex: 1.3 1 400px; min-width: 0; overflow: visible; margin: 0; }
.animatediff .ad-stack, .animatediff .ad-row { overflow: visible; margin: 0; }
.animatediff .ad-row { flex-flow: row wrap; gap: 2px 12px; align-items: flex-end; }
.animatediff .ad-row > .ad-grow { flex: 1 1 150px; min-width: 0; }
.animatediff .ad-row > .ad-stack { align-self: flex-start; }
.animatediff .widget-html { height: auto; min-height: 0; margin: 0; }
.animatediff .widget-text, .animatediff .widget-textarea, .animatediff .widget-combobox, .animatediff .widget-dropdown,
.animatediff .widget-hslider { flex-direction: column; align-items: stretch; height: auto; width: auto; margin: 2px 0; }
.animatediff .widget-text > input, .animatediff .widget-textarea > textarea, .animatediff .widget-combobox > input,
.animatediff .widget-dropdown > select { flex: none; width: 100%; }
.animatediff .widget-dropdown > select, .animatediff .widget-text > input, .animatediff .widget-combobox > input {
  height: 30px; }
.animatediff .widget-label { width: auto; text-align: left; line-height: 20px; height: 20px; margin: 0;
  font-weight: 600; color: var(--ad-text); }
.animatediff .ad-row > .widget-hslider { flex: 1 1 160px; min-width: 0; }
.animatediff .widget-hslider .slider-container { flex: none; margin: 13px 10px -1px; height: 20px; }
.animatediff .ad-row > .ad-number { flex: 0 0 84px; width: 84px; }
.animatediff .ad-number .widget-label { position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); }
.animatediff .ad-row > .widget-button, .animatediff .ad-row > .widget-toggle-button { flex: 0 0 auto; width: auto;
  height: 30px; line-height: 28px; margin: 2px 0; padding: 0 12px; }
.animatediff .ad-row > .ad-seed { flex: 1 1 100px; min-width: 0; }
.animatediff .ad-row > .ad-choice { flex: 1 1 170px; min-width: 0; }
.animatediff .widget-toggle-buttons .widget-toggle-button { width: auto; padding: 0 14px; }
.animatediff .ad-advanced { width: 100%; height: 30px; line-height: 28px; margin: 8px 0 2px; padding: 0 8px;
  text-align: left; font-weight: 600; color: var(--ad-text); background: var(--ad-soft); box-shadow: none; }
.animatediff .ad-folded { display: none; }
.animatediff .widget-dropdown > select { appearance: auto; background-image: none; }
[data-jp-theme-light="false"] .animatediff { color-scheme: dark; }
.animatediff .widget-textarea textarea { resize: vertical; }
.animatediff textarea, .animatediff input { box-sizing: border-box; }
.animatediff .ad-mono textarea { font-family: var(--jp-code-font-family, monospace); font-size: 12px; }
.animatediff button { border-radius: 3px; }
.animatediff button:focus-visible, .animatediff textarea:focus-visible, .animatediff input:focus-visible,
.animatediff select:focus-visible, .animatediff summary:focus-visible, .animatediff .noUi-handle:focus-visible,
.animatediff [tabindex]:focus-visible { outline: 2px solid var(--ad-accent) !important;
  outline-offset: 1px; }
.animatediff button[aria-disabled="true"] { opacity: var(--jp-widgets-disabled-opacity, .6);
  box-shadow: none !important; }
.animatediff .ad-actions { margin: 8px 0 4px; }
.animatediff .ad-row > .ad-run { flex: 0 1 150px; height: 36px; line-height: 34px; font-weight: 600; font-size: 14px; }
.animatediff .ad-row > .ad-cancel { flex: 0 1 100px; height: 36px; line-height: 34px; }
.animatediff .ad-problem { color: var(--ad-bad); margin: 0 0 4px; }
.animatediff .ad-quiet { color: var(--ad-quiet); font-size: 12px; overflow-wrap: anywhere; }
.animatediff .ad-status { min-height: 20px; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.animatediff .widget-hprogress { width: auto; height: 10px; margin: 0; }
.animatediff .widget-hprogress .progress { height: 6px; margin: 2px 0; border-radius: 3px; overflow: hidden;
  background: var(--ad-soft); }
.animatediff .widget-hprogress .progress-bar { transition: width .4s linear; }
.jp-OutputArea:has(.animatediff) > .jp-OutputArea-child:has(.animatediff-copy),
.jp-OutputArea:has(.animatediff) > .jp-OutputArea-child:has(+ .jp-OutputArea-child .animatediff-recipe) {
  display: none; }
.animatediff .ad-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.animatediff .widget-tab > .widget-tab-contents, .animatediff .widget-tab > .jupyter-widget-tab-contents {
  padding: 10px; min-height: 200px; overflow: visible; }
.animatediff .widget-tab .lm-TabBar-tab, .animatediff .widget-tab .p-TabBar-tab { color: var(--ad-text) !important; }
.animatediff .ad-stage { min-height: 120px; }
.animatediff .ad-stage img, .animatediff .ad-stage video { border-radius: 6px; margin: 0 auto 6px; }
.animatediff .ad-empty { box-sizing: border-box; width: 512px; max-width: 100%; aspect-ratio: 1.6; margin: 0 auto;
  display: flex; align-items: center; justify-content: center; text-align: center; padding: 16px; border-radius: 6px;
  border: 1px dashed var(--ad-line); color: var(--ad-quiet); }
.animatediff .ad-drawing { border-style: solid; background: linear-gradient(100deg, transparent 30%, var(--ad-soft) 50%,
  transparent 70%) 0 0 / 300% 100%; animation: ad-drawing 2.4s linear infinite; }
@keyframes ad-drawing { from { background-position: 100% 0; } to { background-position: -50% 0; } }
@media (prefers-reduced-motion: reduce) { .animatediff .ad-drawing { animation: none; } }
.animatediff .ad-scroll { max-height: 460px; overflow: auto; border: 1px solid var(--ad-line); border-radius: 4px;
  padding: 8px 10px; font: 12px/1.5 var(--jp-code-font-family, monospace); overflow-wrap: anywhere; }
.animatediff .ad-scroll pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; word-break: normal;
  font: inherit; color: inherit;
  background: none; }
.animatediff .ad-tools { display: flex; gap: 8px; justify-content: flex-end; margin-bottom: 6px; }
.animatediff .ad-tools button { border: 1px solid var(--ad-line); background: var(--ad-soft); color: var(--ad-text);
  padding: 2px 12px; cursor: pointer; font-size: 12px; line-height: 20px; }
.animatediff .ad-json details { margin-left: 1.2em; }
.animatediff .ad-json details > div { margin-left: 1.2em; }
.animatediff .ad-json .ad-json > details, .animatediff .ad-json > details { margin-left: 0; }
.animatediff .ad-json summary { cursor: pointer; margin-left: -1.1em; }
.animatediff .ad-json > details > summary { margin-left: 0; }
.animatediff .ad-json b { font-weight: 600; color: var(--jp-mirror-editor-property-color, inherit); }
.animatediff .ad-json .s { color: var(--jp-mirror-editor-string-color, inherit); }
.animatediff .ad-json .n { color: var(--jp-mirror-editor-number-color, inherit); }
.animatediff .ad-json i { color: var(--ad-quiet); }
.animatediff .ad-history { align-items: flex-start; gap: 10px; }
.animatediff .ad-tile { flex: 0 0 108px; width: 108px; }
.animatediff .ad-tile .widget-button { width: 108px; height: 26px; line-height: 24px; margin: 2px 0; padding: 0 4px;
  font-size: 11px; }
.animatediff .ad-thumbnail { width: 108px; height: 108px; object-fit: cover; border-radius: 4px; display: flex;
  align-items: center; justify-content: center; background: var(--ad-soft); color: var(--ad-text); }
.animatediff .ad-pick-up:not(:empty) { align-items: center; padding: 6px 10px; margin-bottom: 8px; border-radius: 4px;
  border-left: 3px solid var(--ad-accent); background: var(--ad-soft); }
.animatediff .ad-pick-up > .widget-html { flex: 1 1 260px; min-width: 0; }
"""

STYLE = f'<style onload="{_NAMES}">{_RULES}</style>'
