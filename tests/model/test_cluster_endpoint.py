"""A Dask cluster as an endpoint: a plain value, without a cluster and without Dask."""

from __future__ import annotations

import pytest

from animatediff_widget import AnimateDiffError, Endpoint


class FakeClient:
    """What of a client of Dask's is read."""

    def __init__(self, address: str | None) -> None:
        self.scheduler = self if address else None
        self.address = address


@pytest.mark.parametrize(
    ("given", "url"),
    [
        (("10.0.0.1:8786",), "tcp://10.0.0.1:8786"),
        ((" tls://node-1.cluster:8786 ",), "tls://node-1.cluster:8786"),
        (("inproc://10.0.0.1/12/3",), "inproc://10.0.0.1/12/3"),
        ((FakeClient("tcp://[::1]:8786"),), "tcp://[::1]:8786"),
        (("h:1", "pocket", {"GPU": 1}), "tcp://h:1?resource=GPU:1"),
        (("h:1", "pocket", {"a b": 0.5, "GPU": 2}), "tcp://h:1?resource=GPU:2&resource=a%20b:0.5"),
    ],
)
def test_it_is_written_as_a_url_and_read_again(given, url):
    endpoint = Endpoint.dask(*given)
    assert (endpoint.kind, endpoint.url, endpoint.key_variable) == ("dask", url, "")
    assert Endpoint.restore(endpoint.url, "dask") == endpoint == Endpoint.dask(endpoint.base_url)
    assert endpoint.origin.startswith(url.partition("://")[0])
    assert str(endpoint.label) == f"Dask cluster {url.partition('://')[2].partition('?')[0].partition('/')[0]}"


@pytest.mark.parametrize("given", ["https://relay.example", "tcp://a b:1", "", 7, None, FakeClient(None), object()])
def test_what_is_no_cluster_is_refused(given):
    with pytest.raises(AnimateDiffError, match="is no running Dask cluster"):
        Endpoint.dask(given)


@pytest.mark.parametrize("given", ["r8_0123456789abcdef0123", "0123456789abcdef0123", "tcp://me:secret@host:8786"])
def test_a_key_is_refused_and_not_repeated(given):
    with pytest.raises(AnimateDiffError, match="key") as refusal:
        Endpoint.dask(given)
    assert given not in str(refusal.value)


@pytest.mark.parametrize("engine", ["cpu", "", "Pocket"])
def test_an_engine_that_is_not_there_is_refused(engine):
    with pytest.raises(AnimateDiffError, match="draw with one of pocket, gpu, not with"):
        Endpoint.dask("h:1", engine)


@pytest.mark.parametrize("resources", [{"GPU": 0}, {"GPU": "1"}, {"": 1}, {"GPU": True}, ["GPU"], "GPU", 1, {1: 1}])
def test_resources_that_are_none_are_refused(resources):
    with pytest.raises(AnimateDiffError, match="resources must be names and amounts"):
        Endpoint.dask("h:1", resources=resources)


@pytest.mark.parametrize("url", ["tcp://h:1?resource=GPU", "tcp://h:1?engine=moon", "http://h:1"])
def test_a_damaged_record_is_a_sentence(url):
    with pytest.raises(AnimateDiffError):
        Endpoint.restore(url, "dask")
