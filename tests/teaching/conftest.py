"""What the tests of teaching share: one prompt's clips, whose compositions take a moment to paint."""

from __future__ import annotations

import pytest

from animatediff_widget import AnimateDiffRequest
from animatediff_widget.teaching import Clips


@pytest.fixture(scope="session")
def request_():
    return AnimateDiffRequest(prompt="a boat on the sea, full moon", n_prompt="tree", steps=12, guidance_scale=6.0)


@pytest.fixture(scope="session")
def clips(request_):
    return Clips(request_, seed=7)
