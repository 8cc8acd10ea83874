"""A journal of its own for every test."""

from __future__ import annotations

import pytest

from animatediff_widget import Journal


@pytest.fixture
def journal(tmp_path) -> Journal:
    return Journal(tmp_path / "journal")
