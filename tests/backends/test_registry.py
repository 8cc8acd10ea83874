"""The places to run: one list, which everything else is made from."""

from __future__ import annotations

import pytest

from animatediff_widget import AnimateDiffError, Client, Endpoint
from animatediff_widget.backends.registry import default_endpoint, is_free, place, places
from animatediff_widget.server import shared_server
from animatediff_widget.texts import LANGUAGES, Message


def test_without_a_key_the_built_in_server_is_the_endpoint():
    assert default_endpoint() == Endpoint.builtin()


def test_with_a_key_for_it_replicate_is_the_endpoint(monkeypatch):
    assert default_endpoint("r8_given") == Endpoint.replicate()
    monkeypatch.setenv("REPLICATE_API_TOKEN", "r8_environment")
    assert default_endpoint() == Endpoint.replicate()


def test_a_key_that_is_none_is_refused_where_it_was_given_and_said_later_where_it_was_found(monkeypatch):
    with pytest.raises(AnimateDiffError, match="not a key"):
        default_endpoint("two words")
    monkeypatch.setenv("REPLICATE_API_TOKEN", "two words")
    assert default_endpoint() == Endpoint.replicate()


def test_a_relays_key_alone_does_not_choose_a_relay(monkeypatch):
    monkeypatch.setenv("ANIMATEDIFF_API_KEY", "abc")
    assert default_endpoint() == Endpoint.builtin()


@pytest.mark.parametrize("each", places(), ids=lambda each: each.kind)
def test_every_place_has_its_texts_and_opens_a_backend(each):
    endpoint = each.endpoint(LANGUAGES["en"][each.example] if each.needs_url else "")
    assert endpoint.kind == each.kind
    assert place(each.kind) is each
    if each.kind != "gpu":  # this machine may have none: tests/backends/test_gpu.py
        assert each.available() is None
    for texts in LANGUAGES.values():
        assert texts[each.kind]
        assert endpoint.label.in_words(texts)
    assert is_free(each.kind) == (each.kind in ("builtin", "gpu", "dask", "cog"))
    if each.kind not in ("dask", "gpu"):  # there is no cluster: tests/server/test_cluster.py has some
        assert Client(endpoint).backend.endpoint == endpoint


def test_a_place_of_another_version_is_a_sentence():
    with pytest.raises(AnimateDiffError, match="no place 'moon'"):
        Client(Endpoint("moon", "moon", ""))


def test_where_the_servers_needs_are_missing_it_is_said_and_nothing_starts(monkeypatch):
    monkeypatch.setattr("animatediff_widget.backends.builtin.find_spec", lambda name: None if name == "PIL" else name)
    missing = place("builtin").available()
    assert isinstance(missing, Message)
    assert 'PIL, which cannot be found here: pip install "animatediff-widget[local]"' in str(missing)


def test_the_built_in_server_hands_out_its_own_address_and_token():
    client = Client(Endpoint.builtin())
    client.list(1)  # it takes the token
    assert client.endpoint == Endpoint.builtin()
    assert shared_server().base_url in client.snippet(animated(), "curl")


def animated():
    from animatediff_widget import AnimateDiffRequest

    return AnimateDiffRequest(prompt="a boat")
