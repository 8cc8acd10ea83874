"""The command that serves an engine: its key's file, its certificate, and the lines that it prints to be pasted."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from contextlib import contextmanager

import pytest
import requests
from throwaway import OWN, make_certificate

from animatediff_widget.cli import main

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither such modes nor SIGINT for a process")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("certificates"))


@contextmanager
def serving(*arguments, lines):
    """Run the command; give the lines that it prints, by their first word, and what it says on stderr at its end."""
    command = [sys.executable, "-m", "animatediff_widget", "serve", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    printed, said = {}, []
    try:
        for _ in range(lines):
            first, _, rest = process.stdout.readline().partition(" ")
            printed[first] = rest.strip()
        yield printed, said
    finally:
        process.send_signal(signal.SIGINT)
        said += process.communicate(timeout=60)
    assert process.returncode == 0


@posix
def test_what_is_printed_works_as_pasted_on_another_machine_and_shows_no_key(certificate, tmp_path, monkeypatch):
    file = tmp_path / "key"
    files = ("--token-file", file, "--tls-cert", certificate.chain, "--tls-key", certificate.key)
    with serving("--host", OWN, *files, lines=5) as (printed, said):
        key = file.read_text().strip()
        assert len(key) >= 43
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert printed["key"] == f"in {file}"
        assert key not in str(printed)
        assert printed["url"].startswith(f"https://{OWN}:")
        monkeypatch.setenv("ANIMATEDIFF_API_KEY", key)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.authority))
        lines = [printed["panel"], printed["python"].replace('animate("', 'animation = animate(steps=1, prompt="')]
        code = "\n".join([*lines, "print(animation.request.prompt)"])
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
        assert done.stdout == "a boat on the sea\n", done.stderr
    assert key not in str(said)
    assert OWN.startswith("127.") or "Other machines can ask here" in said[1]
    assert "encrypted" not in said[1]


@posix
@pytest.mark.skipif(OWN.startswith("127."), reason="this machine has no address that others could reach")
def test_without_a_certificate_the_lines_go_through_ssh_and_a_warning_says_why(tmp_path):
    file = tmp_path / "key"
    file.write_text("a-key-of-ones-own-that-is-long\n")
    file.chmod(0o644)
    with serving("--host", OWN, "--token-file", file, lines=6) as (printed, said):
        port = printed["url"].split("/")[2].split(":")[1]
        assert printed["ssh"] == f"ssh -N -L {port}:{OWN}:{port} {OWN}"
        assert f'Endpoint.relay("http://127.0.0.1:{port}")' in printed["panel"]
        # What ssh would pass on: the caller names the server as it knows it there.
        headers = {"Authorization": "Bearer a-key-of-ones-own-that-is-long", "Host": f"127.0.0.1:{port}"}
        answer = requests.get(printed["url"], headers=headers, timeout=30)
        assert answer.json()["results"] == []
    assert "Nothing is encrypted" in said[1]
    assert f"chmod 600 {file}" in said[1]


@posix
def test_a_key_that_nobody_asked_to_keep_is_printed_and_ends_with_the_server():
    with serving(lines=5) as (printed, said):
        assert printed["url"].startswith("http://127.0.0.1:")
        assert requests.get(printed["url"], timeout=30).status_code == 401
        headers = {"Authorization": f"Bearer {printed['key']}"}
        assert requests.get(printed["url"], headers=headers, timeout=30).status_code == 200
    assert said[1] == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--token-file", "{folder}/empty"], "There is no key in"),
        (["--token-file", "{folder}/no/such/folder"], "cannot be read"),
        (["--token-file", "{folder}"], "cannot be read"),
        (["--token-file", "{folder}/binary"], "cannot be read"),
        (["--token-file", "{folder}/long"], "File too large"),
        (["--token-file", "{folder}/two-lines"], "is no key: a key is one line"),
        (["--token-file", "{folder}/short", "--host", "0.0.0.0"], "fewer than 20 characters"),
        (["--tls-key", "{key}"], "give that too, as --tls-cert"),
        (["--tls-cert", "{folder}/none.pem"], "No such file"),
        (["--tls-cert", "{folder}/empty"], "must be PEM"),
        (["--tls-cert", "{chain}"], "must be PEM"),
        (["--tls-cert", "{chain}", "--tls-key", "{foreign_key}"], "belong together"),
        (["--tls-cert", "{chain}", "--tls-key", "{locked_key}"], "no passphrase"),
        (["--url", "gpu.example"], "is not a base url"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_and_no_server(arguments, says, certificate, tmp_path, capsys):
    contents = {"empty": b" \n", "binary": b"\xff\xfe", "two-lines": b"a\nb", "short": b"short", "long": b"a" * 5000}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o600)
    arguments = [each.format(folder=tmp_path, **vars(certificate)) for each in arguments]
    assert main(["serve", *arguments]) == 2
    shown = capsys.readouterr()
    assert says in shown.err
    assert shown.err.count("\n") == 1
    assert shown.out == ""


@pytest.mark.parametrize("host", ["", "nowhere.invalid"])
def test_an_address_that_is_none_is_one_sentence(host, capsys):
    assert main(["serve", "--host", host]) == 1
    shown = capsys.readouterr()
    assert f"{host!r} is no address that this machine can listen at" in shown.err
    assert shown.err.count("\n") == 1
    assert shown.out == ""
