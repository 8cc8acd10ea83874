"""The same job outside the notebook: as a curl command and as a Python script."""

from __future__ import annotations

import pprint
import shlex
from typing import TYPE_CHECKING

from animatediff_widget.model.endpoint import Endpoint

if TYPE_CHECKING:
    from animatediff_widget.model.request import AnimateDiffRequest

__all__ = ["curl", "python"]

_CURL = """\
curl --silent --show-error --request POST {url} \\
  --header "Authorization: Bearer ${variable}" \\
  --header 'Content-Type: application/json' \\
  --data-raw {body}
"""

_PYTHON = """\
import os
import pathlib
import sys
import time

import requests

URL = {url!r}
HEADERS = {{"Authorization": "Bearer " + os.environ[{variable!r}]}}
BODY = {body}

answer = requests.post(URL, json=BODY, headers=HEADERS, timeout=60)
print(answer.status_code, answer.text, file=sys.stderr)
answer.raise_for_status()
prediction = answer.json()
if not prediction.get("id"):
    sys.exit("The endpoint returned no id, so there is nothing to follow.")

while prediction.get("status") not in ("succeeded", "failed", "canceled", "aborted"):
    time.sleep(1)
    answer = requests.get(URL + "/" + prediction["id"], headers=HEADERS, timeout=60)
    answer.raise_for_status()
    prediction = answer.json()
if prediction["status"] != "succeeded":
    sys.exit(f"The job {{prediction['status']}}: {{prediction.get('error')}}")

# Outputs are deleted after an hour. The key is not sent along: they lie on another host.
output = prediction["output"] if isinstance(prediction["output"], str) else prediction["output"][0]
name = pathlib.Path("animation").with_suffix(pathlib.PurePosixPath(output.split("?")[0]).suffix or ".mp4")
answer = requests.get(output, timeout=60)
answer.raise_for_status()
name.write_bytes(answer.content)
print(name)
"""


def curl(request: AnimateDiffRequest, endpoint: Endpoint | None) -> str:
    """Write a curl command for a POSIX shell; the key is only named, as a variable."""
    endpoint = endpoint or Endpoint.replicate()
    return _CURL.format(
        url=shlex.quote(endpoint.url), variable=endpoint.key_variable, body=shlex.quote(request.to_json())
    )


def python(request: AnimateDiffRequest, endpoint: Endpoint | None) -> str:
    """Write a Python script; the key is only named, as a variable."""
    endpoint = endpoint or Endpoint.replicate()
    body = pprint.pformat(request.body(), width=110, sort_dicts=False)
    return _PYTHON.format(url=endpoint.url, variable=endpoint.key_variable, body=body)
