"""Turning what servers and people wrote into HTML: everything escaped, everything bounded."""

from __future__ import annotations

import html
import json
import re
from typing import Any

from animatediff_widget.texts import TEXTS, Texts

__all__ = [
    "as_label",
    "breakable",
    "code_block",
    "empty",
    "json_view",
    "log_view",
    "picture",
    "plain",
    "problem",
    "quiet",
    "said",
    "shorten",
]

_LONGEST_STRING = 300
_LONGEST_SENTENCE = 600
_MOST_NODES = 600
_LARGEST_COPY = 256 * 1024
_LONGEST_LOG = 20_000
_NO_HTML = str.maketrans("", "", "<>&")
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
# After _ . - and the like, before a capital letter within a word, and before a number; not within a number.
_JOINTS = re.compile(r"(?<=_)(?=\w)|(?<=[.\-/+:])(?=[^\W\d_])|(?<=[a-z\d])(?=[A-Z])|(?<=[A-Za-z]{3})(?=\d)")
# The button's code is fixed: what a server sent is only ever a text area's value.
_COPY = (
    "const t=this.nextElementSibling,d=()=>{this.textContent=this.dataset.done;this.classList.add('ad-said')};"
    "if(navigator.clipboard){navigator.clipboard.writeText(t.value).then(d)}"
    "else{t.hidden=false;t.select();document.execCommand('copy');t.hidden=true;d()}"
)


def plain(text: str) -> str:
    """Escape text for HTML; characters that could reorder the line around them are made visible."""
    text = text.encode("utf-8", "backslashreplace").decode()
    return html.escape(_REORDERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text), quote=True)


def as_label(text: str, longest: int = 60) -> str:
    """Write a control's label, which ipywidgets 7 takes for HTML, and which may be a server's or a person's."""
    return shorten(text.translate(_NO_HTML), longest)


def shorten(text: str, longest: int = _LONGEST_STRING) -> str:
    """Give the beginning of a text that is longer than fits."""
    return text if len(text) <= longest else f"{text[:longest].rstrip()}…"


def breakable(text: str) -> str:
    """Escape a name that may be longer than its place is wide, such as a file's: it breaks between its words."""
    return "<wbr>".join(map(plain, _JOINTS.split(text)))


def _sentence(text: str) -> str:
    """Escape what stands free on the page: where it repeats a server without end, the page would have none."""
    return plain(shorten(text, _LONGEST_SENTENCE))


def problem(text: str) -> str:
    """Write a sentence about what went wrong, so that screen readers read it out; nothing for no text."""
    return f'<div class="ad-problem" role="alert">{_sentence(text)}</div>' if text else ""


def quiet(text: str) -> str:
    """Write a note; nothing for no text."""
    return f'<div class="ad-quiet">{_sentence(text)}</div>' if text else ""


def said(text: str) -> str:
    """Write a note that the page reads out once; nothing for no text."""
    return f'<div class="ad-quiet ad-said">{_sentence(text)}</div>' if text else ""


def empty(text: str, classes: str = "") -> str:
    """Write what stands where there is no animation, no JSON, ... yet."""
    return f'<div class="ad-empty {classes}"><span>{_sentence(text)}</span></div>'


def picture(source: str, words: str, caption: str) -> str:
    """Write what stands where the animation will play; `source` is a URL of ours, `words` say what it shows."""
    return f'<img class="ad-preview" decoding="sync" alt="{plain(words)}" src="{source}">{quiet(caption)}'


def _copy_button(text: str, texts: Texts) -> str:
    if len(text) > _LARGEST_COPY:
        return f'<span class="ad-quiet">{texts["too_big"].format(size=f"{len(text) / 2**20:.1f} MB")}</span>'
    # A text area holds exactly what it is given, but for a first line break, which the parser drops.
    verbatim = "\n" + html.escape(text.encode("utf-8", "backslashreplace").decode(), quote=True)
    return (
        f'<button type="button" data-done="{texts["copied"]}" onclick="{html.escape(_COPY)}">{texts["copy"]}</button>'
        f'<textarea hidden readonly aria-label="{texts["copy"]}">{verbatim}</textarea>'
    )


def code_block(text: str, texts: Texts = TEXTS) -> str:
    """Show text as it is, with a button that copies it."""
    return (
        f'<div class="ad-tools">{_copy_button(text, texts)}</div>'
        f'<div class="ad-scroll" tabindex="0"><pre>{plain(text[:_LARGEST_COPY])}</pre></div>'
    )


def log_view(log: str) -> str:
    """Show the end of a log; of lines that overwrite each other (a progress bar), the last."""
    lines = log[-_LONGEST_LOG:].replace("\r\n", "\n").split("\n")
    last = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)
    return f'<div class="ad-scroll" tabindex="0"><pre>{plain(last.strip())}</pre></div>'


def json_view(value: Any, texts: Texts = TEXTS) -> str:
    """Show JSON as a tree that folds, with a button that copies all of it."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    tree = _Tree(texts)
    return (
        f'<div class="ad-tools">{_copy_button(text, texts)}</div>'
        f'<div class="ad-scroll ad-json" tabindex="0">{tree.write(value, "", 0)}</div>'
    )


class _Tree:
    """Writes one document; counts what it wrote, so that the page stays small."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._left = _MOST_NODES

    def write(self, value: Any, label: str, depth: int) -> str:
        self._left -= 1
        if isinstance(value, (dict, list)) and value:
            return self._branch(value, label, depth)
        return f"<div>{label}{self._leaf(value)}</div>"

    def _branch(self, value: dict[str, Any] | list[Any], label: str, depth: int) -> str:
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        items = value.items() if isinstance(value, dict) else enumerate(value)
        rows = []
        for count, (key, item) in enumerate(items):
            if self._left <= 0 or depth > 40:
                rows.append(f"<div><i>… {self._texts['more'].format(count=len(value) - count)}</i></div>")
                break
            name = f"<b>{plain(shorten(str(key)))}</b>: " if isinstance(value, dict) else ""
            rows.append(self.write(item, name, depth + 1))
        # Deep or long parts start folded.
        state = " open" if depth < 2 and len(value) <= 50 else ""
        return (
            f"<details{state}><summary>{label}{opening} <i>{len(value)}</i></summary>"
            f"{''.join(rows)}<div>{closing}</div></details>"
        )

    def _leaf(self, value: Any) -> str:
        if isinstance(value, str):
            text = f'<span class="s">{plain(json.dumps(shorten(value), ensure_ascii=False))}</span>'
            if len(value) > _LONGEST_STRING:
                text += f" <i>{self._texts['characters'].format(count=f'{len(value):,}')}</i>"
            return text
        return f'<span class="n">{plain(json.dumps(value))}</span>'
