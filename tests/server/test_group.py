"""One machine serves a group: from another address, encrypted, by other names, with the key."""

from __future__ import annotations

import io
import logging
import socket
import ssl

import pytest
import replicate
import requests
from gated_server import BODY, GatedEngine
from PIL import Image
from replicate.exceptions import ReplicateError
from replicate.helpers import FileOutput
from throwaway import OWN, make_certificate

from animatediff_widget import AnimateDiffRequest, Client, Endpoint, Job
from animatediff_widget.engines import Output
from animatediff_widget.errors import AnimateDiffError, ApiError, ConnectionFailed, KeyRefused
from animatediff_widget.server import LocalServer

# Whether another machine could ask there is a matter of the address only; a machine without a network has none such.
networked = pytest.mark.skipif(OWN.startswith("127."), reason="this machine has no address that others could reach")


class StillEngine(GatedEngine):
    """Draws a picture of one pixel, which a job can read."""

    def run(self, request, **more):
        file = io.BytesIO()
        Image.new("RGB", (1, 1)).save(file, "webp")
        return Output(file.getvalue(), "webp", "image/webp")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def encrypted(certificate):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate.chain, certificate.key)
    with LocalServer(StillEngine(), host=OWN, tls=tls) as server:
        yield server


@pytest.fixture(scope="module")
def plain():
    with LocalServer(GatedEngine(open_gate=True), host="0.0.0.0") as server:
        yield server


@pytest.fixture
def trusting(certificate, monkeypatch):
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(certificate.authority))


def at(server, host=OWN):
    scheme, _, rest = server.base_url.partition("://")
    return f"{scheme}://{host}:{rest.rpartition(':')[2]}"


# --- encrypted --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("trusting")
def test_a_job_runs_over_an_encrypted_connection_to_another_address(encrypted):
    assert encrypted.base_url.startswith(f"https://{OWN}:")
    job = Job(AnimateDiffRequest(prompt="a boat"), Client(Endpoint.relay(encrypted.base_url), encrypted.token))
    assert job.run().data[8:12] == b"WEBP"
    assert job.prediction.outputs[0].startswith(f"{encrypted.base_url}/files/")


@pytest.mark.usefixtures("trusting")
def test_the_official_client_runs_over_it_too(encrypted):
    client = replicate.Client(api_token=encrypted.token, base_url=encrypted.base_url)
    output = client.run("lucataco/animate-diff", input={"prompt": "a boat"})
    assert isinstance(output, FileOutput)  # as at the hosted API: the client makes one of https urls only
    assert output.read()[8:12] == b"WEBP"
    wrong = replicate.Client(api_token="wrong", base_url=encrypted.base_url)
    with pytest.raises(ReplicateError) as caught:
        wrong.predictions.list()
    assert caught.value.status == 401


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize("token", ["wrong-key-wrong-key", None])
def test_with_a_wrong_key_or_none_nothing_is_answered(encrypted, token):
    client = Client(Endpoint.relay(encrypted.base_url), token)
    with pytest.raises(ApiError) as caught:
        client.create(AnimateDiffRequest(prompt="a boat"))
    assert caught.value.status == 401


def test_who_does_not_trust_the_certificate_sends_nothing(encrypted, caplog):
    with pytest.raises(ConnectionFailed, match="TLS certificate") as caught:
        Client(Endpoint.relay(encrypted.base_url), encrypted.token).list()
    assert not caught.value.arrived
    assert caplog.records == []


@pytest.mark.usefixtures("trusting")
def test_who_speaks_no_tls_is_hung_up_on_and_nothing_is_logged(encrypted, caplog):
    with pytest.raises(requests.ConnectionError):
        requests.get(encrypted.base_url.replace("https", "http"), timeout=10)
    silent = socket.create_connection((OWN, int(encrypted.base_url.rpartition(":")[2])))
    with silent:  # one that says nothing at all keeps nobody out
        answer = requests.get(f"{encrypted.base_url}/v1/predictions", timeout=10)
    assert answer.status_code == 401
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.usefixtures("trusting")
def test_a_body_is_bounded_there_too(encrypted):
    headers = {"Authorization": f"Bearer {encrypted.token}"}
    answer = requests.post(f"{encrypted.base_url}/v1/predictions", headers=headers, data=b" " * 2**21, timeout=10)
    assert answer.status_code == 413


# --- not encrypted ----------------------------------------------------------------------------------------------------


@networked
def test_a_key_goes_in_the_clear_only_where_that_was_said(plain, tmp_path):
    endpoint = Endpoint.relay(at(plain))
    with pytest.raises(KeyRefused, match="not encrypted"):
        Client(endpoint, plain.token)
    client = Client(endpoint, plain.token, allow_plain_http=True)
    prediction = client.create(AnimateDiffRequest(prompt="a boat"))
    while not prediction.done:
        prediction = client.get(prediction.id)
    assert client.download(prediction.outputs[0], tmp_path / "boat").read_bytes() == b"a boat"


@pytest.mark.parametrize("method", ["OPTIONS", "GET"])
def test_a_page_of_anybody_gets_no_permission_to_read(plain, method):
    asks = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = requests.request(method, f"{at(plain)}/v1/predictions", headers=asks, timeout=10)
    assert answer.status_code == 401
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


# --- by other names ---------------------------------------------------------------------------------------------------


def ask(server, host):
    headers = {"Authorization": f"Bearer {server.token}", "Host": host}
    return requests.post(f"{at(server, '127.0.0.1')}/v1/predictions", headers=headers, json=BODY, timeout=10)


@pytest.mark.parametrize("host", ["gpu.lab.example:8443", "gpu", "10.0.0.7:80", "[fd00::2]:8000"])
def test_urls_bear_the_name_by_which_the_server_was_asked(plain, host):
    prediction = ask(plain, host).json()
    assert prediction["urls"]["get"].startswith(f"http://{host}/v1/predictions/")


@pytest.mark.parametrize("host", ['a"b', "<b>", "a b", "user@gpu", "gpu/x", "gpu:x", "[gpu]", ""])
def test_what_is_no_name_is_refused(plain, host):
    assert ask(plain, host).status_code in (400, 403)


def test_behind_a_tunnel_urls_bear_its_name_and_other_names_are_refused():
    with LocalServer(GatedEngine(open_gate=True), public_url="https://GPU.example/mine/") as server:
        for host in ("GPU.example", "gpu.example"):
            assert ask(server, host).json()["urls"]["get"].startswith("https://GPU.example/mine/v1/predictions/")
        here = server.base_url.partition("://")[2]
        assert ask(server, here).json()["urls"]["get"].startswith(f"{server.base_url}/v1/predictions/")
        assert ask(server, "evil.example").status_code == 403


# --- what cannot be ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "why"), [("nowhere.invalid", "no such name"), ("203.0.113.1", "address"), (" ", "no such name")]
)
def test_an_address_of_another_machine_is_a_sentence(host, why):
    with pytest.raises(AnimateDiffError, match=f"'{host}' is no address that this machine can listen at: .*{why}"):
        LocalServer(GatedEngine(), host=host).start()


@pytest.mark.parametrize("options", [{"host": None}, {"tls": "cert.pem"}, {"public_url": "gpu.example"}])
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(AnimateDiffError):
        LocalServer(GatedEngine(), **options)
