"""A key that was found in the variable that all relays share goes only to the relay that it was used for."""

from __future__ import annotations

import pytest
from misbehaving import Misbehaving

from animatediff_widget import AnimateDiffRequest, Client, Endpoint, Job, Journal
from animatediff_widget.cli import main
from animatediff_widget.errors import KeyRefused
from animatediff_widget.keys.credentials import Key, remember_key
from animatediff_widget.model.body import Body
from animatediff_widget.texts import Texts

KEY_A, KEY_B = "the-key-of-relay-a-0123456789", "the-key-of-relay-b-0123456789"
REQUEST = AnimateDiffRequest(prompt="a boat", steps=2, seed=7)


@pytest.fixture
def a():
    with Misbehaving() as server:
        yield server


@pytest.fixture
def b():
    with Misbehaving() as server:
        yield server


@pytest.fixture
def found(monkeypatch):
    """Put a key into the variable that all relays share."""
    return lambda key: monkeypatch.setenv("ANIMATEDIFF_API_KEY", key)


def leave(server: Misbehaving, client: Client | None = None) -> str:
    """Post a job at a relay, and leave it as a killed session does; give its key in the journal."""
    job = Job(REQUEST, client or Client(server.endpoint))
    job.run()
    Journal().record(job.key, "running")
    job.animation.path.unlink()
    return job.key


def keys_at(server: Misbehaving) -> set[str]:
    return {seen.headers.get("authorization", "").removeprefix("Bearer ") for seen in server.seen}


def test_a_job_is_not_resumed_with_a_key_that_was_used_at_another_relay(a, b, found):
    found(KEY_A)
    key = leave(a)
    found(KEY_B)
    leave(b)
    with pytest.raises(KeyRefused) as refused:
        Job.resume(Journal().get(key))
    assert keys_at(a) == {KEY_A}
    assert refused.value.code == "key_of_another_relay"
    for language in ("en", "zh"):
        said = Texts(language).say(refused.value)
        for word in ("ANIMATEDIFF_API_KEY", f"127.0.0.1:{a.port}", f"127.0.0.1:{b.port}", "token="):
            assert word in said
        assert "the-key" not in said
    assert Journal().get(key).state == "running", "it is offered again"


def test_a_job_is_not_resumed_with_another_key_that_nobody_has_used_yet(a, found):
    found(KEY_A)
    key = leave(a)
    found(KEY_B)
    with pytest.raises(KeyRefused) as refused:
        Job.resume(Journal().get(key))
    assert refused.value.code == "key_of_unknown_relay"
    assert keys_at(a) == {KEY_A}


def test_a_job_of_an_older_journal_is_resumed_with_the_key_that_is_found_where_there_is_one_relay_only(a, b, found):
    found(KEY_B)
    body = Body.of(REQUEST)
    with Client(a.endpoint, KEY_B) as client:
        created = client.create(body)
    journal = Journal()
    made = [journal.begin(body, server.endpoint) for server in (a, b)]
    for key in made:
        journal.record(key, "running", prediction=created)
    with pytest.raises(KeyRefused, match="It is not known"):
        Job.resume(journal.get(made[0]))
    journal = Journal(journal.folder / "other")
    key = journal.begin(body, a.endpoint)
    journal.record(key, "running", prediction=created)
    assert Job.resume(journal.get(key), journal=journal).run()
    assert not b.seen


def test_the_key_that_posted_it_resumes_it_also_after_it_was_changed(a, found):
    found(KEY_A)
    first = leave(a)
    assert Job.resume(Journal().get(first)).run()
    found(KEY_B)
    second = leave(a)  # the relay was named by the person, and is where the new key belongs from then on
    for key in (first, second):
        Journal().record(key, "running")
        assert Job.resume(Journal().get(key)).run()


def test_a_new_job_does_not_take_a_key_to_a_relay_that_it_was_not_given_for(a, b, found):
    found(KEY_A)
    leave(a)
    job = Job(REQUEST, Client(b.endpoint))
    with pytest.raises(KeyRefused, match="was used at"):
        job.run()
    assert (job.state, job.error.code) == ("failed", "key_of_another_relay")
    assert not b.seen
    assert len(Journal().jobs()) == 1
    with pytest.raises(KeyRefused):
        Job.attach(b.endpoint, "some-id")
    assert not b.seen


def test_a_key_that_is_given_by_hand_is_the_persons_word_and_is_remembered(a, b, found):
    found(KEY_A)
    key = leave(a)
    assert Job(REQUEST, Client(b.endpoint, KEY_A)).run()
    assert Job(REQUEST, Client(b.endpoint)).run(), "the same key, found"
    found(KEY_B)
    assert Job.resume(Journal().get(key), Client(a.endpoint, KEY_A)).run()
    Journal().record(key, "running")
    remember_key(a.endpoint, KEY_A)  # typed into the panel
    assert Job.resume(Journal().get(key)).run()
    assert keys_at(a) == keys_at(b) == {KEY_A}


def test_a_relay_may_have_a_variable_of_its_own(a, b, found, monkeypatch):
    found(KEY_A)
    key = leave(a)
    found(KEY_B)
    leave(b)
    monkeypatch.setenv(f"ANIMATEDIFF_API_KEY_127_0_0_1_{a.port}", KEY_A)
    assert Job.resume(Journal().get(key)).run()
    assert (keys_at(a), keys_at(b)) == ({KEY_A}, {KEY_B})
    names = {url: Endpoint.relay(url).own_key_variable for url in ("https://relay.example", "https://my-relay.example")}
    assert list(names.values()) == ["ANIMATEDIFF_API_KEY_RELAY_EXAMPLE", "ANIMATEDIFF_API_KEY_MY__RELAY_EXAMPLE"]
    assert Endpoint.replicate().own_key_variable == "REPLICATE_API_TOKEN"


def test_the_command_line_says_so_and_goes_on_with_the_next_job(a, b, found, capsys):
    found(KEY_A)
    leave(a)
    found(KEY_B)
    leave(b)
    capsys.readouterr()
    assert main(["resume"]) == 1
    out, err = capsys.readouterr()
    assert out.count("\n") == 1
    assert f"ANIMATEDIFF_API_KEY_127_0_0_1_{a.port}" in err
    assert (keys_at(a), keys_at(b)) == ({KEY_A}, {KEY_B})


def test_what_is_done_needs_no_key(a, found):
    found(KEY_A)
    job = Job(REQUEST, Client(a.endpoint))
    job.run()
    found(KEY_B)
    assert Job.resume(Journal().get(job.key)).run().data == job.animation.data


def test_only_a_fingerprint_is_kept(a, found):
    found(KEY_A)
    leave(a)
    fingerprint = Key(KEY_A).fingerprint
    assert Journal().key_uses() == {(fingerprint, a.endpoint.origin)}
    assert len(fingerprint) <= 16
    assert Key(KEY_B).fingerprint != fingerprint == Key(f" Bearer {KEY_A}").fingerprint
    for path in Journal().folder.rglob("*"):
        assert not path.is_file() or KEY_A.encode() not in path.read_bytes()
