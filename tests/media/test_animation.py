"""Animations: what they are, how they show and save themselves."""

from __future__ import annotations

import base64
import contextlib
import functools
import io
import json
import random
import re

import nbformat
import pytest
from PIL import Image, ImageChops, ImageStat

from animatediff_widget import AnimateDiffError, AnimateDiffRequest, Animation, Endpoint, Prediction, animate
from animatediff_widget.media.formats import convert
from animatediff_widget.panel.static_copy import StaticCopy
from animatediff_widget.texts import TEXTS


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
    assert "<video loop muted playsinline controls" in video.to_html()


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


def test_as_html_it_has_everything_in_it_and_the_prompt_escaped():
    shown = animation().to_html()
    source = re.search(r'src="data:image/webp;base64,([^"]+)"', shown)
    assert base64.b64decode(source[1]) == animation().data
    assert 'alt="&lt;b&gt;&quot;boat&quot;&lt;/b&gt;"' in shown


@pytest.mark.parametrize("suffix", ["webp", "gif", "png"])
def test_a_cell_shows_it_as_an_animated_png_that_needs_no_script(suffix):
    made = animation(suffix)
    bundle, metadata = made._repr_mimebundle_()
    assert set(bundle) == {"image/png", "text/plain"}
    assert metadata == {"image/png": {"width": 512, "alt": made.request.prompt}}
    assert bundle["text/plain"] == f"{made.request.prompt}\n{made!r}"
    shown = Animation(base64.b64decode(bundle["image/png"]), made.request)
    assert [frame.tobytes() for frame in shown.frames()] == [frame.tobytes() for frame in made.frames()]


def noisy(suffix: str, size: int) -> Animation:
    """An animation that no lossless format makes small, as filmed ones are."""
    frames = [Image.effect_noise((size, size), 90 + index).convert("RGB") for index in range(8)]
    if suffix == "mp4":
        return Animation(convert(_file(frames, "PNG"), "png", "mp4"), AnimateDiffRequest())
    return Animation(_file(frames, suffix.upper(), quality=60), AnimateDiffRequest())


def _file(frames, kind, **options) -> bytes:
    file = io.BytesIO()
    frames[0].save(file, kind, save_all=True, append_images=frames[1:], duration=125, loop=0, **options)
    return file.getvalue()


@pytest.mark.parametrize("suffix", ["webp", "mp4"])
def test_what_is_no_drawing_is_shown_as_html_beside_a_still_image(suffix):
    made = noisy(suffix, 256)
    bundle, metadata = made._repr_mimebundle_()
    assert set(bundle) == {"text/html", "image/jpeg", "text/plain"}
    assert metadata == {"image/jpeg": {"width": 512, "alt": made.request.prompt}}
    with Image.open(io.BytesIO(base64.b64decode(bundle["image/jpeg"]))) as frame:
        assert frame.format == "JPEG"


@functools.cache
def pocket() -> list[Animation]:
    prompts = ["a boat on the sea, full moon, stars", "cherry blossoms, falling petals, 1girl, white hair"]
    return [
        animate(prompt, steps=steps, seed=3, endpoint=Endpoint.builtin())
        for prompt in prompts
        for steps in (1, 2, 3, 25)
    ]


def test_what_the_pocket_model_draws_is_always_shown_as_an_image():
    for made in pocket():  # few steps leave noise, which no format makes small
        bundle, _ = made._repr_mimebundle_()
        assert set(bundle) == {"image/png", "text/plain"}
        assert len(Animation(base64.b64decode(bundle["image/png"]), made.request).frames()) == 16


def test_a_notebook_grows_by_the_animation_in_base64_and_50_kb_at_most():
    made = [animation(suffix) for suffix in ("webp", "gif", "png")] + pocket()
    made += [noisy(suffix, size) for suffix in ("webp", "gif", "mp4") for size in (64, 256, 512)]
    for one in made:
        own = len(base64.b64encode(one.data))
        copy = StaticCopy("test", TEXTS)
        copy.keep(one)
        shown = len(json.dumps(one._repr_mimebundle_()))
        kept = shown + len(json.dumps(copy._recipe()))
        assert shown <= own + 50_000, one
        assert kept <= own + 50_000, one


def test_a_huge_answer_does_not_make_the_notebook_huge():
    raw = {"output": f"data:image/webp;base64,{'A' * 10**6}", "logs": "x" * 10**6, "list": ["<&>" * 100] * 10**4}
    copy = StaticCopy("test", TEXTS)
    copy.keep(Animation(clip("webp"), AnimateDiffRequest(prompt="<" * 10**5), Prediction.from_json(raw)))
    assert len(json.dumps(copy._recipe())) < 20_000


