"""A real Jupyter server with its three front ends, each driven in the same way by a real browser."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

import nbformat
import psutil
import pytest
import requests
from driving import RUN_IS_ON
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
ARTIFACTS = ROOT / "test-artifacts"


def missing(what: str) -> str:
    """A tool that is missing is an error where everything has to be checked, and a skipped test elsewhere."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    return pytest.skip(what)


def find_chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"):
        path = shutil.which(name)
        if path:
            return path
    return missing("The browser tests need Chromium: apt-get install chromium")


@contextlib.contextmanager
def open_browser() -> Iterator[Browser]:
    """A headless Chromium; until it is closed, Playwright keeps an event loop running in this thread."""
    executable = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
        )
        yield browser
        browser.close()


class Server:
    """A Jupyter server, a Voilà or a VS Code, in a process of its own."""

    def __init__(self, command: list[str], log: Path, environment: dict[str, str], token: str = "") -> None:
        self._log = log.open("wb")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.base = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [*command, f"--port={port}"],
            env=environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        for _ in range(600):
            try:
                requests.get(f"{self.base}/api/status?token={token}", timeout=5)
                return
            except requests.ConnectionError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        raise RuntimeError(log.read_text())

    def kernels(self) -> list[int]:
        """The process ids of the kernels that run."""
        found = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if "ipykernel_launcher" in child.cmdline():
                    found.append(child.pid)
        return found

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self._log.close()


