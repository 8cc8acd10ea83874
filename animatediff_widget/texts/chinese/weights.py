"""What is said of weights and of drawing on a GPU, in Chinese."""

from __future__ import annotations

__all__ = ["WEIGHTS"]

WEIGHTS = {
    "weights_unknown": "这里不认识 {field} 的这个名称：{name}。请从 {names} 中选择，或填写文件或文件夹的路径，"
    "或 huggingface.co 的仓库（owner/name 或 owner/name/file）。",
    "weights_no_file": "{field} 指定的文件或文件夹不存在：{path}。请填写负责生成的电脑上的路径，或列表中的名称。",
    "weights_incomplete": "{path} 中缺少需要的文件：{files}。请给出 diffusers 写出的文件夹，或单个权重文件。",
    "weights_not_there": "huggingface.co 的 {repository} 中没有 {files}，或者没有账号不能查看（{why}）。"
    "请选择其他的；没有生成任何内容。",
    "weights_not_fetched": "未能下载 huggingface.co/{repository} 的 {files}：{why}。已完整下载的文件保留："
    "请再次运行。没有网络时，请在别处下载这些文件，放入 {folder}。",
    "weights_no_room": "未能写入 huggingface.co/{repository} 的 {files}：{why}。请腾出空间，或把 HF_HOME "
    "设为更大的磁盘上的文件夹，然后再次运行。",
    "weights_not_read": "{name} 不能作为所需的权重读取：{why}。请选择其他文件，或重新下载。",
    "module_does_not_fit": "运动模块 {module} 与底模 {checkpoint} 不匹配：{why}。AnimateDiff 的模块适用于 "
    "Stable Diffusion 1.5 的底模。",
    "module_wants": "{module} 适用于 steps {steps}、guidance_scale {guidance_scale}，不能是 {given_steps} 和 "
    "{given_guidance_scale}：请两项都照此设置，或选择其他运动模块。",
    "module_without_loras": "运动 LoRA 不适用于 {module}：请选择 mm_sd_v15_v2，或将 motion_lora 留空。",
    "clip_too_long": "{module} 最多 {positions} 帧，不能是 {value}：请减小 num_frames，或设置 context_length"
    "（通常为 16），以分窗口生成更长的动画。",
    "window_too_long": "使用 {module} 时 context_length 最大为 {positions}，不能是 {value}：请减小。",
    "not_a_multiple": "{name} 必须是 {block} 的倍数，不能是 {value}。",
    "gpu_missing": '在本机生成需要 {package}：pip install "animatediff-widget[gpu]"',
    "gpu_not_loaded": "在 GPU 上生成所需的包已安装，但无法加载：{why}。请按 https://pytorch.org/get-started 的说明"
    '重新安装 torch，然后运行 pip install "animatediff-widget[gpu]"',
    "gpu_no_device": "torch {torch} 在这里不能使用 {device}：{why}。请更新驱动，或安装与它匹配的 torch"
    '（https://pytorch.org/get-started）。Endpoint.gpu("cpu") 不用 GPU 生成，一段动画要很多分钟。',
    "gpu_no_dtype": "torch 没有数值类型 {dtype}：请使用 float16、bfloat16 或 float32。",
    "gpu_not_finite": "{module} 在 {dtype} 下给出的数值不能成为图像。请降低 guidance_scale，换一个底模，"
    "或使用 float32。",
    "gpu_out_of_memory": "内存不足以生成 {frames} 帧 {width}x{height}。请减小 num_frames、width 或 height，"
    "或减小 context_length；或关闭其他使用 GPU 的程序。",
    "label_num_frames": "帧数",
    "help_num_frames": "动画有多少帧：运动模块最擅长 16 帧。",
    "label_width": "宽度",
    "help_width": "以像素计，8 的倍数。Stable Diffusion 1.5 的底模在 512 附近效果最好。",
    "label_height": "高度",
    "help_height": "以像素计，8 的倍数。Stable Diffusion 1.5 的底模在 512 附近效果最好。",
    "label_fps": "每秒帧数",
    "help_fps": "动画播放的快慢；通常为 8。",
    "label_motion_lora": "运动 LoRA",
    "help_motion_lora": "镜头的运动：zoom-in、zoom-out、pan-left、pan-right、tilt-up、tilt-down、"
    "rolling-clockwise 或 rolling-anticlockwise；也可以是文件路径，或 huggingface.co 的 owner/name。留空为不使用。",
    "label_motion_lora_scale": "运动 LoRA 的权重",
    "help_motion_lora_scale": "运动 LoRA 的强度；通常为 1，0 为不起作用。",
    "label_context_length": "窗口帧数",
    "help_context_length": "帧数更多的动画按这么多帧的窗口生成（FreeNoise）：超过 24 帧（mm_sd_v14、mm_sd_v15）"
    "或 32 帧时需要。留空为所有帧一起生成。",
}
