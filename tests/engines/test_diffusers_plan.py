"""What may be asked of the diffusers engine, told without torch: by the engine, the form and the server."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import requests

from animatediff_widget import AnimateDiffError, AnimateDiffRequest, Client, Endpoint
from animatediff_widget.engines.diffusers import DiffusersEngine
from animatediff_widget.engines.diffusers.catalog import MODULES, Weights, find_checkpoint, find_lora, find_module
from animatediff_widget.engines.diffusers.files import choose
from animatediff_widget.engines.diffusers.hub import Finder
from animatediff_widget.engines.diffusers.plan import make_plan
from animatediff_widget.engines.named import inputs_of
from animatediff_widget.model.fields import CHECKPOINTS, MOTION_MODULES
from animatediff_widget.server import LocalServer
from animatediff_widget.texts import Texts


def refusal(**fields) -> str:
    with pytest.raises(AnimateDiffError) as caught:
        make_plan(AnimateDiffRequest(**fields))
    assert Texts("zh").say(caught.value)
    return Texts("en").say(caught.value)


def test_the_engine_is_there_without_torch_and_says_what_it_lacks():
    code = (
        "import sys\n"
        "for name in ('torch', 'diffusers', 'numpy', 'PIL', 'tqdm', 'huggingface_hub'): sys.modules[name] = None\n"
        "from animatediff_widget.engines.diffusers import DiffusersEngine\n"
        "from animatediff_widget.model.request import AnimateDiffRequest as R\n"
        "engine = DiffusersEngine()\n"
        "print([each.name for each in engine.inputs])\n"
        "request = R(extra_input={'output_format': 'webp'})\n"
        "try: engine.run(request, seed=1, log=print, canceled=lambda: False, preview=None)\n"
        "except Exception as error: print(error)\n"
        "engine.close()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "num_frames" in done.stdout
    assert "Drawing on this computer needs" in done.stdout
    assert 'pip install "animatediff-widget[gpu]"' in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("path", CHECKPOINTS)
@pytest.mark.parametrize("motion_module", MOTION_MODULES)
def test_what_the_hosted_model_lists_can_be_drawn_as_it_stands(path, motion_module):
    plan = make_plan(AnimateDiffRequest(path=path, motion_module=motion_module))
    assert plan.checkpoint.repository == "guoyww/animatediff_t2i_backups"
    assert plan.module.name == motion_module
    assert (plan.num_frames, plan.width, plan.height, plan.fps, plan.output_format) == (16, 512, 512, 8, "mp4")
    assert plan.window is None


def test_weights_are_named_by_our_names_by_paths_and_by_hub_ids(tmp_path, monkeypatch):
    (tmp_path / "mm_sd_v14.ckpt").touch()
    monkeypatch.chdir(tmp_path)
    own = find_module("./mm_sd_v14.ckpt")
    assert (own.weights.path, own.positions, own.motion_loras) == (str(tmp_path / "mm_sd_v14.ckpt"), 24, False)
    assert find_module("mm_sd_v14.ckpt") == MODULES["mm_sd_v14"]
    assert find_module("animatelcm").lora is not None
    assert find_module("wangfuyun/AnimateLCM").sampler == "lcm"
    lightning = find_module("ByteDance/AnimateDiff-Lightning/animatediff_lightning_4step_diffusers.safetensors")
    assert (lightning.steps, lightning.sampler) == ((4, 4), "euler")
    other = find_module("somebody/else")
    assert (other.sampler, other.positions, str(other.weights)) == ("ddim", None, "somebody/else")
    assert str(find_checkpoint("somebody/else/folder/file.safetensors")) == "somebody/else/folder/file.safetensors"
    assert str(find_lora("Zoom-In")) == "guoyww/animatediff-motion-lora-zoom-in"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"path": "toonyou_beta4"}, "not a name that is known here: toonyou_beta4. Choose one of toonyou_beta3"),
        ({"path": "../gone.safetensors"}, "path names a file or folder that is not there: ../gone.safetensors."),
        ({"path": "C:\\gone.ckpt"}, "path names a file or folder that is not there"),
        ({"path": "~nobody-of-that-name/x"}, "path names a file or folder that is not there"),
        ({"path": "somebody/.."}, "path is not a name that is known here"),
        ({"path": "a\0b/c"}, "path is not a name that is known here"),
        ({"motion_module": "https://example.org/x.ckpt"}, "motion_module is not a name that is known here"),
        ({"motion_module": "mm_sd_v16"}, "mm_sd_v16. Choose one of mm_sd_v14, mm_sd_v15, mm_sd_v15_v2, v3_sd15_mm"),
        ({"extra_input": {"motion_lora": "zoom"}}, "motion_lora is not a name that is known here: zoom"),
        ({"extra_input": {"motion_lora": "zoom-in"}}, "Motion LoRAs were not made for mm_sd_v14"),
        ({"extra_input": {"width": 500}}, "width must be a multiple of 8, not 500."),
        ({"extra_input": {"num_frames": 1}}, "num_frames must be a whole number from 2 to 128, not 1."),
        ({"extra_input": {"output_format": "gif"}}, "output_format must be"),
        ({"extra_input": {"num_frames": 25}}, "mm_sd_v14 moves 24 frames at most, not 25: lower num_frames, or set"),
        ({"extra_input": {"num_frames": 40, "context_length": 32}}, "context_length can be 24 with mm_sd_v14, not 32"),
        (
            {"motion_module": "animatediff_lightning_4step"},
            "animatediff_lightning_4step was made for steps 4 and guidance_scale 1, not 25 and 7.5: set both so",
        ),
        (
            {"motion_module": "AnimateLCM", "steps": 8},
            "AnimateLCM was made for steps 4-10 and guidance_scale 1-2.5, not 8 and 7.5",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused_in_a_sentence_before_anything_is_loaded(fields, sentence):
    assert sentence in refusal(**fields)


def test_a_clip_beyond_the_table_of_positions_is_drawn_in_windows():
    plan = make_plan(AnimateDiffRequest(extra_input={"num_frames": 64, "context_length": 16}))
    assert (plan.num_frames, plan.window) == (64, 16)


def test_the_form_and_the_server_say_what_does_not_go_together():
    body = AnimateDiffRequest(motion_module="animatediff_lightning_2step", steps=2).body()
    [problem] = inputs_of("gpu").problems(body["input"])
    assert (problem.field, problem.code) == ("guidance_scale", "module_wants")
    assert list(inputs_of("gpu").problems({**body["input"], "guidance_scale": 1.0})) == []
    [only] = inputs_of("gpu").problems({**body["input"], "steps": 0})  # each value first
    assert only.field == "steps"
    with LocalServer(engine=DiffusersEngine()) as server:
        answer = requests.post(
            f"{server.base_url}/v1/predictions", json=body, headers={"Authorization": f"Bearer {server.token}"}
        )
    assert answer.status_code == 422
    [refused] = answer.json()["invalid_fields"]
    assert refused["field"] == "input.guidance_scale"
    assert "was made for steps 2 and guidance_scale 1, not 2 and 7.5" in refused["description"]


def test_other_places_take_any_motion_module():
    client = Client(Endpoint.builtin())
    client.inputs.check(AnimateDiffRequest(motion_module="animatediff_lightning_2step").body()["input"])


FOLDER = [
    f"{part}/{name}" for part in ("unet", "vae") for name in ("config.json", "diffusion_pytorch_model.safetensors")
]
FOLDER += ["text_encoder/config.json", "text_encoder/model.safetensors", "text_encoder/pytorch_model.bin"]
FOLDER += ["tokenizer/vocab.json", "tokenizer/merges.txt", "model_index.json", "safety_checker/model.safetensors"]


def test_no_more_files_are_fetched_than_are_needed():
    half = ["unet/diffusion_pytorch_model.fp16.safetensors", "v1-5-pruned.ckpt"]
    chosen = choose([*FOLDER, *half], "pipeline", half=True)
    assert chosen
    assert "unet/diffusion_pytorch_model.fp16.safetensors" in chosen
    assert "vae/diffusion_pytorch_model.safetensors" in chosen
    left = {"unet/diffusion_pytorch_model.safetensors", "text_encoder/pytorch_model.bin", "model_index.json"}
    assert set(FOLDER) - set(chosen) == left | {"safety_checker/model.safetensors"}
    assert choose([name for name in FOLDER if not name.startswith("vae/diff")], "pipeline") is None
    assert not [name for name in choose(FOLDER, "config") or [""] if "model." in name]
    assert choose(["config.json", "a.fp16.safetensors"], "adapter") is None
    assert choose(["a.bin"], "file", "a.bin") == ["a.bin"]
    assert choose(["a.bin"], "file", "b.bin") is None


def test_the_names_that_it_knows_are_suggested():
    inputs = inputs_of("gpu")
    assert {"mm_sd_v14", "v3_sd15_mm", "animatediff_lightning_4step", "AnimateLCM"} <= {
        *inputs["motion_module"].suggestions
    }
    assert "zoom-in" in inputs["motion_lora"].suggestions


def test_a_folder_is_not_searched_to_its_end(tmp_path, monkeypatch):
    (tmp_path / "unet" / "deep" / "deeper").mkdir(parents=True)
    looked, scan, listing = set(), os.scandir, os.listdir
    monkeypatch.setattr(os, "scandir", lambda path=".": looked.add(str(path)) or scan(path))
    monkeypatch.setattr(os, "listdir", lambda path=".": looked.add(str(path)) or listing(path))
    with pytest.raises(AnimateDiffError, match="has not all the files that are needed"):
        Finder(False, print, lambda: False).find(Weights(path=str(tmp_path)), "pipeline")
    assert looked <= {str(tmp_path), str(tmp_path / "unet")}


def test_a_torch_that_is_broken_is_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "diffusers.py").write_text("raise OSError('libcudart.so.12: cannot open shared object file')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "diffusers", raising=False)
    request = AnimateDiffRequest(extra_input={"output_format": "webp"})
    with pytest.raises(AnimateDiffError, match=r"cannot be loaded: libcudart\.so\.12: cannot open .*\. Install torch"):
        DiffusersEngine().run(request, seed=1, log=print, canceled=lambda: False, preview=None)
