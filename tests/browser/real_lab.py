"""Starting a real JupyterLab, and finding a real Chromium."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[2]
ARTIFACTS = ROOT / "test-artifacts"


def find_chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"):
        path = shutil.which(name)
        if path:
            return path
    message = "The browser tests need Chromium: apt-get install chromium"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    return pytest.skip(message)


class Lab:
    """A JupyterLab in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.token = secrets.token_hex(16)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.work = folder / "work"
        self.work.mkdir(parents=True)
        self.home = folder / "home"
        shutil.copy(ROOT / "notebooks" / "quickstart.ipynb", self.work)
        environment = {key: value for key, value in os.environ.items() if not key.endswith(("_TOKEN", "_API_KEY"))}
        environment |= {
            "ANIMATEDIFF_WIDGET_HOME": str(self.home),
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "IPYTHONDIR": str(folder / "ipython"),
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        }
        (folder / "settings" / "@jupyterlab" / "apputils-extension").mkdir(parents=True)
        (folder / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings").write_text(
            '{"fetchNews": "false", "checkForUpdates": false}'
        )
        # The kernel is this very environment, whatever kernels the machine has.
        kernel = folder / "data" / "kernels" / "python3"
        kernel.mkdir(parents=True)
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": argv, "display_name": "Python 3", "language": "python"}
        (kernel / "kernel.json").write_text(json.dumps(spec))
        self.log = (folder / "lab.log").open("wb")
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={self.port}"),
                *(f"--IdentityProvider.token={self.token}", "--ServerApp.port_retries=0"),
                *(f"--ServerApp.root_dir={self.work}", "--LabApp.expose_app_in_browser=True"),
            ],
            env=environment,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        for _ in range(600):
            try:
                if requests.get(f"http://127.0.0.1:{self.port}/api/status?token={self.token}", timeout=5).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.1)
        raise RuntimeError((folder / "lab.log").read_text())

    def url(self, notebook: str) -> str:
        # A workspace per visit: what one test left open is not restored in the next.
        workspace = secrets.token_hex(4)
        return f"http://127.0.0.1:{self.port}/lab/workspaces/{workspace}/tree/{notebook}?token={self.token}"

    def stop_kernels(self) -> None:
        headers = {"Authorization": f"token {self.token}"}
        base = f"http://127.0.0.1:{self.port}/api/sessions"
        for session in requests.get(base, headers=headers, timeout=30).json():
            requests.delete(f"{base}/{session['id']}", headers=headers, timeout=30)

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.log.close()
