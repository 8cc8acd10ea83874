"""Where the next job runs: the chosen place, its base url, its key. No widget in it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Literal

from traitlets import HasTraits, Instance, Tuple, Unicode, Union, observe

from animatediff_widget.errors import AnimateDiffError, KeyRefused
from animatediff_widget.interrupts import Turns
from animatediff_widget.keys.credentials import Key, colab_refusal, find_key, hide, is_given, remember_key, typed_key
from animatediff_widget.keys.hiding import holds_key
from animatediff_widget.model.endpoint import Endpoint
from animatediff_widget.model.inputs import Inputs
from animatediff_widget.model.request import AnimateDiffRequest
from animatediff_widget.texts import Message

if TYPE_CHECKING:
    from animatediff_widget.backends.client import Client

__all__ = ["EndpointChoice"]

_PATIENCE, _PATIENCE_IN_CLICK = 5.0, 1.0  # seconds for which a place is asked what its model takes


class EndpointChoice(HasTraits):
    """The endpoint, chosen by a person (`choose`) or by code (setting `endpoint`)."""

    kind = Unicode(help="The place that the person chose.")
    base_url = Unicode(help="What the person typed.")
    endpoint = Instance(Endpoint, allow_none=True, help="The endpoint that they name; None while they name none.")
    problem: Any = Union([Instance(Message), Unicode()], default_value=None, allow_none=True, help="Why there is none.")
    inputs = Instance(Inputs, (), help="What the model there takes, as far as it is known.")
    unavailable: Any = Instance(Message, allow_none=True, help="Why the place cannot be used here.")
    refused_key = Tuple(help="The origin that the key that was found may not go to, and why; often empty.")

    def __init__(self, endpoint: Endpoint | None = None, token: str | None = None) -> None:
        from animatediff_widget.backends import registry  # it brings requests, which opening a panel needs first

        super().__init__()
        self.registry = registry
        self._turns = Turns()  # of those who set what the model takes
        token = hide(token)
        self._token = Key(token) if is_given(token) else None
        self._asked: Endpoint | None = None  # what its model takes
        self._token_origin = (endpoint or Endpoint.replicate()).origin
        self.endpoint = endpoint or self.registry.default_endpoint(self._token)

    @property
    def token(self) -> Key | None:
        """The key that was given by hand for the endpoint's origin: typed, or with the first endpoint."""
        if self.endpoint is None:
            return None
        return (self._token if self.endpoint.origin == self._token_origin else None) or typed_key(self.endpoint)

    @property
    def has_previews(self) -> bool:
        """Whether the endpoint shows the first frame of a job while it draws."""
        return self.endpoint is not None and self.registry.place(self.endpoint.kind).previews

    def choose(self, kind: str, base_url: str = "") -> None:
        """Choose a place."""
        endpoint, problem, unavailable = None, None, None
        try:
            if holds_key(base_url):
                raise AnimateDiffError(Message("key_in_base_url"))
            place = self.registry.place(kind)
            unavailable = place.available()
            if place.needs_url and not base_url.strip():
                raise AnimateDiffError(Message("url_missing"))
            endpoint = place.endpoint(base_url if place.needs_url else "")
        except AnimateDiffError as error:
            problem = error.message
            if error.code in ("key_in_base_url", "key_as_base_url"):  # the notebook would be saved with it
                base_url = ""
        with self.hold_trait_notifications():
            self.kind, self.base_url, self.problem, self.endpoint = kind, base_url, problem, endpoint
        self.unavailable = unavailable

    def give_key(self, typed: str) -> Message | str | None:
        """Keep a typed key in memory, for the chosen endpoint's origin only; give why it is not kept, or None."""
        typed = hide(typed.strip())
        try:
            endpoint = self._named()
            remember_key(endpoint, typed)
        except AnimateDiffError as error:
            return error.message
        if endpoint.origin == self._token_origin:
            self._token = None
        self.refused_key = ()
        return None

    def ask_for_key(self, endpoint: Endpoint | None, refusal: KeyRefused) -> None:
        """Choose an endpoint and ask for its key, where the one that was found may be another relay's."""
        if endpoint is not None and refusal.code in ("key_of_another_relay", "key_of_unknown_relay"):
            self.endpoint = endpoint
            self.refused_key = (endpoint.origin, refusal.message)

    def key_status(self) -> tuple[str, Message | str | None]:
        """Give "unneeded", "missing", "found" or "typed", and what is wrong with a key that cannot be used."""
        if self.registry.place(self.kind).free:
            return "unneeded", None
        if self.endpoint is None:
            return "missing", None
        if self.endpoint.origin in self.refused_key:
            return "missing", self.refused_key[1]
        try:
            found = find_key(self.endpoint, self.token)
        except KeyRefused as error:
            return "missing", error.message
        if found is None:
            return "missing", None
        return "typed" if found is typed_key(self.endpoint) else "found", None

    def look(self, *, background: bool = True) -> None:
        """Ask a place that has to be asked what its model takes, unless it has answered; it may be down.

        In the background, its answer comes in another thread; else it is waited for, but not for long.
        """
        endpoint = self.endpoint
        if endpoint is None or endpoint == self._asked or self.registry.place(endpoint.kind).inputs(endpoint):
            return
        from animatediff_widget.jobs.control import beside

        self._asked = endpoint
        token = self.token
        if background:
            beside(lambda: self._ask(endpoint, token, _PATIENCE))
        else:
            self._ask(endpoint, token, _PATIENCE_IN_CLICK)

    def _ask(self, endpoint: Endpoint, token: Key | None, seconds: float) -> None:
        """Ask an endpoint, and take what it says unless another one was chosen meanwhile."""
        from animatediff_widget.backends.client import Client

        inputs = Inputs()
        with contextlib.suppress(AnimateDiffError):
            client = Client(endpoint, token, connect_timeout=seconds, answer_timeout=seconds)
            with contextlib.closing(client):
                inputs = client.inputs
        with self._turns.taken():
            if endpoint == self.endpoint:
                self._asked = endpoint if inputs.fields else None
                self.inputs = inputs

    def client(self) -> Client:
        """Make a client of the endpoint."""
        from animatediff_widget.backends.client import Client

        return Client(self.ready(), self.token)

    def snippet(self, request: AnimateDiffRequest, language: Literal["curl", "python"]) -> str:
        """Write a request for outside the notebook."""
        from animatediff_widget.backends.client import Client

        with contextlib.closing(Client(self._named(), self.token)) as client:
            return client.snippet(request, language)

    def ready(self) -> Endpoint:
        """Give the endpoint; raise why there is none, why it cannot be used here, or that its key is missing."""
        endpoint = self._named()
        place = self.registry.place(endpoint.kind)
        unavailable = place.available(endpoint)
        if unavailable:
            raise AnimateDiffError(unavailable)
        if place.needs_key and find_key(endpoint, self.token) is None:
            raise KeyRefused(colab_refusal(endpoint) or Message("key_missing"))
        return endpoint

    def _named(self) -> Endpoint:
        """Give the endpoint; raise why there is none."""
        if self.endpoint is None:
            raise AnimateDiffError(self.problem or Message("url_missing"))
        return self.endpoint

    @observe("endpoint")
    def _endpoint_set(self, change: Any) -> None:
        endpoint: Endpoint | None = change["new"]
        known = endpoint and self.registry.place(endpoint.kind).inputs(endpoint)
        with self._turns.taken():
            self._asked, self.inputs = None, known or Inputs()
        if endpoint is None:
            return
        self.problem, self.kind = None, endpoint.kind
        place = self.registry.place(endpoint.kind)
        self.unavailable = place.available(endpoint)
        if not place.needs_url:
            return
        with contextlib.suppress(AnimateDiffError):
            if place.endpoint(self.base_url) == endpoint:
                return  # the base url, however it is written, names it already
        self.base_url = endpoint.base_url
