"""Where a panel runs its jobs, and with which key."""

from __future__ import annotations

import html
import json

import pytest
from panel_parts import all_widgets, created, record, run_to_the_end, wait_until

from animatediff_widget import AnimateDiffPanel, AnimateDiffRequest, Client, Endpoint, Journal
from animatediff_widget.errors import AnimateDiffError
from animatediff_widget.keys.credentials import Key, find_key
from animatediff_widget.panel.endpoint_choice import EndpointChoice


def key_of(panel) -> str | None:
    """The header that the panel's key would stand in."""
    key = find_key(panel.endpoint, panel._controller.choice.token)
    return key.header() if key else None


def test_the_drop_down_changes_the_endpoint_and_shows_what_it_needs():
    panel = AnimateDiffPanel()
    picker = panel._picker
    assert panel.endpoint == Endpoint.builtin()
    assert list(picker.box.children) == [picker.kind, picker.note]
    picker.kind.value = "replicate"
    assert panel.endpoint == Endpoint.replicate()
    assert picker.key in picker.box.children
    picker.kind.value = "relay"
    assert panel.endpoint is None
    assert panel.run() is None
    assert "base url" in panel._monitor.status.value
    picker.base_url.value = "relay.example"
    assert "is not a base url" in picker.note.value
    picker.base_url.value = "https://relay.example/"
    assert panel.endpoint == Endpoint.relay("https://relay.example")
    picker.kind.value = "cog"
    assert list(picker.box.children) == [picker.kind, picker.base_url, picker.note], "it takes no key"
    picker.base_url.value = "http://localhost:5000"
    assert panel.endpoint == Endpoint.cog("http://localhost:5000")
    picker.kind.value = "builtin"
    assert panel.endpoint == Endpoint.builtin()


def test_python_can_choose_the_endpoint_too():
    panel = AnimateDiffPanel()
    panel.endpoint = Endpoint.relay("https://relay.example")
    assert panel._picker.kind.value == "relay"
    assert panel._picker.base_url.value == "https://relay.example"
    panel.endpoint = Endpoint.replicate()
    assert panel._picker.kind.value == "replicate"


def test_replicate_without_a_key_says_so_and_sends_nothing():
    panel = AnimateDiffPanel(endpoint=Endpoint.replicate())
    assert panel.run() is None
    assert "needs a key" in panel._monitor.status.value
    assert panel.job is None


def test_a_typed_key_leaves_its_control_at_once_and_is_used():
    panel = AnimateDiffPanel(endpoint=Endpoint.replicate())
    panel._picker.key.value = "r8_typed_secret"
    assert panel._picker.key.value == ""
    state = json.dumps([widget.get_state() for widget in all_widgets()], default=repr)
    assert "r8_typed_secret" not in state
    assert key_of(panel) == "Bearer r8_typed_secret"
    assert "kept in memory" in panel._picker.note.value


def test_a_key_at_hand_needs_no_field(monkeypatch):
    monkeypatch.setenv("REPLICATE_API_TOKEN", "r8_environment")
    panel = AnimateDiffPanel()
    assert panel.endpoint == Endpoint.replicate()
    assert panel._picker.key not in panel._picker.box.children


def test_a_token_goes_with_its_own_endpoint_only():
    panel = AnimateDiffPanel(endpoint=Endpoint.relay("https://relay.example"), token="given")
    assert key_of(panel) == "Bearer given"
    panel.endpoint = Endpoint.relay("https://other.example")
    assert key_of(panel) is None


def test_the_endpoint_that_python_chose_is_the_one_that_is_shown():
    panel = AnimateDiffPanel(endpoint=Endpoint.relay("https://relay.example.org"))
    panel.endpoint = Endpoint.relay("https://relay.example")
    assert panel._picker.base_url.value == "https://relay.example"
    panel._picker.base_url.value = ""
    assert panel.endpoint is None
    panel.endpoint = Endpoint.builtin()
    assert panel._picker.kind.value == "builtin"
    assert panel._picker.note.value == ""


