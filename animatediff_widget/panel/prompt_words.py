"""The words of a prompt that tell it from another one."""

from __future__ import annotations

import re

__all__ = ["telling_words"]

_PRAISE = (
    r"masterpiece|(best|high|highest|top|good|ultra|amazing)[ -]?(quality|res|resolution|detail(ed|s)?)|"
    r"(highly|very|extremely|ultra|super|insanely|intricate(ly)?)[ -]?(detail(ed|s)?|realistic)|highres|absurdres|"
    r"hires|(ultra[ -]?)?(hd|hdr|uhd|4k|8k|16k)|raw photo|(photo|hyper)-?realistic|award[ -]winning|"
    r"trending on artstation|beautiful|stunning|perfect|professional|official art|wallpaper|cinematic|"
    r"杰作|(最佳|最高|高)(质量|品质|清|分辨率)|超高清|精致细节"
)
"""What stands in many prompts alike and says nothing of the picture."""


def telling_words(prompt: str, longest: int) -> str:
    """Give the first phrases of a prompt, without praise such as "masterpiece, best quality"."""
    phrases = [re.sub(r"[()\[\]{}]|:[\d.]+", "", phrase).strip() for phrase in re.split(r"[,，、;；\n]+", prompt)]
    telling = [phrase for phrase in phrases if phrase and not re.fullmatch(_PRAISE, phrase, re.IGNORECASE)]
    text = ", ".join(telling or filter(None, phrases))
    if len(text) <= longest:
        return text
    return text[: longest + 1].rpartition(" ")[0].rstrip(",") or text[:longest]
