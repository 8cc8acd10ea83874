"""Endpoints: plain values."""

from __future__ import annotations

import subprocess
import sys

import pytest

from animatediff_widget import AnimateDiffError, Endpoint


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
    "given", ["http://localhost:5000", " http://localhost:5000/ ", "http://localhost:5000/predictions"]
)
def test_a_container_is_known_by_its_address_and_needs_no_key(given):
    endpoint = Endpoint.cog(given)
    assert endpoint.url == "http://localhost:5000/predictions"
    assert (endpoint.base_url, endpoint.key_variable) == ("http://localhost:5000", "")
    assert Endpoint.restore(endpoint.url, "cog") == endpoint


@pytest.mark.parametrize(
    "given",
    ["", "relay.example", "ftp://relay.example", "https://", "https://relay.example?x=1", "https://a b", "javascript:1",
     "https://key@relay.example", "https://relay.example:port", "https://relay.example/#x", "file:///etc/passwd"],
)  # fmt: skip
def test_what_is_no_address_is_refused_in_a_sentence(given):
    with pytest.raises(AnimateDiffError, match="base url"):
        Endpoint.relay(given)
    with pytest.raises(AnimateDiffError, match="base url"):
        Endpoint.cog(given)


def test_the_built_in_endpoint_is_a_plain_value_and_starts_nothing():
    code = "import sys; from animatediff_widget import Endpoint; Endpoint.builtin(); print('tornado' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "False\n"
    assert Endpoint.builtin() == Endpoint.builtin()
    assert Endpoint.builtin().key_variable == ""
