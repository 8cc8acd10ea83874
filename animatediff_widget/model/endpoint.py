"""Where jobs are posted."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from animatediff_widget.errors import AnimateDiffError, InvalidArgument, check
from animatediff_widget.keys.hiding import guarded_class, hide, holds_key, may_be_key
from animatediff_widget.texts import Message
from animatediff_widget.texts.plain import shown

from .cluster import Cluster

__all__ = ["Endpoint", "is_loopback", "origin_of"]

_RELAY_PATH = "/replicate/v1/predictions"
_COG_PATH = "/predictions"
_DEVICE = re.compile(r"(?:cuda|mps|xpu|cpu)(?::\d{1,3})?")
_DTYPES = ("float16", "bfloat16", "float32")


@guarded_class
@dataclass(frozen=True)
class Endpoint:
    """A place that runs jobs. Make one with `builtin`, `gpu`, `replicate`, `relay`, `dask` or `cog`.

    Parameters
    ----------
    kind : str
        Which of the known ones it is: ``"builtin"``, ``"gpu"``, ``"replicate"``, ``"relay"``, ``"dask"``, ``"cog"``.
    url : str
        Where predictions are created and listed, such as ``https://api.replicate.com/v1/predictions``; the
        words ``builtin`` and ``gpu`` for the servers inside this package, whose addresses are known when they run.
    key_variable : str
        The environment variable that may hold its key; empty where none is needed.
    """

    kind: str
    url: str
    key_variable: str = "REPLICATE_API_TOKEN"

    def __post_init__(self) -> None:
        check(str, kind=self.kind, url=self.url, key_variable=self.key_variable)
        try:
            origin_of(self.url)
        except ValueError:
            raise AnimateDiffError(Message("not_a_base_url", url=repr(self.url[:80]))) from None

    @classmethod
    def builtin(cls) -> Endpoint:
        """Give the predictions server inside this package: offline, free, no key. It starts with the first client."""
        return cls("builtin", "builtin", "")

    @classmethod
    def gpu(cls, device: str | None = None, dtype: str | None = None) -> Endpoint:
        """Give this computer's GPU, with the real model: no key, no cost. It is loaded by the first job, and kept.

        The extra ``gpu`` is needed, and a GPU that torch can use. A checkpoint and a motion module, of about 2 GB each,
        are fetched when they are first used, from the Hugging Face hub.

        Parameters
        ----------
        device : str, optional
            What torch calls it: ``"cuda"``, ``"cuda:1"``, ``"mps"``. With ``"cpu"`` it runs without a GPU, which takes
            a hundred times as long. Chosen by what is there when not given.
        dtype : {"float16", "bfloat16", "float32"}, optional
            The precision. Half of it on a GPU when not given, all of it on a CPU.

        Raises
        ------
        AnimateDiffError
            When the device or the precision is no such name.
        """
        if device is not None and not (isinstance(device, str) and _DEVICE.fullmatch(device)):
            value = hide(device) if isinstance(device, str) and may_be_key(device) else device
            problem = Message("must_be", name="device", wanted=Message("a_device"), value=shown(value))
            raise InvalidArgument(Message("value_refused", problem=problem))
        check(_DTYPES, none=True, dtype=dtype)
        given = {name: value for name, value in (("device", device), ("dtype", dtype)) if value}
        return cls("gpu", f"gpu?{urlencode(given)}" if given else "gpu", "")

    @classmethod
    def replicate(cls) -> Endpoint:
        """Give Replicate itself, https://replicate.com."""
        return cls("replicate", "https://api.replicate.com/v1/predictions")

    @classmethod
    def relay(cls, base_url: str) -> Endpoint:
        """Give a reseller that relays Replicate's API.

        Parameters
        ----------
        base_url : str
            Its address, such as ``https://relay.example``, with all or the beginning of ``/replicate/v1/predictions``
            or without.

        Raises
        ------
        AnimateDiffError
            When it is not the address of a web server.
        """
        base = _base(base_url)
        base = re.sub("/replicate(/v1(/predictions)?)?$", "", base)
        return cls("relay", f"{base}{_RELAY_PATH}", "ANIMATEDIFF_API_KEY")

    @classmethod
    def cog(cls, base_url: str) -> Endpoint:
        """Give a model container that was made with Cog, https://cog.run, on your own hardware: no key, no cost.

        A container forgets a job once it has ended, so a job lives as long as this process: where that ends, the
        container cancels the job, and it is run again from its body when it is picked up.

        Parameters
        ----------
        base_url : str
            Its address, such as ``http://localhost:5000``, with ``/predictions`` or without.

        Raises
        ------
        AnimateDiffError
            When it is not the address of a web server.
        """
        return cls("cog", f"{_base(base_url).removesuffix(_COG_PATH)}{_COG_PATH}", "")

    @classmethod
    def dask(
        cls, client_or_address: Any, engine: str = "pocket", resources: Mapping[str, float] | None = None
    ) -> Endpoint:
        """Give a Dask cluster, whose workers run the engine. It is connected to with the first client.

        Posts, keys and the journal stay in this process. Workers that come later are used; a job whose worker is lost
        is drawn again on another one. The extra ``dask`` and the same version of this package are needed here and on
        the workers.

        Parameters
        ----------
        client_or_address : distributed.Client, a cluster such as distributed.LocalCluster, or str
            Which cluster; as text, its scheduler's address, such as ``tcp://10.0.0.1:8786``. One that is encrypted has
            to be given as its client.
        engine : {"pocket", "gpu"}
            What draws there: the pocket model, or the real one on the workers' GPUs. That needs the extra ``gpu`` on
            the workers, not here. One worker process has one GPU and one job at a time: start one for each GPU.
        resources : dict, optional
            What a worker must have for each job, as it was started with: ``{"GPU": 1}`` gives each job a GPU of its own
            on workers that say ``--resources GPU=1``.

        Raises
        ------
        AnimateDiffError
            When it is no running cluster or an address of none, or the engine or the resources are not such.
        """
        return cls("dask", Cluster.of(client_or_address, engine, resources).url, "")

    @classmethod
    def restore(cls, url: str, kind: str | None) -> Endpoint:
        """Give the endpoint that a record names; raises as `relay`. Where there is no kind, it is judged by the url."""
        check(str, url=url)
        check(str, none=True, kind=kind)
        # The first version wrote the address of its own server, which ended with its process.
        if kind == "builtin" or (kind is None and url.startswith("http://127.0.0.1:") and url.endswith(_RELAY_PATH)):
            return cls.builtin()
        if kind == "gpu":
            given = cls(kind, url, "").options
            return cls.gpu(given.get("device"), given.get("dtype"))
        if kind == "dask":
            return cls("dask", Cluster.of(url).url, "")
        if kind == "cog":
            return cls.cog(url)
        if url == cls.replicate().url:
            return cls.replicate()
        return replace(cls.relay(url), url=url)

    @classmethod
    def check(cls, endpoint: Endpoint | None) -> None:
        """Refuse what is no endpoint, such as a key in its place."""
        if endpoint is not None and not isinstance(endpoint, cls):
            raise AnimateDiffError(Message("not_an_endpoint"))

    @property
    def label(self) -> Message:
        """What the endpoint is called in front of people."""
        if self.kind in ("relay", "dask", "cog"):
            return Message(f"name_{self.kind}", host=urlsplit(self.url).netloc)
        return Message(f"name_{self.kind}")

    @property
    def base_url(self) -> str:
        """The address without the path of the predictions."""
        return self.url.removesuffix(_RELAY_PATH).removesuffix("/v1/predictions").removesuffix(_COG_PATH)

    @property
    def own_key_variable(self) -> str:
        """The environment variable for its key alone. A relay's bears its host's name; all share its `key_variable`."""
        if self.kind != "relay":
            return self.key_variable
        host = urlsplit(self.url).netloc.upper().replace("-", "__")
        return f"{self.key_variable}_{re.sub('[^A-Z0-9_]', '_', host)}"

    @property
    def origin(self) -> str:
        """Scheme, host and port: the only place its key goes to."""
        return self.kind if self.kind in ("builtin", "gpu") else origin_of(self.url)

    @property
    def options(self) -> dict[str, str]:
        """What was said of this computer's GPU: `device` and `dtype`."""
        return dict(parse_qsl(urlsplit(self.url).query)) if self.kind == "gpu" else {}


def _base(base_url: str) -> str:
    """Read a base url, without a slash at its end; raises where it is not the address of a web server."""
    base_url = hide(base_url)
    check(str, base_url=base_url)
    url = base_url.strip()
    if holds_key(url) or ("://" not in url and may_be_key(url)):
        raise AnimateDiffError(Message("key_in_base_url" if "://" in url else "key_as_base_url"))
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises where the port is not a number
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment)
    except ValueError:
        sound = False
    if not sound or any(character.isspace() for character in url):
        raise AnimateDiffError(Message("not_a_base_url", url=repr(str(url[:80]))))
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def origin_of(url: str) -> str:
    """Give a url's scheme, host and port, in lower case, the port always said; `ValueError` where it has none."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"


def is_loopback(url: str) -> bool:
    """Whether a url stays on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
