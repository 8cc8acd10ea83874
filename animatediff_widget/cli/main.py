"""The command line: run a job, open JupyterLab, serve the pocket model."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from animatediff_widget._version import __version__
from animatediff_widget.errors import AnimateDiffError, JobCanceled, MissingExtra
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.texts import TEXTS

from .jobs import add_commands

__all__ = ["main"]

_OK, _FAILED, _USAGE, _CANCELED = 0, 1, 2, 130
_ALLOW_ROOT = ("--allow-root", "--ServerApp.allow_root")
_READERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "steps": ("N", int),
    "guidance_scale": ("X", float),
    "seed": ("N", int),
    "extra_input": ("JSON", json.loads),
    "extra_body": ("JSON", json.loads),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process when not given.

    Returns
    -------
    int
        0 when it worked, 1 when the job failed, 2 when the input was wrong, 130 when it was interrupted.
    """
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.act(arguments))
    except JobCanceled as error:
        return _fail(error, _CANCELED)
    except KeyboardInterrupt:
        return _fail(TEXTS["interrupted"].format(error="").rstrip(), _CANCELED)
    except AnimateDiffError as error:
        return _fail(error, _FAILED)


def _fail(error: object, code: int) -> int:
    print(error, file=sys.stderr)
    return code


class _OneSentence(argparse.ArgumentParser):
    """A parser that says what is wrong in one sentence."""

    def error(self, message: str) -> Any:
        print(f"{message[:1].upper()}{message[1:]}. Try: {self.prog} --help", file=sys.stderr)
        raise SystemExit(_USAGE)


