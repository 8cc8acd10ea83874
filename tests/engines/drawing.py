"""What the tests of the engines share: requests, their outputs as arrays, and painted scenes."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from animatediff_widget.engines.painter import MOTIONS, STYLES, Workshop, paint
from animatediff_widget.engines.pocket import PocketEngine
from animatediff_widget.model.request import AnimateDiffRequest

EXAMPLE = (
    "masterpiece, best quality, 1girl, solo, cherry blossoms, hanami, pink flower, white flower, spring season, "
    "wisteria, petals, flower, plum blossoms, outdoors, falling petals, white hair, black eyes"
)
NEGATIVE = (
    "badhandv4, easynegative, ng_deepnegative_v1_75t, verybadimagenegative_v1.3, bad-artist, bad_prompt_version2-neg, "
    "teeth"
)
TOON = "toonyou_beta3.safetensors"


def ask(prompt: str, n_prompt: str = "", **fields: object) -> AnimateDiffRequest:
    return AnimateDiffRequest(
        prompt=prompt, n_prompt=n_prompt, **{"path": TOON, "motion_module": "mm_sd_v14", **fields}
    )


def run(request: AnimateDiffRequest, seed: int = 1) -> tuple[bytes, str]:
    lines: list[str] = []
    output = PocketEngine().run(request, seed=seed, log=lines.append, canceled=lambda: False)
    return output.data, "".join(lines)


def frames(data: bytes) -> np.ndarray:
    image = Image.open(io.BytesIO(data))
    out = []
    for index in range(image.n_frames):
        image.seek(index)
        out.append(np.asarray(image.convert("RGB"), dtype=np.int16))
    return np.stack(out)


def painted(scene, style: str = "toonyou_beta3", motion: str = "mm_sd_v14") -> np.ndarray:
    return np.clip(paint(scene, Workshop(STYLES[style], MOTIONS[motion])), 0, 1)
