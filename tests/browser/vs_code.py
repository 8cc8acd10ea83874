"""VS Code as it comes, without the Jupyter extension and without a kernel: it shows a saved notebook.

VS Code's own server gives it to the browser, out of the npm package code-server. That package's front door and the
native modules (terminal, search, log files) would have to be compiled or fetched from elsewhere. None of them is needed
to show a notebook, so no install script is run.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import tarfile
from pathlib import Path

from front_ends import Server, missing

# VS Code 1.100, tried with Node.js 18, 20, 22 and 24. The newest, 4.139.1, shows the same (tried by hand), but is twice
# as large and needs Node.js 24.
_PACKAGE = "code-server@4.100.3"
_SETTINGS = {
    "workbench.startupEditor": "none",
    "telemetry.telemetryLevel": "off",
    "extensions.autoCheckUpdates": False,
    "extensions.ignoreRecommendations": True,
    "security.workspace.trust.startupPrompt": "never",
}


def install(folder: Path) -> Path:
    """Give the folder of code-server: the one that CODE_SERVER names, else from npm, into an empty folder."""
    if "CODE_SERVER" in os.environ:
        return Path(os.environ["CODE_SERVER"])
    npm = shutil.which("npm")
    if npm is None:
        return missing("The tests in VS Code need npm, or CODE_SERVER=the folder of code-server.")

    def run(*arguments: str, cwd: Path) -> None:
        command = [npm, *arguments, "--loglevel=error", "--fetch-retries=1"]
        try:
            subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True, timeout=120)
        except subprocess.SubprocessError as error:
            missing(f"{_PACKAGE} cannot be installed: {error} {str(error.stderr)[:500]}")

    run("pack", _PACKAGE, cwd=folder)
    (archive,) = folder.glob("*.tgz")
    with tarfile.open(archive) as files:
        files.extractall(folder, filter="data")
    archive.unlink()
    package = folder / "package"
    run("install", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", cwd=package / "lib" / "vscode")
    return package


class VSCode:
    """A VS Code with a folder of notebooks, ``work``; every visit finds it as new.

    Parameters
    ----------
    package : pathlib.Path
        The folder of code-server.
    folder : pathlib.Path
        An empty folder for all that VS Code writes, and for ``work``.
    """

    def __init__(self, package: Path, folder: Path) -> None:
        node = shutil.which("node") or missing("The tests in VS Code need Node.js.")
        self.work, home, token = folder / "work", folder / "home", folder / "token"
        self._settings = folder / "data" / "data" / "User" / "settings.json"
        for made in (self.work, home, self._settings.parent):
            made.mkdir(parents=True)
        self._token = secrets.token_hex(16)
        token.write_text(self._token)
        command = [node, str(package / "lib" / "vscode" / "out" / "server-main.js"), "--host=127.0.0.1"]
        command += [f"--connection-token-file={token}", "--accept-server-license-terms", "--telemetry-level=off"]
        command += [f"--server-data-dir={folder / 'data'}", f"--default-folder={self.work}"]
        # What VS Code needs of Node.js 18, which Debian 12 and Ubuntu 24.04 have, is there behind this switch.
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "NODE_OPTIONS": "--experimental-global-webcrypto"}
        self._server = Server(command, folder / "vs_code.log", environment)

    @contextlib.contextmanager
    def visit(self, browser, notebook: str, *, trusted: bool):
        """Click a notebook in the file list, as a person does, and give the page and the document of the outputs."""
        self._settings.write_text(json.dumps({**_SETTINGS, "security.workspace.trust.enabled": not trusted}))
        # It draws only what is in sight, so the window is high. Behind a proxy that is not there it reaches nobody.
        nobody = {"server": "http://127.0.0.1:9", "bypass": "127.0.0.1"}
        context = browser.new_context(viewport={"width": 1200, "height": 2400}, proxy=nobody)
        try:
            page = context.new_page()
            self._open(page, notebook)
            yield page, page.frame_locator("iframe.webview").frame_locator("iframe")
        finally:
            context.close()

    def _open(self, page, notebook: str) -> None:
        page.goto(f"{self._server.base}/?tkn={self._token}")
        row = page.locator(".explorer-folders-view .monaco-list-row", has_text=notebook)
        cells = page.locator(".notebookOverlay .cell-list-container")
        editor = page.locator(".monaco-editor[data-uri]").or_(cells)
        for _ in range(100):
            row.click()
            editor.first.wait_for()
            if cells.is_visible():
                return
            # Until it has loaded its extensions, VS Code opens a notebook as text. Close that, and click again.
            page.locator(".tabs-container .tab").click(button="middle")
            editor.first.wait_for(state="hidden")
        raise AssertionError("VS Code opens the notebook as text only.")

    def stop(self) -> None:
        self._server.stop()
