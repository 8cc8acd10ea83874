"""Animations: what they are, how they show and save themselves."""

from __future__ import annotations

import base64
import io
import re

import pytest
from PIL import Image, ImageChops, ImageStat

from animatediff_widget import AnimateDiffError, AnimateDiffRequest, Animation


def clip(suffix: str, frames: int = 16) -> bytes:
    images = []
    for index in range(frames):
        image = Image.new("RGB", (64, 64), (20, 60, 200))
        image.paste((250, 220, 40), (index * 3, 20, index * 3 + 12, 40))
        images.append(image)
    file = io.BytesIO()
    options = {"lossless": True} if suffix == "webp" else {}
    images[0].save(file, suffix.upper(), save_all=True, append_images=images[1:], duration=120, loop=0, **options)
    return file.getvalue()


def animation(suffix: str = "webp") -> Animation:
    return Animation(clip(suffix), AnimateDiffRequest(prompt='<b>"boat"</b>', seed=9))


@pytest.mark.parametrize(("suffix", "mime"), [("webp", "image/webp"), ("gif", "image/gif"), ("png", "image/png")])
def test_an_animation_is_known_by_its_bytes(suffix, mime):
    made = animation(suffix)
    assert (made.suffix, made.mime) == (suffix, mime)
    assert len(made.frames()) == 16


@pytest.mark.parametrize("suffix", ["webp", "gif", "png", "mp4"])
def test_every_frame_survives_every_format(tmp_path, suffix):
    made = animation()
    path = made.save(tmp_path / f"saved.{suffix}")
    again = Animation(path.read_bytes(), made.request)
    assert again.suffix == suffix
    assert len(again.frames()) == 16
    for before, after in zip(made.frames(), again.frames(), strict=True):
        assert max(ImageStat.Stat(ImageChops.difference(before.convert("L"), after.convert("L"))).mean) < 3


def test_the_own_format_is_saved_byte_by_byte(tmp_path):
    made = animation()
    assert made.save(tmp_path / "a.webp").read_bytes() == made.data
    assert made.save(tmp_path / "deep" / "no-suffix").name == "no-suffix.webp"


def test_a_video_can_be_taken_apart_and_converted(tmp_path):
    video = Animation(animation().save(tmp_path / "a.mp4").read_bytes(), AnimateDiffRequest())
    assert video.mime == "video/mp4"
    gif = Animation(video.save(tmp_path / "a.gif").read_bytes(), AnimateDiffRequest())
    assert len(gif.frames()) == 16
    assert "<video autoplay loop muted playsinline" in video.to_html()


def test_an_unknown_format_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(AnimateDiffError, match=r"cannot be saved as \.avi"):
        animation().save(tmp_path / "a.avi")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(AnimateDiffError, match="could not be written"):
        animation().save(tmp_path / "file" / "a.webp")


@pytest.mark.parametrize("data", [b"", b"<html>", b"RIFF\0\0\0\0WEBPbroken", b"\0\0\0\x18ftypmp42broken"])
def test_a_damaged_file_is_an_error_in_words(data):
    with pytest.raises(AnimateDiffError):
        Animation(data, AnimateDiffRequest()).frames()


def test_it_shows_itself_with_everything_in_it_and_the_prompt_escaped():
    shown = animation()._repr_mimebundle_()["text/html"]
    source = re.search(r'src="data:image/webp;base64,([^"]+)"', shown)
    assert base64.b64decode(source[1]) == animation().data
    assert 'alt="&lt;b&gt;&quot;boat&quot;&lt;/b&gt;"' in shown


def test_what_is_no_media_is_not_rendered():
    made = Animation(b"<script>alert(1)</script>", AnimateDiffRequest())
    assert "script" not in made.to_html()
    assert made.mime == "application/octet-stream"


def test_its_repr_is_short():
    assert len(repr(animation())) < 100
