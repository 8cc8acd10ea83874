"""``sweep``: one request over many values, from the prompt to the sheet."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traitlets import TraitType

from animatediff_widget.errors import AnimateDiffError, NotConfirmed
from animatediff_widget.model.inputs import Inputs
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.texts import Message

from .common import (
    FAILED,
    OK,
    SHORT_KEY,
    USAGE,
    add_endpoint,
    add_inputs,
    count,
    fail,
    find_input,
    given_endpoint,
    say_ignored,
    text,
)
from .output import complain, say

if TYPE_CHECKING:
    from animatediff_widget.sweeps.sweep import Sweep

__all__ = ["add", "follow_sweep"]

_MOST_ERRORS = 5
_SUFFIXES = (".html", ".webp", ".gif", ".png", ".mp4")
_SWEEP = (
    "Run a job for each combination of values, side by side, and save them as one sheet. A field takes several values: "
    "1,4,25 or 1,5,..,25 or '1-10 (+3)' or '1-10 [4]'; prompts and JSON have || between them. The first field given "
    "goes across. Prints the sheet's name. One that was killed goes on with: animatediff-widget resume. Exit codes: "
    "0 done, 1 a cell has no animation, 2 wrong input, 130 canceled."
)


def add(commands: Any) -> None:
    """Add the command."""
    sweep = commands.add_parser("sweep", help="run a job for each combination of values", description=_SWEEP)
    sweep.set_defaults(act=_sweep, given={})
    sweep.add_argument("text", metavar="PROMPT", type=text, help="what should be seen")
    for name, trait in vars(AnimateDiffRequest).items():
        if isinstance(trait, TraitType):
            shown = trait.help.replace("%", "%%")
            if name == "prompt":
                shown = "Words, the first of which stand in PROMPT: each takes their place. Or whole prompts."
            flag = f"--{name.replace('_', '-')}"
            sweep.add_argument(flag, metavar="VALUES", type=text, action=_InOrder, help=shown)
    add_inputs(sweep, "NAME=VALUES", _SetInOrder)
    sweep.add_argument("--seeds", metavar="N", type=count, action=_InOrder, help="so many seeds, drawn now and kept")
    sweep.add_argument("-o", "--output", metavar="FILE", type=text, help="where to save it: .html, .webp, .gif, .mp4")
    sweep.add_argument("--at-once", metavar="N", type=count, help="how many jobs run side by side")
    sweep.add_argument(
        "--budget",
        metavar="MOST",
        type=text,
        help="begin no more after so many jobs, or so much time: 20, 90s, 5min, 2h",
    )
    sweep.add_argument("--yes", action="store_true", help="run more than 10 jobs where they cost money")
    add_endpoint(sweep)


class _InOrder(argparse.Action):
    """Keeps the fields in the order given: the first axis goes across."""

    def __call__(self, parser: Any, namespace: argparse.Namespace, values: Any, option_string: Any = None) -> None:
        namespace.given = {**namespace.given, self.dest: values}


class _SetInOrder(_InOrder):
    """Keeps the further inputs among them."""

    def __call__(self, parser: Any, namespace: argparse.Namespace, values: Any, option_string: Any = None) -> None:
        namespace.given = {**namespace.given, values[0]: values[1]}


def _sweep(arguments: argparse.Namespace) -> int:
    from animatediff_widget.backends.client import Client
    from animatediff_widget.sweeps.plan import Budget
    from animatediff_widget.sweeps.sweep import Sweep

    output = Path(arguments.output) if arguments.output is not None else None
    if output is not None and output.suffix.lower() not in _SUFFIXES:
        return fail(Message("no_such_sheet", suffix=output.suffix, formats=", ".join(_SUFFIXES)), USAGE)
    try:
        budget, endpoint = Budget.of(arguments.budget), given_endpoint(arguments)
        client = Client(endpoint)
        inputs = client.backend.inputs(arguments.given.get("version"))
        request, axes = _read(arguments.text, arguments.given, inputs)
    except AnimateDiffError as error:
        return fail(error, USAGE)
    say_ignored(request, inputs)
    sweep = Sweep(request, client, arguments.at_once, budget=budget, **axes)
    complain(sweep.plan())
    try:
        return follow_sweep(sweep, output or Path(f"sweep-{sweep.key[:SHORT_KEY]}.html"), confirm=arguments.yes)
    except NotConfirmed as error:
        return fail(error, USAGE)


def _read(prompt: str, given: dict[str, Any], inputs: Inputs) -> tuple[AnimateDiffRequest, dict[str, Any]]:
    """Read the fields: those with one value belong to the request, the others are axes."""
    from animatediff_widget.sweeps.axes import read_axes

    request, axes = AnimateDiffRequest(prompt=prompt), {}
    for name, values in given.items():
        field = "seed" if name == "seeds" else name
        is_further = not request.has_trait(field)
        if is_further:
            request.extra_input = {field: find_input(field, inputs).default, **request.extra_input}
        read = read_axes(request, {field: values}, inputs)[field]
        if len(read) > 1 or name in ("seeds", "prompt"):
            axes[field] = read
        elif is_further:
            request.extra_input = {**request.extra_input, field: read[0]}
        else:
            setattr(request, field, read[0])
    read_axes(request, axes, inputs)  # that there is one, and not too many cells
    return request, axes


def follow_sweep(sweep: Sweep, output: Path | None, *, confirm: bool = False) -> int:
    """Follow a sweep to its end, and save it as a sheet; give the exit code."""
    from animatediff_widget.jobs.progress import show_line

    try:
        with show_line(sweep, "progress", lambda: str(sweep.progress)):
            sweep.run(confirm=confirm)
    except KeyboardInterrupt:
        progress = sweep.progress
        message = Message("sweep_left", done=progress.done, total=progress.total, key=sweep.key[:SHORT_KEY])
        raise KeyboardInterrupt(message) from None
    if output is not None and sweep.progress.succeeded:
        say(sweep.to_html(output) if output.suffix.lower() == ".html" else sweep.save(output))
    if sweep.progress.succeeded == sweep.progress.total:
        return OK
    for error in list(dict.fromkeys(row["error"] for row in sweep.rows() if row["error"]))[:_MOST_ERRORS]:
        complain(error)
    return fail(sweep.progress, FAILED)
