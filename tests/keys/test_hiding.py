"""A key that is put where it does not belong: no traceback shows it, and the sentence says where it belongs."""

from __future__ import annotations

import inspect
import sys
import traceback

import pytest
from IPython.core.ultratb import VerboseTB
from rich.traceback import Traceback

from animatediff_widget import (
    AnimateDiffError,
    AnimateDiffPanel,
    AnimateDiffRequest,
    Client,
    Endpoint,
    Job,
    Journal,
    animate,
)
from animatediff_widget.credentials import forget_key, remember_key, save_key
from animatediff_widget.keys.credentials import Key
from animatediff_widget.keys.hiding import hide, hide_keys, holds_key
from animatediff_widget.media.animation import Animation
from animatediff_widget.server import LocalServer
from animatediff_widget.texts import Texts

KEY = "r8_0123456789abcdefghijABCDEFGHIJ0123456"
LONG = "sk-" + "0123456789abcdefghij" * 8
ODD = "a-relays-own-key-of-no-known-shape-42"


def frames_of(act) -> tuple[BaseException, str]:
    """Give what a failure raised, and all that tracebacks with variables show of it but the test's own frames."""
    try:
        act()
    except Exception as error:
        trace = Traceback.extract(type(error), error, error.__traceback__, show_locals=True)
        rich = [
            f"{name} = {node}"
            for stack in trace.stacks
            for frame in stack.frames
            if frame.filename != __file__
            for name, node in (frame.locals or {}).items()
        ]
        plain = traceback.TracebackException.from_exception(error, capture_locals=True)
        ours = [str(frame.locals) for frame in plain.stack if frame.filename != __file__]
        assert rich
        return error, "\n".join([*rich, *ours, str(error)])
    raise AssertionError("it did not fail")


WRONG_PLACES = {
    "a made-up argument of animate": lambda key: animate("x", api_key=key),
    "another made-up argument of animate": lambda key: animate("x", apiKey=key),
    "a made-up argument of the request": lambda key: AnimateDiffRequest(token=key),
    "the client's endpoint": lambda key: Client(key),
    "the endpoint of animate": lambda key: animate("x", endpoint=key),
    "the panel's request": lambda key: AnimateDiffPanel(key),
    "the panel's endpoint": lambda key: AnimateDiffPanel(endpoint=key),
    "a base url": lambda key: Endpoint.relay(key),
    "a base url with spaces": lambda key: Endpoint.relay(f" {key}\n"),
    "a job's request": lambda key: Job(key),
    "an endpoint to attach to": lambda key: Job.attach(key, "id"),
}


@pytest.mark.parametrize("key", [KEY, LONG, ODD])
@pytest.mark.parametrize("act", WRONG_PLACES.values(), ids=WRONG_PLACES)
def test_a_key_in_a_wrong_place_is_hidden_and_the_sentence_says_where_it_belongs(act, key):
    error, shown = frames_of(lambda: act(key))
    assert isinstance(error, AnimateDiffError)
    for part in (key, key[:12], key[-12:]):
        assert part not in shown
    for language in ("en", "zh"):
        assert "token" in Texts(language).say(error)


RELAY = Endpoint.relay("https://relay.invalid")
OTHER_PLACES = {
    "the id to ask for": lambda key: Client(RELAY).get(key),
    "the id to cancel": lambda key: Client(RELAY).cancel(key),
    "the request to post": lambda key: Client(RELAY).create(key),
    "the url to fetch": lambda key: Client(RELAY).download(f"http://relay.example/?token={key}", "clip"),
    "a list as the key": lambda key: animate("x", token=[key]),
    "two as the key": lambda key: animate("x", token=(key, key)),
    "lists by name": lambda key: AnimateDiffRequest(steps={"token": [key]}),
    "the language of a snippet": lambda key: Client(RELAY).snippet(AnimateDiffRequest(), key),
    "how many to list": lambda key: Client(RELAY).list(key),
    "a time-out": lambda key: Client(RELAY, connect_timeout=key),
    "a job's client": lambda key: Job(AnimateDiffRequest(), key),
    "a journal's entry": lambda key: Job.resume(key),
    "the id to attach": lambda key: Job.attach(RELAY, key),
    "a job's key": lambda key: Journal().claim(key),
    "a journal's folder": lambda key: Journal([key]),
    "the server's engine": lambda key: LocalServer(key),
    "the panel's language": lambda key: AnimateDiffPanel(lang=key),
    "an animation's data": lambda key: Animation(key, AnimateDiffRequest()),
    "a body": lambda key: AnimateDiffRequest.from_body({"input": {"steps": key}}),
    "a copy": lambda key: AnimateDiffRequest().copy(version=key),
    "the endpoint of a key to save": lambda key: save_key(key, key),
    "the endpoint of a key to remember": lambda key: remember_key(key, key),
    "the endpoint of a key to forget": lambda key: forget_key(key),
}