def test_a_place_that_cannot_be_used_here_is_listed_with_the_sentence_why_and_nothing_is_sent(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("animatediff_widget.backends.builtin.find_spec", lambda name: None)
    panel = AnimateDiffPanel(endpoint=Endpoint.builtin())
    options = {kind: text for text, kind in panel._picker.kind.options}
    assert "not available here" in options["builtin"]
    assert "not available" not in options["replicate"]
    assert 'pip install "animatediff-widget[local]"' in html.unescape(panel._picker.note.value)
    assert panel.run() is None
    assert "The built-in server needs" in panel._monitor.status.value


def test_a_base_url_that_may_hold_a_key_is_refused_and_a_snippet_says_why():
    choice = EndpointChoice(Endpoint.builtin())
    choice.choose("relay", "https://me:secret@relay.example")
    assert choice.endpoint is None
    with pytest.raises(AnimateDiffError, match="must not hold"):
        choice.snippet(AnimateDiffRequest(), "curl")
    assert choice.give_key("r8_typed") == choice.problem


@pytest.mark.parametrize(
    "given", ["r8_9f31cA0aa55b7e21d3c4", "https://me:secret@relay.example", "https://a.example?token=s3cr3t"]
)
def test_a_key_in_the_base_url_is_taken_out_at_once_each_time(given):
    panel = AnimateDiffPanel(endpoint=Endpoint.relay("https://relay.example"))
    for _ in range(2):
        panel._picker.base_url.value = given
        assert panel._picker.base_url.value == ""
        assert "ad-problem" in panel._picker.note.value
        state = json.dumps([widget.get_state() for widget in all_widgets()], default=repr)
        assert given.rpartition("=")[2] not in state
        assert "secret" not in state
    assert panel.endpoint is None
    panel._picker.base_url.value = "relay.example"
    assert panel._picker.base_url.value == "relay.example"  # what is only mistyped is left to be mended
    panel.close()


def test_a_key_that_cannot_be_one_is_refused_beside_its_field():
    panel = AnimateDiffPanel(endpoint=Endpoint.replicate())
    panel._picker.key.value = "not a key"
    assert panel._picker.key.value == ""
    assert "That is not a key" in panel._picker.note.value
    assert panel._picker.key in panel._picker.box.children


@pytest.fixture
def other_key(monkeypatch):
    """The environment has a key that was used at another relay."""
    monkeypatch.setenv("ANIMATEDIFF_API_KEY", "the-key-of-another-relay")
    Journal().note_key_use(Key("the-key-of-another-relay").fingerprint, "https://other.example:443")


def test_for_a_relay_that_the_found_key_was_not_given_for_the_panel_asks(server, engine, other_key):
    engine.go.set()
    panel = AnimateDiffPanel(endpoint=Endpoint.relay(server.base_url))
    assert panel._picker.key not in panel._picker.box.children
    panel.run()
    wait_until(lambda: not panel.run_button.disabled)
    assert "was used at https://other.example" in panel._monitor.status.value
    assert "was used at https://other.example" in panel._picker.note.value
    assert panel._picker.key in panel._picker.box.children
    panel._picker.key.value = server.token
    assert "kept in memory" in panel._picker.note.value
    run_to_the_end(panel)
    assert created(panel, server) == 1
    panel.close()


def test_a_job_is_picked_up_with_the_key_that_the_panel_has_asked_for(server, engine, other_key):
    engine.go.set()
    endpoint = Endpoint.relay(server.base_url)
    record("running", endpoint, Client(endpoint, server.token).create(AnimateDiffRequest(seed=1)))
    panel = AnimateDiffPanel(endpoint=Endpoint.builtin())
    panel._offer.box.children[1].click()
    assert panel.job is None
    assert panel.endpoint == endpoint
    assert "used at https://other.example" in panel._picker.note.value
    panel._picker.key.value = server.token
    panel._offer.box.children[1].click()
    assert panel.job.result(30).seed == 1
    assert panel._offer.box.children == ()
    panel.close()
