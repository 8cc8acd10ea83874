"""Where keys are found."""

from __future__ import annotations

import sys
import types

import pytest

from animatediff_widget import AnimateDiffError, Client, Endpoint
from animatediff_widget.keys.credentials import find_key, remember_key


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
