"""A real kernel of this environment, and a page that knows only what it is told over the Jupyter protocol."""

from __future__ import annotations

import os
import sys

from jupyter_client.manager import KernelManager

VIEW = "application/vnd.jupyter.widget-view+json"
REFERENCE = "IPY_MODEL_"


class RealKernel:
    def __init__(self, home):
        environment = {key: value for key, value in os.environ.items() if not key.endswith(("_TOKEN", "_API_KEY"))}
        environment["ANIMATEDIFF_WIDGET_HOME"] = str(home)
        self.manager = KernelManager()
        self.manager.kernel_spec.argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        self.manager.start_kernel(env=environment, cwd=str(home))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self._received = []

    def stop(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def interrupt(self):
        self.manager.interrupt_kernel()

    def send(self, code):
        return self.client.execute(code)

    def click(self, comm_id):
        return self.tell(comm_id, {"method": "custom", "content": {"event": "click"}})

    def edit(self, comm_id, **state):
        return self.tell(comm_id, {"method": "update", "state": state, "buffer_paths": []})

    def tell(self, comm_id, data):
        message = self.client.session.msg("comm_msg", {"comm_id": comm_id, "data": data})
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def answers(self, message_id):
        """Yield what the kernel publishes for a message, from then on until its idle, and nothing else."""
        for message in self._published():
            if message["parent_header"].get("msg_id") == message_id:
                if message["content"].get("execution_state") == "idle":
                    return
                yield message

    def order_of(self, *message_ids):
        """Give the messages' ids in the order in which the kernel ended them."""
        ended = []
        for message in self._published():
            parent = message["parent_header"].get("msg_id")
            if parent in message_ids and message["content"].get("execution_state") == "idle":
                ended.append(parent)
                if len(ended) == len(message_ids):
                    return ended
        return None

    def run(self, code):
        """Run a cell, and give what it printed and its result, as text."""
        text = ""
        for message in self.answers(self.send(code)):
            content = message["content"]
            assert message["msg_type"] != "error", "\n".join(content["traceback"])
            text += content.get("text", "") + content.get("data", {}).get("text/plain", "")
        return text

    def _published(self):
        """Yield everything that was ever published, and then what comes."""
        position = 0
        while True:
            if position == len(self._received):
                self._received.append(self.client.get_iopub_msg(timeout=60))
            yield self._received[position]
            position += 1


class Page:
    """What a page can draw: the models it was told of, from the one that is shown downwards."""

    def __init__(self):
        self.models = {}
        self.root = None
        self.printed = []

    def take(self, message):
        kind, content = message["msg_type"], message["content"]
        if kind == "comm_open":
            self.models[content["comm_id"]] = dict(content["data"]["state"])
        elif kind == "comm_msg" and content["data"].get("method") == "update":
            self.models[content["comm_id"]].update(content["data"]["state"])
        elif kind in ("stream", "error"):
            self.printed.append(content)
        elif kind in ("display_data", "execute_result") and VIEW in content["data"]:
            self.root = content["data"][VIEW]["model_id"]

    def shown(self, model_id=None):
        """Yield the id and the state of every model that is drawn."""
        model_id = model_id or self.root
        state = self.models[model_id]
        yield model_id, state
        for child in state.get("children", ()):
            yield from self.shown(child.removeprefix(REFERENCE))

    @property
    def text(self):
        return "\n".join(str(state.get("value", "")) for _, state in self.shown())

    def find(self, description):
        """Give the id of the control with this label; None where there is none."""
        return next((model_id for model_id, state in self.shown() if state.get("description") == description), None)

    def is_disabled(self, description):
        return self.models[self.find(description)]["disabled"]
