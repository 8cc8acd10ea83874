"""The same job outside the notebook: as a curl command and as a Python script."""

from __future__ import annotations

import json
import pprint
import shlex
from typing import Any

from animatediff_widget.model.body import Body

from .base import Language

__all__ = ["write", "write_held"]

_CURL = """\
curl --silent --show-error --request POST {url} \\
  --header {authorization} \\
  --header 'Content-Type: application/json' \\
  --data-raw {body}
"""

_PYTHON = """\
{imports}
import sys
import time

import requests

URL = {url!r}
HEADERS = {{"Authorization": "Bearer " + {key}}}
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


_HELD_CURL = """\
curl --silent --show-error --request POST {url} \\
  --header 'Content-Type: application/json' \\
  --data-raw {body}
"""

_HELD_PYTHON = """\
import base64
import mimetypes
import pathlib
import sys

import requests

URL = {url!r}
BODY = {body}

answer = requests.post(URL, json=BODY)  # it comes with the animation in it, when that is done
answer.raise_for_status()
prediction = answer.json()
if prediction["status"] != "succeeded":
    sys.exit(f"The job {{prediction['status']}}: {{prediction.get('error')}}")

output = prediction["output"] if isinstance(prediction["output"], str) else prediction["output"][0]
kind, _, data = output.removeprefix("data:").partition(";base64,")
name = pathlib.Path("animation").with_suffix(mimetypes.guess_extension(kind) or ".mp4")
name.write_bytes(base64.b64decode(data))
print(name)
"""


def write_held(language: Language, url: str, body: dict[str, Any]) -> str:
    """Write a job for a place whose answer to it is its end, and which takes no key."""
    if language == "curl":
        text = json.dumps(body, indent=2, ensure_ascii=False)
        return _HELD_CURL.format(url=shlex.quote(url), body=shlex.quote(text))
    return _HELD_PYTHON.format(url=url, body=pprint.pformat(body, width=110, sort_dicts=False))


def write(language: Language, url: str, body: Body, variable: str, token: str | None = None) -> str:
    """Write a job; the key's `variable` is only named, or a `token` that is no person's key stands in its place."""
    if language == "curl":
        authorization = f'"Authorization: Bearer ${variable}"' if token is None else f"'Authorization: Bearer {token}'"
        text = json.dumps(body.to_json(), indent=2, ensure_ascii=False)
        return _CURL.format(url=shlex.quote(url), authorization=authorization, body=shlex.quote(text))
    key = f"os.environ[{variable!r}]" if token is None else repr(token)
    value = pprint.pformat(body.to_json(), width=110, sort_dicts=False)
    imports = "import os\nimport pathlib" if token is None else "import pathlib"
    return _PYTHON.format(imports=imports, url=url, key=key, body=value)
