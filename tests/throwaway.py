"""A certificate for this machine's addresses, of an authority that ends with the test; and one of those addresses."""

from __future__ import annotations

import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest


def own_address() -> str:
    """An address by which other machines reach this one; where it has none, another than the usual of its own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asks:
        try:
            asks.connect(("192.0.2.1", 9))  # sends nothing
            return str(asks.getsockname()[0])
        except OSError:
            return "127.0.0.2"


OWN = own_address()


@dataclass(frozen=True)
class Certificate:
    """Files: the authority's certificate, the server's with its key, and a key that belongs to neither."""

    authority: Path
    chain: Path
    key: Path
    foreign_key: Path
    locked_key: Path


def make_certificate(folder: Path) -> Certificate:
    """Make them with openssl."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl here")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
    authority = ("-nodes", "-subj", "/CN=throwaway", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    openssl("req", "-x509", *curve, *authority, "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", *curve, "-nodes", "-subj", "/CN=server", "-keyout", "server.key", "-out", "server.csr")
    openssl("ec", "-in", "server.key", "-aes128", "-passout", "pass:secret", "-out", "locked.key")
    # Python 3.13 asks for the identifiers too.
    identifiers = "authorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n"
    (folder / "names").write_text(f"{identifiers}subjectAltName=IP:{OWN},IP:127.0.0.1,DNS:localhost\n")
    sign = ("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial")
    openssl(*sign, "-extfile", "names", "-out", "server.pem")
    return Certificate(*(folder / name for name in ("ca.pem", "server.pem", "server.key", "ca.key", "locked.key")))