@pytest.mark.parametrize("text", ["海上的小船，满月。" * 500, '\\"<&>\n' * 10_000, "a" * 10**5])
def test_whatever_the_prompt_and_the_answer_hold_the_notebook_grows_by_50_kb_at_most(text):
    request = AnimateDiffRequest(prompt=text)
    raw = {"input": {"prompt": text}, "logs": text, "output": "https://out.example/a.webp", "more": [text] * 20}
    for data in (clip("webp"), noisy("webp", 64).data, noisy("gif", 128).data):
        made = Animation(data, request, Prediction.from_json(raw))
        copy = StaticCopy("test", TEXTS)
        copy.keep(made)
        outputs = [
            nbformat.v4.new_output("display_data", data=bundle, metadata=metadata)
            for bundle, metadata in (copy._image(), copy._recipe())
        ]
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=outputs)])
        own = len(base64.b64encode(data))
        if "text/html" not in copy._image()[0]:  # a PNG may take some room, and here it counts as taken
            own = min(own, len(copy._image()[0]["image/png"]) - 32_000)
        assert len(nbformat.writes(notebook).encode()) <= own + 50_000


@pytest.mark.parametrize("switch", ["class", "instance", "environment"])
def test_a_switch_keeps_media_out_of_the_notebook(monkeypatch, tmp_path, switch):
    made = Animation(clip("webp"), AnimateDiffRequest(prompt="boat"), path=tmp_path / "boat.webp")
    if switch == "class":
        monkeypatch.setattr(Animation, "embed", False)
    elif switch == "instance":
        made.embed = False
    else:
        monkeypatch.setenv("ANIMATEDIFF_WIDGET_EMBED", "0")
    bundle, metadata = made._repr_mimebundle_()
    assert set(bundle) == {"text/plain"}
    assert metadata == {}
    assert str(made.path) in bundle["text/plain"]
    copy = StaticCopy("test", TEXTS)
    copy.keep(made)
    assert "base64" not in json.dumps([copy._image(), copy._recipe()])


@pytest.mark.parametrize("suffix", ["webp", "gif", "png"])
@pytest.mark.parametrize("switch", ["instance", "environment"])
def test_those_who_want_less_motion_let_a_cells_image_play_once(monkeypatch, suffix, switch):
    made = animation(suffix)
    assert played(made) == 0  # for ever
    if switch == "instance":
        made.loop = False
    else:
        monkeypatch.setenv("ANIMATEDIFF_WIDGET_LOOP", "0")
    assert played(made) == 1
    made.loop = True
    assert played(made) == 0


def played(made: Animation) -> int:
    """How often the image in a cell's output plays; 0 is for ever."""
    with Image.open(io.BytesIO(base64.b64decode(made._repr_mimebundle_()[0]["image/png"]))) as image:
        assert image.n_frames == 16
        return image.info["loop"]


@pytest.mark.parametrize("suffix", ["webp", "gif", "png"])
def test_where_less_motion_is_asked_for_a_still_frame_is_shown(suffix):
    made = animation(suffix)
    source = re.search(
        r'<source media="\(prefers-reduced-motion: reduce\)" srcset="data:image/png;base64,([^"]+)">', made.to_html()
    )
    with Image.open(io.BytesIO(base64.b64decode(source[1]))) as frame:
        assert getattr(frame, "n_frames", 1) == 1
        assert frame.convert("RGB").tobytes() == made.frames()[0].tobytes()


@pytest.mark.filterwarnings("ignore:Invalid APNG")
@pytest.mark.parametrize("suffix", ["webp", "gif", "png"])
def test_a_damaged_file_is_told_in_a_sentence_wherever_it_is_damaged(suffix, tmp_path):
    whole, draw = clip(suffix), random.Random(7)
    for _ in range(150):
        data = bytearray(whole[: draw.randrange(20, len(whole))])
        for _ in range(4):
            data[draw.randrange(16, len(data))] = draw.randrange(256)
        made = Animation(bytes(data), AnimateDiffRequest())
        made._repr_mimebundle_()
        made.to_html()
        with contextlib.suppress(AnimateDiffError):
            made.save(tmp_path / ("a.gif" if suffix != "gif" else "a.webp"))


def test_without_room_for_temporary_files_a_video_is_told_in_a_sentence(monkeypatch, tmp_path):
    video = Animation(animation().save(tmp_path / "a.mp4").read_bytes(), AnimateDiffRequest())
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    assert "<video" in video._repr_mimebundle_()[0]["text/html"]
    with pytest.raises(AnimateDiffError, match="video cannot be decoded"):
        video.save(tmp_path / "a.gif")
    with pytest.raises(AnimateDiffError, match="cannot be made into a video"):
        animation().save(tmp_path / "b.mp4")


@pytest.mark.parametrize("name", [".", "/", "~nobody-of-this-name/a.webp", "a\0b.webp"])
def test_a_name_that_is_none_is_refused_in_a_sentence(name):
    with pytest.raises(AnimateDiffError, match="could not be written"):
        animation().save(name)


def test_what_is_no_media_is_not_rendered():
    made = Animation(b"<script>alert(1)</script>", AnimateDiffRequest())
    assert "script" not in made.to_html()
    assert made.mime == "application/octet-stream"


def test_its_repr_is_short():
    assert len(repr(animation())) < 100
