"""What is said of weights and of drawing on a GPU, in English."""

from __future__ import annotations

__all__ = ["WEIGHTS"]

WEIGHTS = {
    "weights_unknown": "{field} is not a name that is known here: {name}. Choose one of {names}, or give a file's or a "
    "folder's path, or a repository of huggingface.co as owner/name or owner/name/file.",
    "weights_no_file": "{field} names a file or folder that is not there: {path}. Give a path on the computer that "
    "draws, or a name of the list.",
    "weights_incomplete": "{path} has not all the files that are needed: {files}. Give a folder as diffusers writes "
    "it, or a single file of weights.",
    "weights_not_there": "huggingface.co has no {files} in {repository}, or shows it to nobody without an account "
    "({why}). Choose another one; nothing was drawn.",
    "weights_not_fetched": "{files} of huggingface.co/{repository} could not be fetched: {why}. The files that "
    "came whole are kept: run again. Without a network, fetch the files elsewhere and put them into {folder}.",
    "weights_no_room": "{files} of huggingface.co/{repository} could not be written: {why}. Make room, or set HF_HOME "
    "to a folder on a larger disk, then run again.",
    "weights_not_read": "{name} could not be read as what it should be: {why}. Choose another file, or fetch it again.",
    "module_does_not_fit": "The motion module {module} does not fit the checkpoint {checkpoint}: {why}. AnimateDiff's "
    "modules fit checkpoints of Stable Diffusion 1.5.",
    "module_wants": "{module} was made for steps {steps} and guidance_scale {guidance_scale}, not {given_steps} and "
    "{given_guidance_scale}: set both so, or choose another motion module.",
    "module_without_loras": "Motion LoRAs were not made for {module}: choose mm_sd_v15_v2, or leave motion_lora empty.",
    "clip_too_long": "{module} moves {positions} frames at most, not {value}: lower num_frames, or set context_length "
    "(16 is usual), which draws a longer clip in windows.",
    "window_too_long": "context_length can be {positions} with {module}, not {value}: lower it.",
    "not_a_multiple": "{name} must be a multiple of {block}, not {value}.",
    "gpu_missing": 'Drawing on this computer needs {package}: pip install "animatediff-widget[gpu]"',
    "gpu_not_loaded": "What draws on the GPU is installed, but cannot be loaded: {why}. Install torch again, as "
    'https://pytorch.org/get-started says, and then pip install "animatediff-widget[gpu]"',
    "gpu_no_device": "torch {torch} cannot use {device} here: {why}. Update the driver, or install the torch for it "
    '(https://pytorch.org/get-started). Endpoint.gpu("cpu") draws without a GPU, in many minutes a clip.',
    "gpu_no_dtype": "torch has no number type {dtype}: use float16, bfloat16 or float32.",
    "gpu_not_finite": "{module} gave numbers that are no picture, in {dtype}. Lower guidance_scale, choose another "
    "checkpoint, or draw in float32.",
    "gpu_out_of_memory": "There is not enough memory for {frames} frames of {width}x{height}. Lower num_frames, width "
    "or height, or set context_length lower; or close other programs that use the GPU.",
    "label_num_frames": "Frames",
    "help_num_frames": "How many frames the clip has: 16 is what the motion modules are best at.",
    "label_width": "Width",
    "help_width": "In pixels, a multiple of 8. Checkpoints of Stable Diffusion 1.5 are best near 512.",
    "label_height": "Height",
    "help_height": "In pixels, a multiple of 8. Checkpoints of Stable Diffusion 1.5 are best near 512.",
    "label_fps": "Frames per second",
    "help_fps": "How quickly the clip plays; 8 is usual.",
    "label_motion_lora": "Motion LoRA",
    "help_motion_lora": "A movement of the camera: zoom-in, zoom-out, pan-left, pan-right, tilt-up, tilt-down, "
    "rolling-clockwise or rolling-anticlockwise; or a file's path, or owner/name at huggingface.co. Empty: none.",
    "label_motion_lora_scale": "Motion LoRA's weight",
    "help_motion_lora_scale": "How strongly the motion LoRA works; 1 is usual, 0 is not at all.",
    "label_context_length": "Frames in a window",
    "help_context_length": "Draws a clip of more frames than this in windows of so many, with FreeNoise: it is needed "
    "for more than 24 frames (mm_sd_v14, mm_sd_v15) or 32. Empty: all frames together.",
}
