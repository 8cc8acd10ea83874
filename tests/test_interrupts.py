"""What is held back comes."""

from __future__ import annotations

import signal

import pytest

from animatediff_widget.interrupts import uninterrupted


@pytest.mark.parametrize("fails", [False, True])
def test_an_interrupt_that_is_held_back_comes_at_the_end(fails):
    reached = []

    def act():
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            reached.append("the end")
            if fails:
                raise OSError("another process holds it")

    with pytest.raises(KeyboardInterrupt):
        act()
    assert reached