def _parser() -> argparse.ArgumentParser:
    parser = _OneSentence(
        prog="animatediff-widget", description="Animate a prompt: on Replicate, on a relay, or offline with no key."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    run = commands.add_parser("run", help="run one job and save its animation", description=_RUN)
    run.set_defaults(act=_run)
    run.add_argument("prompt", metavar="PROMPT", help="what should be seen")
    traits = AnimateDiffRequest().traits()
    for name in vars(AnimateDiffRequest):  # in the order of their declaration
        if name in traits and name != "prompt":
            trait = traits[name]
            flag = f"--{name.replace('_', '-')}"
            shown = f"{trait.help} {_default(trait)}".replace("%", "%%")
            run.add_argument(flag, dest=name, metavar=_READERS.get(name, ("TEXT",))[0], help=shown)
    run.add_argument("-o", "--output", metavar="FILE", help="where to save it: .webp, .gif, .png or .mp4")
    run.add_argument("--json", action="store_true", help="print the endpoint's last answer as JSON on stdout")
    where = run.add_mutually_exclusive_group()
    where.add_argument("--builtin", action="store_true", help="run on the pocket model (offline, no key)")
    where.add_argument("--relay", metavar="URL", help="run on a relay; its key comes from ANIMATEDIFF_API_KEY")

    lab = commands.add_parser("lab", help="open JupyterLab on the quickstart notebook", description=_LAB)
    lab.set_defaults(act=_lab)
    lab.add_argument("--folder", default=".", help="where to put the notebook when it is not there yet (default: here)")
    lab.add_argument("--allow-root", action="store_true", help="start although you are root, as in a container")
    lab.add_argument("rest", nargs="*", metavar="ARGUMENT", help="for jupyter lab itself, after --")

    serve = commands.add_parser("serve", help="serve the pocket model alone", description=_SERVE)
    serve.set_defaults(act=_serve)
    serve.add_argument("--port", default="0", metavar="N", help="the port on 127.0.0.1 (default: a free one)")

    add_commands(commands)
    return parser


_RUN = (
    "Run one job and save its animation. Runs on Replicate where REPLICATE_API_TOKEN is set, else on the pocket model "
    "inside this package (drawn world, offline, no key). Prints the file's name. Exit codes: 0 done, 1 failed, "
    "2 wrong input, 130 canceled."
)
_LAB = "Open JupyterLab on the quickstart notebook."
_SERVE = (
    "Serve the pocket model (drawn world, offline) on 127.0.0.1: the predictions API of Replicate, under /v1 and "
    "/replicate/v1. Prints its url and its key. Stop it with Ctrl-C."
)


def _default(trait: Any) -> str:
    value = trait.default()
    if value is None:
        return "(default: random)"
    return f"(default: {value})" if value != "" and value != {} else ""


def _run(arguments: argparse.Namespace) -> int:
    from animatediff_widget.backends.client import Client
    from animatediff_widget.jobs.job import Job
    from animatediff_widget.jobs.progress import show_progress
    from animatediff_widget.model.endpoint import Endpoint

    fields: dict[str, Any] = {}
    try:
        for name in AnimateDiffRequest.class_trait_names():
            text = getattr(arguments, name)
            if text is not None:
                fields[name] = _parse(name, text)
        request = AnimateDiffRequest(**fields)
        endpoint = Endpoint.relay(arguments.relay) if arguments.relay else None
    except AnimateDiffError as error:
        return _fail(error, _USAGE)
    if arguments.builtin:
        endpoint = Endpoint.builtin()
    job = Job(request, Client(endpoint))
    try:
        with show_progress(job):
            animation = job.run()
    except KeyboardInterrupt:
        if job.animation is None:
            raise JobCanceled(TEXTS["interrupted"].format(error=job.error or TEXTS["nothing_sent"])) from None
        animation = job.animation  # it was too late to cancel
    finally:
        if arguments.json and job.prediction is not None:
            print(json.dumps(job.prediction.raw, indent=2, ensure_ascii=False))
    path = animation.save(arguments.output or f"animation-{animation.seed}.{animation.suffix}")
    print(path, file=sys.stderr if arguments.json else sys.stdout)
    return _OK


def _parse(name: str, text: str) -> Any:
    """Read a field from the command line; what cannot be read is left to the model to refuse."""
    with contextlib.suppress(KeyError, ValueError, RecursionError):
        return _READERS[name][1](text)
    return text


def _lab(arguments: argparse.Namespace) -> int:
    if shutil.which("jupyter-lab", path=_path()) is None:
        raise MissingExtra(TEXTS["lab_missing"])
    rest = [*arguments.rest, *(["--allow-root"] if arguments.allow_root else [])]
    if _is_root() and not any(argument.startswith(_ALLOW_ROOT) for argument in rest):
        raise AnimateDiffError(TEXTS["lab_as_root"])
    notebook = _quickstart(Path(arguments.folder))
    # In place of this process, so that Ctrl-C and the exit code are Jupyter's own.
    command = [sys.executable, "-m", "jupyterlab", str(notebook), *rest]
    sys.stdout.flush()
    if os.name != "nt":
        os.execv(sys.executable, command)  # noqa: S606
    import subprocess

    return subprocess.call(command)  # noqa: S603


def _is_root() -> bool:
    """Say whether JupyterLab would take this user for root."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _path() -> str:
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"


def _quickstart(folder: Path) -> Path:
    """Find the quickstart: in a checkout, or in `folder`, where a copy is put when there is none."""
    package = Path(__file__).parents[1]
    checkout = package.parent / "notebooks" / "quickstart.ipynb"
    if checkout.exists():
        return checkout
    notebook = folder / "quickstart.ipynb"
    try:
        if not notebook.exists():
            shutil.copyfile(package / "quickstart.ipynb", notebook)
    except OSError as error:
        raise AnimateDiffError(TEXTS["notebook_unwritten"].format(path=notebook, why=error.strerror or error)) from None
    return notebook


def _serve(arguments: argparse.Namespace) -> int:
    import time

    from animatediff_widget.server import LocalServer

    if not re.fullmatch("[0-9]{1,5}", arguments.port) or int(arguments.port) > 65535:
        return _fail(TEXTS["not_a_port"].format(port=repr(arguments.port)), _USAGE)
    with LocalServer(port=int(arguments.port)) as server:
        print(f"url    {server.base_url}/v1/predictions\nkey    {server.token}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)
    return _OK


if __name__ == "__main__":
    sys.exit(main())
