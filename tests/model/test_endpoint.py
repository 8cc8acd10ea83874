"""Endpoints, and where their keys are found."""

from __future__ import annotations

import sys
import types

import pytest

from animatediff_widget import AnimateDiffError, Client, Endpoint
from animatediff_widget.keys.credentials import find_key, remember_key
from animatediff_widget.model.endpoint import default_endpoint, default_kind
from animatediff_widget.server import shared_server


@pytest.mark.parametrize(
    "given",
    [
        "https://relay.example",
        "https://relay.example/",
        " https://relay.example/replicate/v1/predictions ",
        "https://relay.example/replicate/v1/",
        "https://relay.example/replicate",
    ],
)
def test_a_relay_is_known_by_any_form_of_its_address(given):
    endpoint = Endpoint.relay(given)
    assert endpoint.url == "https://relay.example/replicate/v1/predictions"
    assert endpoint.base_url == "https://relay.example"


def test_a_relay_may_live_under_a_path():
    assert Endpoint.relay("https://host.example/api/").url == "https://host.example/api/replicate/v1/predictions"


@pytest.mark.parametrize(
    "given",
    ["", "relay.example", "ftp://relay.example", "https://", "https://relay.example?x=1", "https://a b", "javascript:1",
     "https://key@relay.example", "https://relay.example:port", "https://relay.example/#x", "file:///etc/passwd"],
)  # fmt: skip
def test_what_is_no_address_is_refused_in_a_sentence(given):
    with pytest.raises(AnimateDiffError, match="base url"):
        Endpoint.relay(given)


def test_polls_and_cancels_go_to_the_endpoints_own_base_whatever_the_id_is():
    endpoint = Endpoint.relay("https://relay.example")
    assert endpoint.prediction_url("a/../b?c") == f"{endpoint.url}/a%2F..%2Fb%3Fc"
    assert endpoint.cancel_url("x") == f"{endpoint.url}/x/cancel"


def test_without_a_key_the_built_in_server_is_the_endpoint():
    assert default_kind() == "builtin"
    assert default_endpoint() == Endpoint.builtin()
    assert Endpoint.builtin().url.startswith(shared_server().base_url)


def test_with_a_key_for_it_replicate_is_the_endpoint(monkeypatch):
    assert default_kind("r8_given") == "replicate"
    monkeypatch.setenv("REPLICATE_API_TOKEN", "r8_environment")
    assert default_endpoint() == Endpoint.replicate()


def test_a_relays_key_alone_does_not_choose_a_relay(monkeypatch):
    monkeypatch.setenv("ANIMATEDIFF_API_KEY", "abc")
    assert default_kind() == "builtin"


def test_keys_are_found_argument_first_then_environment_then_colab_then_what_was_typed(monkeypatch):
    endpoint = Endpoint.relay("https://relay.example")
    assert find_key(endpoint) is None
    remember_key(endpoint, " Bearer typed\n")
    assert find_key(endpoint).header() == "Bearer typed"

    asked = []
    colab = types.ModuleType("google.colab")
    colab.userdata = types.SimpleNamespace(get=lambda name: asked.append(name) or "secret")
    monkeypatch.setitem(sys.modules, "google", types.ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    from animatediff_widget.keys import credentials

    credentials._colab_secret.cache_clear()
    try:
        assert find_key(endpoint).header() == "Bearer secret"
        assert find_key(endpoint).header() == "Bearer secret"
        assert asked == ["ANIMATEDIFF_API_KEY"]
        monkeypatch.setenv("ANIMATEDIFF_API_KEY", "environment")
        assert find_key(endpoint).header() == "Bearer environment"
        assert find_key(endpoint, "argument").header() == "Bearer argument"
    finally:
        credentials._colab_secret.cache_clear()


def test_a_replicate_key_is_never_found_for_a_relay(monkeypatch):
    monkeypatch.setenv("REPLICATE_API_TOKEN", "r8_environment")
    assert find_key(Endpoint.relay("https://relay.example")) is None


def test_a_typed_key_is_valid_for_its_own_origin_only():
    remember_key(Endpoint.relay("https://relay.example"), "typed")
    assert find_key(Endpoint.relay("https://relay.example:8443")) is None
    assert find_key(Endpoint.relay("http://relay.example")) is None


@pytest.mark.parametrize("key", ["two words", "schlüssel", "line\nbreak", "Bearer "])
def test_what_cannot_be_a_key_is_refused_without_being_repeated(key):
    with pytest.raises(AnimateDiffError) as caught:
        Client(Endpoint.relay("https://relay.example"), key)
    assert key not in str(caught.value)
