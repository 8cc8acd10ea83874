"""Choosing where to run: the endpoint, its base url, its key."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets
from traitlets import HasTraits, Instance, Unicode, default

from animatediff_widget.errors import AnimateDiffError, KeyRefused
from animatediff_widget.keys.credentials import Key, find_key, hide, remember_key
from animatediff_widget.model.endpoint import Endpoint, default_kind
from animatediff_widget.texts import TEXTS

from .controls import Maker, problem
from .markup import plain

__all__ = ["EndpointPicker"]


class EndpointPicker(HasTraits):
    """Controls for the endpoint.

    A typed key leaves its control at once: it is kept in memory, for that endpoint's origin only.

    Parameters
    ----------
    endpoint : Endpoint or None
        What to start with; by default Replicate where a key for it is at hand, else the built-in server.
    token : str or None
        The key of that endpoint.
    maker : Maker
        What makes the controls.

    Attributes
    ----------
    endpoint : Endpoint or None
        The chosen endpoint; None while it cannot be named. The built-in server starts when it is first read.
    trouble : str
        Why there is none.
    """

    endpoint = Instance(Endpoint, allow_none=True)
    trouble = Unicode("", read_only=True)

    def __init__(self, endpoint: Endpoint | None, token: str | None, maker: Maker) -> None:
        super().__init__()
        token = hide(token) if token else None
        self._token = Key(token) if token else None
        self._token_origin = (endpoint or Endpoint.replicate()).origin
        self._typed_for: set[str] = set()
        self._showing = False
        kinds = ("builtin", "replicate", "relay")
        self.kind = maker.make(
            widgets.Dropdown,
            description=TEXTS["endpoint"],
            options=[(TEXTS[kind], kind) for kind in kinds],
            value=endpoint.kind if endpoint else default_kind(self._token),
        )
        self.base_url = maker.make(
            widgets.Text,
            description=TEXTS["base_url"],
            placeholder=TEXTS["base_url_example"],
            continuous_update=False,
        )
        self.key = maker.make(
            widgets.Password, description=TEXTS["key"], placeholder=TEXTS["key_placeholder"], continuous_update=False
        )
        self._note = maker.html()
        self.box = maker.box([])
        if endpoint is not None:
            self.endpoint = endpoint
        self._show(endpoint)
        self.observe(lambda change: self._show(change["new"]), "endpoint")
        self.kind.observe(self._chosen, "value")
        self.base_url.observe(self._chosen, "value")
        self.key.observe(self._typed, "value")

    @property
    def token(self) -> Key | None:
        """The key that came with the first endpoint, where that one is still chosen."""
        return self._given(self.endpoint) if self.endpoint else None

    def read(self) -> tuple[str, str]:
        """Give the kind and a relay's base url; none that was refused, which may hold a key."""
        kind = self.kind.value
        return kind, self.endpoint.base_url if kind == "relay" and self.endpoint is not None else ""

    def write(self, kind: str, base_url: str) -> None:
        """Choose what `read` gave, as a person would.

        Parameters
        ----------
        kind : str
            The endpoint's kind.
        base_url : str
            A relay's base url, or nothing.

        Raises
        ------
        traitlets.TraitError, TypeError
            When there is no such kind, or the url is no text.
        """
        if not isinstance(base_url, str):
            raise TypeError(base_url)
        self.kind.value = kind
        if base_url:
            self.base_url.value = base_url

    @default("endpoint")
    def _resolve(self) -> Endpoint | None:
        """Make the endpoint that the controls name."""
        trouble, endpoint = "", None
        try:
            if self.kind.value == "builtin":
                endpoint = Endpoint.builtin()
            elif self.kind.value == "replicate":
                endpoint = Endpoint.replicate()
            elif self.base_url.value.strip():
                endpoint = Endpoint.relay(self.base_url.value)
            else:
                trouble = TEXTS["url_missing"]
        except AnimateDiffError as error:
            trouble = str(error)
        self.set_trait("trouble", trouble)
        return endpoint

    def _names(self, endpoint: Endpoint) -> bool:
        """Whether the base url, however it is written, names this endpoint already."""
        try:
            return Endpoint.relay(self.base_url.value) == endpoint
        except AnimateDiffError:
            return False

    def _chosen(self, _: Any) -> None:
        if self._showing:
            return
        endpoint = self._resolve()
        self.endpoint = endpoint
        self._show(endpoint)

    def _typed(self, change: Any) -> None:
        typed = hide(change["new"].strip())
        if not typed:
            return
        self.key.value = ""
        if self.endpoint is None:
            self._note.value = problem(self.trouble)
            return
        try:
            remember_key(self.endpoint, typed)
        except AnimateDiffError as error:
            self._note.value = problem(str(error))
            return
        self._typed_for.add(self.endpoint.origin)
        self._show(self.endpoint)

    def _show(self, endpoint: Endpoint | None) -> None:
        """Show what the chosen kind needs. `endpoint` is None also while the built-in server was not asked for yet."""
        if endpoint is not None:
            self.set_trait("trouble", "")
            self._showing = True  # the controls follow the endpoint here, not it them
            try:
                self.kind.value = endpoint.kind
                if endpoint.kind == "relay" and not self._names(endpoint):
                    self.base_url.value = endpoint.base_url
            finally:
                self._showing = False
        kind = self.kind.value
        if kind == "replicate":
            endpoint = endpoint or Endpoint.replicate()
        shown = [self.kind]
        if kind == "relay":
            shown.append(self.base_url)
        note = problem(self.trouble)
        if kind != "builtin":
            try:
                found = endpoint is not None and find_key(endpoint, self._given(endpoint)) is not None
            except KeyRefused as error:
                found, note = False, problem(str(error))
            typed = endpoint is not None and endpoint.origin in self._typed_for
            if typed or not found:
                shown.append(self.key)
            if found:
                note = f'<span class="ad-quiet">{plain(TEXTS["key_kept" if typed else "key_found"])}</span>'
        self._note.value = note
        self.box.children = (*shown, self._note)

    def _given(self, endpoint: Endpoint) -> Key | None:
        return self._token if endpoint.origin == self._token_origin else None
