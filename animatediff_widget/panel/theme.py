"""How the panel looks, and the little its page does by itself: `panel.css` and `panel.js`, as one piece of HTML."""

from __future__ import annotations

import html
from pathlib import Path

__all__ = ["STYLE"]

_HERE = Path(__file__).parent
_CODE = html.escape((_HERE / "panel.js").read_text("utf-8"))  # fixed: nothing of anybody else's gets into it

STYLE = f'<style onload="{_CODE}">{(_HERE / "panel.css").read_text("utf-8")}</style>'
