"""A stand-in for ``google.colab``, as far as a notebook meets it; run inside a kernel or a process of its own."""

from __future__ import annotations

import sys
import types

asked: list[str] = []


class NotebookAccessError(Exception):
    def __init__(self, key):
        super().__init__(f"Notebook does not have access to secret {key}")


class SecretNotFoundError(Exception):
    def __init__(self, key):
        super().__init__(f"Secret {key} does not exist.")


class TimeoutException(Exception):
    pass


def install(**secrets):
    """Put it in place. A secret is its text, or the error that asking for it raises; others do not exist."""

    def get(key):
        asked.append(key)
        secret = secrets.get(key, SecretNotFoundError)
        if isinstance(secret, str):
            return secret
        raise secret(key)

    userdata = types.ModuleType("google.colab.userdata")
    userdata.get = get
    colab = types.ModuleType("google.colab")
    colab.userdata = userdata
    sys.modules.setdefault("google", types.ModuleType("google"))
    sys.modules["google.colab"], sys.modules["google.colab.userdata"] = colab, userdata