class Site:
    """A folder with notebooks, served by Jupyter (JupyterLab and Notebook 7) and by Voilà."""

    def __init__(self, folder: Path) -> None:
        self.token = secrets.token_hex(16)
        self.folder, self.work, self.temporary = folder, folder / "work", folder / "temporary"
        self.home = folder / "home"
        self.work.mkdir(parents=True)
        self.temporary.mkdir()
        self.tabs: list[Page] = []  # that no visit uses now
        self._environment = {
            key: value for key, value in os.environ.items() if not key.endswith(("_TOKEN", "_API_KEY"))
        }
        self._environment |= {
            "ANIMATEDIFF_WIDGET_HOME": str(self.home),
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "IPYTHONDIR": str(folder / "ipython"),
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
            "TMPDIR": str(self.temporary),
        }
        configuration = {
            "ServerApp": {"jpserver_extensions": {"jupyterlab": True, "notebook": True}},
            "LabApp": {"expose_app_in_browser": True},
            "JupyterNotebookApp": {"expose_app_in_browser": True},
        }
        (folder / "config").mkdir()
        (folder / "config" / "jupyter_server_config.json").write_text(json.dumps(configuration))
        settings = folder / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
        settings.parent.mkdir(parents=True)
        settings.write_text('{"fetchNews": "false", "checkForUpdates": false}')
        # The kernel is this very environment, whatever kernels the machine has.
        kernel = folder / "data" / "kernels" / "python3"
        kernel.mkdir(parents=True)
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": argv, "display_name": "Python 3", "language": "python"}
        (kernel / "kernel.json").write_text(json.dumps(spec))

    @functools.cached_property
    def jupyter(self) -> Server:
        command = [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"]
        command += [f"--IdentityProvider.token={self.token}"]
        command += ["--ServerApp.port_retries=0", f"--ServerApp.root_dir={self.work}"]
        return Server(command, self.folder / "jupyter.log", self._environment, self.token)

    @functools.cached_property
    def voila(self) -> Server:
        command = [sys.executable, "-m", "voila", str(self.work), "--no-browser"]
        command += ["--Voila.ip=127.0.0.1", "--Voila.port_retries=0"]
        return Server(command, self.folder / "voila.log", self._environment)

    def stop_kernel(self, notebook: str) -> None:
        """Stop the kernel of a notebook."""
        address, headers = f"{self.jupyter.base}/api/sessions", {"Authorization": f"token {self.token}"}
        for found in requests.get(address, headers=headers, timeout=30).json():
            if found["path"] == notebook:
                requests.delete(f"{address}/{found['id']}", headers=headers, timeout=60)

    def stop(self) -> None:
        for name in ("jupyter", "voila"):
            if name in self.__dict__:
                getattr(self, name).stop()

    def write(self, name: str, *sources: str) -> str:
        """Write a notebook with these cells, and give its name."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, self.work / name)
        return name

    def execute(self, name: str) -> Path:
        """Run every cell of a notebook without a front end, save it, and give its path."""
        path = self.work / name
        command = [sys.executable, "-m", "nbconvert", "--execute", "--to", "notebook", "--inplace", str(path)]
        subprocess.run(command, env=self._environment, check=True, capture_output=True, timeout=120)
        return path


class Visit:
    """One visit of a notebook in a front end; collects what the browser complains about.

    The subclasses say what differs: the address, when it is ready, the theme, how the panel's cell is run.
    """

    name: ClassVar[str]
    sometimes: ClassVar[frozenset[str]] = frozenset()  # complaints of its own that depend on which plugin is first

    def __init__(
        self,
        browser,
        site: Site,
        notebook: str = "quickstart.ipynb",
        *,
        width: int = 1200,
        dark: bool = False,
        waits_for: str | None = ".animatediff",  # what shows that Voilà has run the notebook
        reduced_motion: Literal["reduce", "no-preference"] = "no-preference",
    ) -> None:
        self.site, self.notebook, self.waits_for = site, notebook, waits_for
        if notebook == "quickstart.ipynb":  # as it is committed, without what an earlier visit saved
            shutil.copy(ROOT / "notebooks" / notebook, site.work)
        # "Save widget state" stays switched on for every notebook once a test has chosen it.
        shutil.rmtree(site.folder / "settings" / "@jupyter-widgets", ignore_errors=True)
        # A tab that an earlier visit has left is as a new one, but has the front end's scripts compiled already.
        self.page = site.tabs.pop() if site.tabs else browser.new_context().new_page()
        self.context = self.page.context
        self.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self._begin(width, dark, reduced_motion)
        self.page.goto(self.address(), timeout=120_000)  # Voilà answers when its kernel has started
        self.ready()

    def _begin(self, width: int, dark: bool, reduced_motion: Literal["reduce", "no-preference"]) -> None:
        self.width, self.dark = width, dark
        self.page.set_viewport_size({"width": width, "height": 1200})
        self.page.emulate_media(reduced_motion=reduced_motion)
        self.complaints: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", self._failed)

    def _end(self) -> None:
        self.page.remove_listener("console", self._heard)
        self.page.remove_listener("pageerror", self._failed)

    def _heard(self, message) -> None:
        if message.type == "error":
            # A resource that is missing is known by its address only.
            where = message.location["url"].partition("?")[0] if "load resource" in message.text else ""
            self.complaints.append(f"{message.text} {where}".strip())

    def _failed(self, error) -> None:
        self.complaints.append(str(error))

    @property
    def server(self) -> Server:
        return self.site.jupyter

    def address(self) -> str:
        raise NotImplementedError

    def ready(self) -> None:
        raise NotImplementedError

    def panel(self, index: int = 0, *, shows: str = RUN_IS_ON):
        """The panel, once it can be pressed, or shows something else."""
        panel = self.page.locator(".animatediff").nth(index)
        panel.wait_for(timeout=60_000)
        panel.locator(shows).wait_for(timeout=60_000)
        panel.evaluate("element => element.scrollIntoView()")
        return panel

    def open_panel(self):
        """Run what has to be run until the panel is there."""
        raise NotImplementedError

    def reload(self, *, shows: str = RUN_IS_ON) -> None:
        heard = len(self.complaints)
        self.page.reload(timeout=120_000)  # as for the first time
        self.ready()
        self.panel(shows=shows)
        # ipywidgets says this of a widget that is drawn before the kernel has answered, and then draws it all the same.
        late = [text for text in self.complaints[heard:] if text.split("\n")[0] != "Error: widget model not found"]
        self.complaints[heard:] = late

    def narrow(self, width: int) -> None:
        """Make the page so wide."""
        self.width = width
        self.page.set_viewport_size({"width": width, "height": 1700})

    def close(self) -> None:
        """Leave the tab for another visit, and nothing in it."""
        if self.page in self.site.tabs:
            return
        self._end()
        self.page.goto(f"{self.server.base}/nothing-is-here")  # a tab's own storage can be emptied from inside only
        self.page.evaluate("sessionStorage.clear()")
        session = self.context.new_cdp_session(self.page)
        session.send("Storage.clearDataForOrigin", {"origin": self.server.base, "storageTypes": "all"})
        session.detach()
        self.context.clear_cookies()
        self.site.tabs.append(self.page)


class JupyterVisit(Visit):
    """What JupyterLab and Notebook 7 have in common: both are the JupyterLab application."""

    def close(self) -> None:
        super().close()
        self.site.stop_kernel(self.notebook)

    def rest(self) -> None:
        """Leave the page and its kernel for another visit, and nothing in them."""
        self.in_kernel("import ipywidgets; ipywidgets.Widget.close_all()")
        self._set_cells("")
        self._end()

    def use(
        self,
        *cells: str,
        width: int = 1200,
        dark: bool = False,
        reduced_motion: Literal["reduce", "no-preference"] = "no-preference",
    ) -> None:
        """Visit the page again, with these cells in its notebook."""
        self._begin(width, dark, reduced_motion)
        self._set_cells(*cells)
        self.change_theme(dark)

    def _set_cells(self, *sources: str) -> None:
        self.page.evaluate(
            """sources => {
                const model = jupyterapp.shell.currentWidget.content.model.sharedModel;
                const [before, metadata] = [model.cells.length, {}];
                model.insertCells(before, sources.map(source => ({cell_type: 'code', source, metadata})));
                model.deleteCellRange(0, before);  // it is never without a cell, for then the page puts one there
                document.activeElement.blur();
            }""",
            sources,
        )

    def ready(self) -> None:
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        self.page.evaluate(
            """async () => {
                await jupyterapp.restored;
                await jupyterapp.shell.currentWidget.context.ready;
                await jupyterapp.shell.currentWidget.sessionContext.ready;
            }"""
        )
        self.change_theme(self.dark)

    def change_theme(self, dark: bool) -> None:
        self.do("apputils:change-theme", theme="JupyterLab Dark" if dark else "JupyterLab Light")
        self.page.wait_for_selector(f"body[data-jp-theme-light={str(not dark).lower()}]", state="attached")

    def do(self, command: str, **arguments) -> None:
        self.page.evaluate(
            "([command, args]) => jupyterapp.commands.execute(command, args).then(() => null)", [command, arguments]
        )

    def run_cell(self, index: int) -> None:
        """Run a cell, and wait until it is done."""
        self.page.evaluate(f"jupyterapp.shell.currentWidget.content.activeCellIndex = {index}")
        self.do("notebook:run-cell")

    def open_panel(self):
        cells = "jupyterapp.shell.currentWidget.content.widgets.map(cell => cell.model.type)"
        for index, kind in enumerate(self.page.evaluate(cells)):
            if kind == "code":
                self.run_cell(index)
                if self.page.locator(".animatediff").count():
                    break
        return self.panel()

    def save(self) -> None:
        self.do("docmanager:save")

    def read(self):
        """The notebook as it was saved last."""
        return nbformat.read(self.site.work / self.notebook, as_version=4)

    def in_kernel(self, code: str) -> str:
        """Run code in the notebook's kernel, beside its cells, and give what it prints."""
        return self.page.evaluate(
            """async code => {
                const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                const future = kernel.requestExecute({code, store_history: false, silent: false});
                let text = '';
                future.onIOPub = message => {
                    if (message.header.msg_type === 'stream') text += message.content.text;
                    if (message.header.msg_type === 'error') text += message.content.traceback.join('\\n');
                };
                await future.done;
                return text;
            }""",
            code,
        )


class Lab(JupyterVisit):
    name = "lab"

    def address(self) -> str:
        # A workspace per visit: what one test left open is not restored in the next.
        workspace = f"{self.server.base}/lab/workspaces/{secrets.token_hex(4)}"
        return f"{workspace}/tree/{self.notebook}?token={self.site.token}"

    def use(self, *cells: str, **options) -> None:
        super().use(*cells, **options)
        self._fold()

    def narrow(self, width: int) -> None:
        super().narrow(width)
        self._fold()

    def _fold(self) -> None:
        """Show the file browser where there is room for it."""
        self.page.evaluate(f"jupyterapp.shell.{'collapse' if self.width < 1000 else 'expand'}Left()")


class Notebook(JupyterVisit):
    name = "notebook"
    sometimes = frozenset({"Command 'filebrowser:open-path' not registered."})

    def address(self) -> str:
        return f"{self.server.base}/notebooks/{self.notebook}?token={self.site.token}"


class Voila(Visit):
    name = "voila"

    @property
    def server(self) -> Server:
        return self.site.voila

    def reload(self) -> None:
        heard = len(self.complaints)
        super().reload()
        # A page that is left asks Voilà to stop its kernel, without the _xsrf that Voilà's own server wants.
        refused = "Failed to load resource: the server responded with a status of 403 (Forbidden) "
        refused += f"{self.server.base}/voila/api/shutdown/"
        self.complaints[heard:] = [text for text in self.complaints[heard:] if not text.startswith(refused)]

    def address(self) -> str:
        theme = "dark" if self.dark else "light"
        return f"{self.server.base}/voila/render/{self.notebook}?theme={theme}"

    def ready(self) -> None:
        """Voilà runs every cell of the notebook before it shows the page."""
        self.page.wait_for_load_state("load")
        if self.waits_for:
            self.page.wait_for_selector(self.waits_for, timeout=120_000)

    def open_panel(self):
        return self.panel()


FRONT_ENDS: dict[str, type[Visit]] = {kind.name: kind for kind in (Lab, Notebook, Voila)}


class Pages:
    """Visits. Those of JupyterLab and Notebook 7 take the page and the kernel that an earlier one has left.

    To load such a page takes much more than what is done on it.
    """

    def __init__(self, browser: Browser, site: Site) -> None:
        self._browser, self._site = browser, site
        self._left: dict[str, JupyterVisit] = {}
        self._noise: dict[str, frozenset[str]] = {}

    def open(self, name: str, *cells: str, notebook: str = "", **options) -> Visit:
        """Visit a notebook with these cells, or a new page with a notebook that is there already."""
        kind = FRONT_ENDS[name]
        if notebook or not issubclass(kind, JupyterVisit):
            return kind(self._browser, self._site, notebook or self._site.write("visit.ipynb", *cells), **options)
        visit = self._left.pop(name, None)
        if visit is None:
            visit = self._empty(kind, f"visit-{secrets.token_hex(4)}.ipynb")
            visit._end()
        visit.use(*cells, **options)
        return visit

    def leave(self, visit: Visit, *, intact: bool) -> None:
        """End a visit; where the page is intact, another takes it."""
        if intact and visit.notebook.startswith("visit-") and visit.name not in self._left:
            visit.rest()
            self._left[visit.name] = visit
        else:
            visit.close()

    def noise(self, name: str) -> frozenset[str]:
        """What a front end complains about on a page that has nothing of ours."""
        if name not in self._noise:
            self._empty(FRONT_ENDS[name], "empty.ipynb").close()
        return self._noise[name]

    def _empty(self, kind: type[Visit], name: str):
        # A core widget with an icon: with it a page loads the fonts and the code that widgets need.
        notebook = self._site.write(name, "import ipywidgets\nipywidgets.Button(icon='play')")
        visit = kind(self._browser, self._site, notebook, waits_for="button.jupyter-button")
        if isinstance(visit, JupyterVisit):
            visit.run_cell(0)
        visit.page.wait_for_selector("button.jupyter-button")
        visit.page.wait_for_timeout(1500)
        self._noise.setdefault(kind.name, visit.sometimes | frozenset(visit.complaints))
        return visit
