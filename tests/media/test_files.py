"""Files are written whole or not at all; thumbnails are kept."""

from __future__ import annotations

import io
import os
import queue
import subprocess
import sys
import threading

import pytest
from PIL import Image

from animatediff_widget.media.files import write_file
from animatediff_widget.media.thumbnails import kept_thumbnail, thumbnail, thumbnails_beside


def clip() -> bytes:
    frames = [Image.new("RGB", (200, 100), (shade, 60, 200)) for shade in (20, 120, 220)]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=120)
    return file.getvalue()


def test_a_file_is_written_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "a.gif"
    for data in (b"first", b"second"):
        write_file(path, data)
        assert path.read_bytes() == data
    assert os.listdir(tmp_path) == ["a.gif"]


def test_a_file_that_cannot_be_written_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "a.gif"
    write_file(path, b"first")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_file(path, b"second")
    assert path.read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["a.gif"]


def test_it_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    order = []
    real = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (order.append("fsync"), real[0](handle)))
    monkeypatch.setattr(os, "replace", lambda *names: (order.append("replace"), real[1](*names)))
    write_file(tmp_path / "a.gif", b"data")
    assert order == ["fsync", "replace"]


@pytest.mark.skipif(os.name == "nt", reason="has no modes")
def test_a_private_file_is_the_persons_alone(tmp_path):
    write_file(tmp_path / "private", b"", private=True)
    write_file(tmp_path / "public", b"")
    assert (tmp_path / "private").stat().st_mode & 0o777 == 0o600
    umask = os.umask(0)
    os.umask(umask)
    assert (tmp_path / "public").stat().st_mode & 0o777 == 0o666 & ~umask


@pytest.mark.skipif(os.name == "nt", reason="needs links")
def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "there")
    write_file(tmp_path / "link", b"data")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there").read_bytes() == b"data"


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="needs /dev/stdout")
def test_what_is_no_file_is_written_to():
    code = "from pathlib import Path; from animatediff_widget.media.files import write_file"
    code += "; write_file(Path('/dev/stdout'), b'data')"
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True).stdout == b"data"


def test_a_thumbnail_is_small_and_is_made_once(tmp_path):
    path, folder = tmp_path / "a.gif", tmp_path / "thumbnails"
    path.write_bytes(clip())
    data = thumbnail(path, "key", folder)
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.size, image.n_frames) == ("WEBP", (96, 48), 3)
    path.unlink()
    assert thumbnail(path, "key", folder) == kept_thumbnail("key", folder) == data
    assert os.listdir(folder) == ["key.webp"]


def test_what_has_no_picture_has_no_thumbnail(tmp_path):
    (tmp_path / "a.gif").write_bytes(b"GIF89a, and then nothing")
    assert kept_thumbnail("key", tmp_path) is None
    assert thumbnail(tmp_path / "nowhere", "key", tmp_path) is None
    assert thumbnail(tmp_path / "a.gif", "key", tmp_path) is None
    assert os.listdir(tmp_path) == ["a.gif"]


def test_a_thumbnail_that_cannot_be_kept_is_shown_all_the_same(tmp_path):
    (tmp_path / "a.gif").write_bytes(clip())
    (tmp_path / "thumbnails").write_text("a file where the folder should be")
    assert thumbnail(tmp_path / "a.gif", "key", tmp_path / "thumbnails") is not None


def test_thumbnails_are_made_beside_until_nobody_wants_them(tmp_path):
    (tmp_path / "a.gif").write_bytes(clip())
    delivered = queue.Queue()

    def deliver(key, data):
        delivered.put((key, data is not None, threading.current_thread() is threading.main_thread()))
        return key != "c"

    wanted = [("a", tmp_path / "a.gif"), ("b", tmp_path / "nowhere"), ("c", tmp_path / "a.gif"), ("d", tmp_path)]
    thumbnails_beside(wanted, tmp_path / "kept", deliver)
    assert [delivered.get(timeout=30) for _ in "abc"] == [("a", True, False), ("b", False, False), ("c", True, False)]
    assert sorted(os.listdir(tmp_path / "kept")) == ["a.webp", "c.webp"]
