"""Files of few bytes and very many pixels, and what ffmpeg is given."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest
from PIL import Image, ImageFile

from animatediff_widget import AnimateDiffError, AnimateDiffRequest, Animation
from animatediff_widget.media.thumbnails import thumbnail

MEMORY = """
import resource, sys
from pathlib import Path
from animatediff_widget import AnimateDiffError, AnimateDiffRequest, Animation
from animatediff_widget.media.thumbnails import thumbnail

path = Path(sys.argv[1])
made = Animation(path.read_bytes(), AnimateDiffRequest())
for decode in (made.frames, lambda: made.save(path.with_suffix(".webp"))):
    try:
        decode()
    except AnimateDiffError as error:
        print(error)
made._repr_mimebundle_()
assert made.to_html()
assert thumbnail(path, "key", path.parent)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1 if sys.platform == "darwin" else 1024) // 1024)
"""


def gif(side: int, frames: int) -> bytes:
    """Many frames of one colour, which take no time to make."""
    file = io.BytesIO()
    Image.new("P", (side, side)).save(file, "GIF")
    data = file.getvalue()
    start = data.index(b"\x2c", 13 + 3 * 2 ** ((data[10] & 7) + 1))
    return data[:start] + data[start:-1] * frames + b";"


@pytest.mark.skipif(sys.platform == "win32", reason="the memory is measured by resource")
@pytest.mark.parametrize(("side", "frames"), [(1500, 300), (2500, 100), (9000, 2)])
def test_few_bytes_of_very_many_pixels_take_no_more_than_the_budget(tmp_path, side, frames):
    path = tmp_path / "large.gif"
    path.write_bytes(gif(side, frames))
    done = subprocess.run([sys.executable, "-c", MEMORY, path], capture_output=True, text=True, check=False)
    if side == 9000:  # no frame can be decoded
        assert "AssertionError" in done.stderr.splitlines()[-1]
        assert "Save it as .gif, and" in done.stdout
        return
    assert done.returncode == 0, done.stderr
    *sentences, mebibytes = done.stdout.splitlines()
    assert len(sentences) == 2
    assert f"{side} x {side} pixels take more than the 256 MiB" in sentences[0]
    assert int(mebibytes) < 500


def test_what_is_too_large_for_memory_is_saved_as_a_video_frame_by_frame(tmp_path, monkeypatch):
    made = Animation(gif(64, 30), AnimateDiffRequest())
    monkeypatch.setattr("animatediff_widget.media.formats.BUDGET", 64 * 64 * 4 * 20)
    with pytest.raises(AnimateDiffError, match=r"Save it as \.gif / \.mp4"):
        made.save(tmp_path / "a.webp")
    video = Animation(made.save(tmp_path / "a.mp4").read_bytes(), AnimateDiffRequest())
    assert made.save(tmp_path / "a.gif").read_bytes() == made.data
    with pytest.raises(AnimateDiffError, match=r"Save it as \.mp4, and"):
        video.frames()
    monkeypatch.undo()
    assert len(video.frames()) == 30


def test_a_thumbnail_of_what_is_too_large_is_made_of_its_beginning(tmp_path, monkeypatch):
    path = tmp_path / "a.gif"
    path.write_bytes(gif(64, 30))
    monkeypatch.setattr("animatediff_widget.media.thumbnails.BUDGET", 64 * 64 * 4 * 20)
    with Image.open(io.BytesIO(thumbnail(path, "key", tmp_path))) as image:
        assert image.size == (64, 64)


@pytest.mark.parametrize("size", [(64, 64), (63, 35)])
def test_a_video_of_any_size_has_every_frame(tmp_path, size):
    frames = [Image.new("RGB", size, (index * 8, 0, 0)) for index in range(9)]
    file = io.BytesIO()
    frames[0].save(file, "PNG", save_all=True, append_images=frames[1:], duration=200)
    made = Animation(file.getvalue(), AnimateDiffRequest()).save(tmp_path / "a.mp4")
    video = Animation(made.read_bytes(), AnimateDiffRequest())
    assert [frame.size for frame in video.frames()] == [(size[0] + size[0] % 2, size[1] + size[1] % 2)] * 9
    gif = video.save(tmp_path / "a.gif")
    with Image.open(gif) as image:
        assert image.info["duration"] == 200


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
def test_ffmpeg_gets_no_key(tmp_path, monkeypatch):
    from imageio_ffmpeg import get_ffmpeg_exe

    said, script = tmp_path / "environment", tmp_path / "ffmpeg"
    script.write_text(f"#!/bin/sh\nenv >>'{said}'\nexec '{get_ffmpeg_exe()}' \"$@\"\n")
    script.chmod(0o700)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(script))
    monkeypatch.setenv("REPLICATE_API_TOKEN", "r8_secret")
    monkeypatch.setenv("MY_OWN_PASSWORD", "secret as well")
    video = Animation(
        Animation(gif(64, 3), AnimateDiffRequest()).save(tmp_path / "a.mp4").read_bytes(), AnimateDiffRequest()
    )
    assert len(video.frames()) == 3
    names = {line.partition("=")[0] for line in said.read_text().splitlines()}
    assert "PATH" in names
    assert names <= {"PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "PWD", "SHLVL", "_", "OLDPWD"}


def test_without_ffmpeg_a_video_is_an_error_that_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AnimateDiffError, match=r"animatediff-widget\[video\]"):
        Animation(gif(64, 3), AnimateDiffRequest()).save(tmp_path / "a.mp4")
    assert not os.listdir(tmp_path)


def test_an_image_that_will_be_too_large_for_a_notebook_is_not_encoded_to_its_end(monkeypatch):
    frames = [Image.effect_noise((256, 256), 60 + index).convert("RGB") for index in range(16)]
    file = io.BytesIO()
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:], duration=100, quality=10)
    made = Animation(file.getvalue(), AnimateDiffRequest())
    encoded = []
    save = ImageFile._save
    monkeypatch.setattr(ImageFile, "_save", lambda *given: encoded.append(1) or save(*given))
    assert "text/html" in made._repr_mimebundle_()[0]
    assert len(encoded) < len(frames)