@pytest.mark.parametrize("key", [KEY, LONG])
@pytest.mark.parametrize("act", OTHER_PLACES.values(), ids=OTHER_PLACES)
def test_what_looks_like_a_key_is_hidden_wherever_it_is_put(act, key):
    error, shown = frames_of(lambda: act(key))
    assert isinstance(error, AnimateDiffError)
    assert key[:12] not in shown


def test_what_is_one_argument_too_many_is_hidden():
    with pytest.raises(TypeError) as refused:
        animate("x", ODD)
    frames = traceback.TracebackException.from_exception(refused.value, capture_locals=True).stack
    assert ODD not in "\n".join(str(frame.locals) for frame in frames if frame.filename != __file__)


def test_a_guarded_function_is_the_same_to_whoever_reads_it():
    parameters = list(inspect.signature(Client.get).parameters)
    assert parameters == ["self", "prediction_id", "previous"]
    assert Client.get.__doc__.startswith("Ask how a job stands")
    assert Endpoint.relay("https://relay.example") == RELAY.relay("https://relay.example")


@pytest.mark.parametrize("key", [KEY, LONG])
@pytest.mark.parametrize("field", ["version", "motion_module", "extra_input", "steps", "seed"])
def test_a_key_as_the_value_of_a_field_is_not_shown_where_it_is_refused(key, field):
    request = AnimateDiffRequest()
    value = {"prompt": key} if field == "extra_input" else key
    error, shown = frames_of(lambda: setattr(request, field, value if field != "motion_module" else {"x": key}))
    assert isinstance(error, AnimateDiffError)
    assert key[:12] not in shown


@pytest.mark.parametrize("key", [KEY, LONG])
def test_the_talkative_traceback_of_ipython_shows_stars(key):
    hidden = {"token": key, "prompt": "a boat"}
    try:
        arguments = hide_keys(hidden)
        hidden = None
        raise ValueError(len(arguments))
    except ValueError:
        style = {"color_scheme": "NoColor"}
        import IPython

        if IPython.version_info >= (9,):
            style = {"theme_name": "nocolor"}
        told = VerboseTB(include_vars=True, **style).text(*sys.exc_info())
    assert "arguments = " in told
    assert "'***'" in told
    assert "a boat" in told


def test_no_part_of_hidden_text_shows_and_it_is_the_same_text_all_the_same():
    text = hide(LONG)
    assert text == LONG
    assert f"{text}" == LONG
    assert text.encode() == LONG.encode()
    for part in (text, text[:80], text[-5:], text[3], text + "!", "Bearer " + text, [text], Key(LONG).header()[:20]):
        assert repr(part).strip("[]") == "'***'"
    assert text.strip("s")[:2] == "k-"
    assert LONG not in repr(text.strip("s"))
    assert not inspect.ismethod(text.strip), "stackprinter shows the text that a method is bound to"
    assert hide(5) == 5
    assert hide(None) is None


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        LONG,
        f"  {KEY}\n",
        f'{{"note": "{KEY}"}}',
        f"Bearer {ODD}",
        f"https://{ODD}@relay.example",
        f"https://me:{ODD}@relay.example/replicate",
        "https://relay.example/?token=abc",
        "https://relay.example/a?x=1&api_key=abc",
        "https://relay.example/a?access_token=abc",
    ],
)
def test_what_looks_like_a_key_or_holds_one_is_known(text):
    assert holds_key(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a boat at sea, at night, masterpiece, best quality",
        "task-force-of-2024-in-the-woods-of-1999",
        "beccf59ca29c57e7d4ae0b1bbe10e2b5e2a8d9f4f8a1c3e5d7b9a1c3e5d7b9a1",
        "lucataco/animate-diff:beccf59ca29c57e7d4ae0b1bbe10e2b5e2a8d9f4f8a1c3e5d7b9a1c3e5d7b9a1",
        "toonyou_beta3.safetensors",
        "mm_sd_v14",
        "https://relay.example:8443/base",
        "https://files.example/a.png?width=5",
        '{"scheduler": "DDIM", "frames": 16}',
        "somebody@example.com",
        "海上的船",
    ],
)
def test_what_is_no_key_is_not_taken_for_one(text):
    assert not holds_key(text)


@pytest.mark.parametrize(
    "url", [f"https://{KEY}@relay.example", f"https://relay.example/?token={ODD}", f"https://relay.example/{KEY}"]
)
def test_a_key_inside_a_base_url_is_hidden(url):
    error, shown = frames_of(lambda: Endpoint.relay(url))
    assert "must not hold a user name or key" in str(error)
    assert KEY not in shown
    assert ODD not in shown


def test_a_request_says_its_own_fields_and_hides_nothing_else():
    request = AnimateDiffRequest(prompt="a kite", path="dream")
    assert "a kite" in repr(request)
    assert repr(request.path) == "'dream'"
    with pytest.raises(AnimateDiffError, match="has no field 'speed'; it has "):
        AnimateDiffRequest(speed="fast")


def test_a_key_as_bytes_stands_in_no_sentence():
    with pytest.raises(AnimateDiffError, match="<bytes>"):
        Client(Endpoint.replicate(), KEY.encode())
