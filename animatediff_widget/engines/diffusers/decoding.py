"""From latents to pictures: the frames by the VAE, with what may go wrong there; and the quick look for previews."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from animatediff_widget.engines import Canceled

from .memory import is_out_of_memory, release

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["CHUNKS", "decode", "sketch"]

CHUNKS = (16, 4, 1)
"""How many frames are decoded together; fewer where the memory does not do."""

_BLACK = 3  # of 255: a clip that is nowhere brighter is none

# The colours of Stable Diffusion 1's four latent channels, fitted by the members of this thread (Timothy Alexis Vass):
# https://discuss.huggingface.co/t/decoding-latents-to-rgb-without-upscaling/23204/2
_COLOURS = ((0.298, 0.207, 0.208), (0.187, 0.286, 0.173), (-0.158, 0.189, 0.264), (-0.184, -0.271, -0.473))


def sketch(latents: Any) -> NDArray[np.uint8]:
    """Give the first frame of latents, shape (1, 4, frames, height, width), as uint8 (height, width, 3)."""
    import torch

    first = latents[0, :, 0].float()
    first = first / max(1.0, float(first.std()))  # some schedulers' noise is far larger than what they draw
    colours = torch.tensor(_COLOURS, device=first.device)
    picture = torch.einsum("chw,cr->hwr", first, colours)
    pixels: NDArray[np.uint8] = ((picture / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()
    return pixels


class _NoPicture(Exception):
    """The VAE gave numbers that are none, or black."""


def decode(
    pipe: Any, latents: Any, log: Callable[[str], None], canceled: Callable[[], bool]
) -> NDArray[np.uint8] | None:
    """Decode latents into frames, uint8 (frames, height, width, 3); None where they are not finite themselves.

    Where half precision gives no picture, the VAE decodes again in single precision, and stays so. Raises the error of
    the smallest chunk where the memory does not do for that.
    """
    import torch

    if not torch.isfinite(latents).all():
        return None
    vae = pipe.vae
    try:
        return _chunked(vae, latents, log, canceled, strict=vae.dtype != torch.float32)
    except _NoPicture:
        log(f"The VAE gave no picture in {str(vae.dtype).removeprefix('torch.')}; it decodes again in float32.\n")
    vae.to(torch.float32)
    return _chunked(vae, latents, log, canceled, strict=False)


def _chunked(
    vae: Any, latents: Any, log: Callable[[str], None], canceled: Callable[[], bool], *, strict: bool
) -> NDArray[np.uint8]:
    for chunk in CHUNKS:
        if chunk != CHUNKS[0]:
            release()
            log(f"There is not enough memory to decode all frames at once; now {chunk} at a time.\n")
        try:
            return _decode(vae, latents, chunk, canceled, strict)
        except Exception as error:
            if not is_out_of_memory(error) or chunk == CHUNKS[-1]:
                raise
    raise AssertionError


def _decode(vae: Any, latents: Any, chunk: int, canceled: Callable[[], bool], strict: bool) -> NDArray[np.uint8]:
    import numpy as np
    import torch

    # One frame after the other, as `AnimateDiffPipeline.decode_latents` has them.
    frames = (1 / vae.config.scaling_factor * latents)[0].transpose(0, 1)
    made = []
    with torch.no_grad():
        for start in range(0, len(frames), chunk):
            if canceled():
                raise Canceled
            picture = vae.decode(frames[start : start + chunk].to(vae.dtype)).sample.float()
            if not torch.isfinite(picture).all():
                raise _NoPicture
            picture = (picture / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1)
            made.append((picture * 255).round().to(torch.uint8).cpu().numpy())
    clip = np.concatenate(made)
    if strict and clip.max() <= _BLACK:
        raise _NoPicture
    return clip
