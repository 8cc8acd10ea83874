"""What the page has sent and the kernel has not come to, because a cell or a click is running.

Looked at, never touched: every message stays where it is, and the kernel comes to it later, in order.
"""

from __future__ import annotations

import sys
from typing import Any

from animatediff_widget.interrupts import uninterrupted

__all__ = ["WaitingMessages", "current_header"]

_CLICK = {"method": "custom", "content": {"event": "click"}}


class WaitingMessages:
    """The shell messages that wait in a kernel. Make it with `here`."""

    def __init__(self, kernel: Any, messages: Any) -> None:
        self._kernel, self._messages = kernel, messages
        self._last = -1

    @classmethod
    def here(cls) -> WaitingMessages | None:
        """Give those of this process's kernel; None where there is no kernel, or none that lets itself be looked into.

        ipykernel 7 receives messages in a thread of its own and hands them over one by one.
        """
        kernel = _kernel()
        waiting = getattr(getattr(kernel, "msg_queue", None), "_queue", None)
        if waiting is None or not hasattr(getattr(kernel, "shell_stream", None), "flush"):
            return None
        return cls(kernel, waiting)

    def newly_clicked(self) -> list[str]:
        """Give the models that were clicked since this was asked last, in order; none outside the main thread."""
        clicks: list[str] = []
        with uninterrupted() as here:  # cut short, this could lose a message
            if not here:
                return clicks
            self._kernel.shell_stream.flush()  # from the socket into the queue, as the kernel itself does it
            for number, _, arguments in list(self._messages):
                if number > self._last:
                    self._last = number
                    click = self._read(*arguments)
                    if click is not None:
                        clicks.append(click)
        return clicks

    def _read(self, frames: Any = None, *_: Any) -> str | None:
        """Read a message without the kernel's noting that it was read; give the id of the model that it clicks."""
        session = self._kernel.session
        try:
            message = session.deserialize(session.feed_identities(frames, copy=False)[1], content=False, copy=False)
            if message["header"]["msg_type"] != "comm_msg":
                return None
            content = session.unpack(message["content"])
            return str(content["comm_id"]) if content["data"] == _CLICK else None
        except Exception:  # not signed, malformed, or not a message at all: the kernel will say so when it comes to it
            return None


def current_header() -> dict[str, Any]:
    """Give the header of the message that the kernel is working on; empty where there is none."""
    try:
        header: dict[str, Any] = _kernel().get_parent("shell")["header"]
    except (AttributeError, LookupError):
        return {}
    return header


def _kernel() -> Any:
    """Give this process's kernel, or None; without importing what only a kernel has imported."""
    base = sys.modules.get("ipykernel.kernelbase")
    return base.Kernel.instance() if base is not None and base.Kernel.initialized() else None
