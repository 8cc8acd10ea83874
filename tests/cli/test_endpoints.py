"""The command that lists where jobs can run."""

from __future__ import annotations

import pytest

from animatediff_widget.backends.registry import places
from animatediff_widget.cli import main


def test_every_place_is_listed_with_what_it_lacks(capsys, monkeypatch):
    monkeypatch.delenv("REPLICATE_API_TOKEN", raising=False)
    assert main(["endpoints"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split() for line in listed if "output_format=webp" in line] == [
        ["--set", "output_format=webp", "webp", "/", "gif"]
    ]
    lines = dict(line.split(maxsplit=1) for line in listed if not line.startswith(" "))
    assert [name.removesuffix("=URL") for name in lines] == [place.kind for place in places()]
    assert "can be used" in lines["builtin"]
    assert "REPLICATE_API_TOKEN" in lines["replicate"]

    monkeypatch.setenv("REPLICATE_API_TOKEN", "r8_of_a_person")
    assert main(["endpoints"]) == 0
    listed = capsys.readouterr().out
    assert "Replicate: can be used" in listed
    assert "r8_of_a_person" not in listed


def test_the_help_of_on_names_every_place(capsys):
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    shown = capsys.readouterr().out
    assert [place.kind for place in places() if place.kind not in shown] == []
