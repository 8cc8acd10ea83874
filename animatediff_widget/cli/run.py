"""``run``: one job, from the prompt to the file."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from traitlets import TraitType

from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.texts import Message

from .common import (
    FAILED,
    OK,
    USAGE,
    add_endpoint,
    add_inputs,
    fail,
    find_input,
    follow,
    given_endpoint,
    say_ignored,
    text,
)
from .output import complain, say, say_json

__all__ = ["add"]

_READERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "steps": ("N", int),
    "guidance_scale": ("X", float),
    "seed": ("N", int),
    "extra_input": ("JSON", json.loads),
    "extra_body": ("JSON", json.loads),
}
_RUN = (
    "Run one job and save its animation. Runs on Replicate where REPLICATE_API_TOKEN is set, else on the pocket model "
    "inside this package (drawn world, offline, no key). Prints the file's name. Exit codes: 0 done, 1 failed, "
    "2 wrong input, 130 canceled."
)


def add(commands: Any) -> None:
    """Add the command."""
    run = commands.add_parser("run", help="run one job and save its animation", description=_RUN)
    run.set_defaults(act=_run)
    run.add_argument("prompt", metavar="PROMPT", type=text, help="what should be seen")
    for name, trait in vars(AnimateDiffRequest).items():  # in the order of their declaration
        if isinstance(trait, TraitType) and name != "prompt":
            flag = f"--{name.replace('_', '-')}"
            shown = f"{trait.help} {_default(trait)}".replace("%", "%%")
            run.add_argument(flag, metavar=_READERS.get(name, ("TEXT",))[0], type=text, help=shown)
    add_inputs(run, "NAME=VALUE")
    run.add_argument("-o", "--output", metavar="FILE", help="where to save it: .webp, .gif, .png, .mp4, or a folder")
    run.add_argument("--json", action="store_true", help="print the endpoint's last answer as JSON on stdout")
    add_endpoint(run)


def _default(trait: Any) -> str:
    value = trait.default()
    if value is None:
        return "(default: random)"
    return f"(default: {value})" if value != "" and value != {} else ""


def _run(arguments: argparse.Namespace) -> int:
    from animatediff_widget.backends.client import Client
    from animatediff_widget.jobs.job import Job
    from animatediff_widget.jobs.progress import say_further
    from animatediff_widget.media.formats import MIMES, WRITABLE

    output = arguments.output or ""
    suffix = Path(output).suffix[1:].lower()
    if suffix not in ("", *MIMES, "bin"):  # it is no endpoint's own either
        formats = ", ".join(f".{name}" for name in WRITABLE)
        return fail(Message("no_such_format", suffix=suffix, formats=formats), USAGE)
    given = {name: getattr(arguments, name) for name in AnimateDiffRequest.class_trait_names()}
    try:
        request = AnimateDiffRequest(
            **{name: _parse(name, value) for name, value in given.items() if value is not None}
        )
        endpoint = given_endpoint(arguments)
    except AnimateDiffError as error:
        return fail(error, USAGE)
    client = Client(endpoint)
    inputs = client.backend.inputs(request.version)
    try:
        further = {name: find_input(name, inputs).parse(value) for name, value in arguments.set}
        request.extra_input = {**request.extra_input, **further}
        inputs.check(request.seeded().body()["input"])
    except AnimateDiffError as error:
        return fail(error, USAGE)
    say_ignored(request, inputs)
    job = Job(request, client)
    try:
        animation = follow(job)
        name = f"animation-{animation.seed}.{animation.suffix}"
        is_folder = not output or output.endswith(("/", os.sep)) or os.path.isdir(os.path.expanduser(output))
        try:
            path = animation.save(Path(output, name) if is_folder else output)
        except AnimateDiffError as error:
            complain(error)
            return fail(Message("lies_at", path=animation.path), FAILED)
    finally:  # the file first, then the words: whatever takes them may be full or gone
        if arguments.json and job.prediction is not None:
            say_json(job.prediction.raw)
    (complain if arguments.json else say)(path)
    say_further(job)
    return OK


def _parse(name: str, given: str) -> Any:
    """Read a field from the command line; what cannot be read is left to the model to refuse."""
    with contextlib.suppress(KeyError, ValueError, RecursionError):
        return _READERS[name][1](given)
    return given
