"""Every text that a person meets in the panel and while a job runs, in English and in Simplified Chinese.

Only the fields' English labels and help are not here: they stand in the request model, once. Sentences about errors are
part of the errors, in English.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from traitlets import TraitType

from .errors import AnimateDiffError

__all__ = ["LANGUAGES", "TEXTS", "field_help", "field_label"]

_ENGLISH = {
    "run": "Run",
    "cancel": "Cancel",
    "run_help": "Post the job and follow it to its end",
    "cancel_help": "Stop the job at the endpoint",
    "random": "Random",
    "random_help": "Draw a new seed for every run",
    "dice": "New",
    "dice_help": "Draw a seed and keep it",
    "endpoint": "Run on",
    "builtin": "Pocket model (drawn world, offline, free)",
    "replicate": "Replicate",
    "relay": "A relay",
    "base_url": "Base url",
    "base_url_example": "https://relay.example",
    "key": "Key",
    "key_placeholder": "Paste it here; it is not saved in the notebook",
    "key_found": "A key for it is at hand.",
    "key_kept": "The key is kept in memory until the kernel stops, and nowhere else.",
    "key_missing": "Replicate needs a key: paste it into the key field, or set REPLICATE_API_TOKEN.",
    "url_missing": "Give the relay's base url first.",
    "advanced": "Advanced",
    "correct_first": "Not sent. Correct this first: ",
    "not_json": "{label} is not JSON ({why}); the value before it is kept.",
    "not_object": '{label} must be a JSON object, such as {{"scheduler": "DDIM"}}; the value before it is kept.',
    "ready": "Ready",
    "tab_animation": "Animation",
    "tab_json": "JSON",
    "tab_logs": "Logs",
    "tab_request": "Request",
    "tab_history": "History",
    "no_history": "What you make is listed here.",
    "older": "Older",
    "show": "Show",
    "history_gone": "The file of this animation is gone.",
    "unfinished": "A job of an earlier session is not finished: “{prompt}”, seed {seed}.",
    "unseen": "A job of an earlier session finished when nobody looked: “{prompt}”, seed {seed}.",
    "and_more": "({count} more after it.)",
    "pick_up": "Pick it up",
    "pick_up_help": "Follow it to its end; nothing is posted, nothing is paid again",
    "not_now": "Not now",
    "nothing_yet": "Press Run, and the animation plays here.",
    "drawing": "Drawing",
    "no_json": "The endpoint's answer appears here, exactly as it comes.",
    "no_logs": "The model's log appears here.",
    "save": "Save",
    "save_as": "Save as",
    "save_help": "The suffix chooses the format: .webp, .gif, .png, .mp4",
    "saved": "Saved to {path}",
    "name_missing": "Give a file name first.",
    "save_json": "Save JSON",
    "use_seed": "Use this seed",
    "seed_used": "Seed {seed} is set.",
    "kept": "Kept at {path}",
    "recipe": "Seed {seed} · {steps} steps · guidance {guidance} · {checkpoint} · {motion}",
    "as": "Show as",
    "seed_later": "The seed is random: one is drawn when you press Run, sent with the job, and recorded.",
    "copy": "Copy",
    "copied": "Copied",
    "too_big": "{size} of JSON: too much to copy from the page. Save JSON writes all of it to a file.",
    "more": "{count} more",
    "characters": "{count} characters",
    "given_up": "Interrupted twice: the job is no longer waited for, and is canceled in the background.",
    "to_stop": "To stop a job: the notebook's stop button or its interrupt key (Ctrl+M I in Colab).",
    "to_stop_or_cancel": "To stop a job: Cancel, the notebook's stop button or its interrupt key (Ctrl+M I in Colab).",
    "needs_kernel": "The panel needs a kernel: run this cell to get it back.",
    "closed": "This panel is closed; make a new one.",
    "state_new": "Ready",
    "state_submitting": "Sending",
    "state_downloading": "Fetching the animation",
    "state_succeeded": "Done",
    "state_failed": "Failed",
    "state_canceled": "Canceled",
    "state_accepted": "Accepted",
    "state_unknown": "Unknown",
    "state_left": "Left",
    "status_starting": "Starting",
    "status_processing": "Processing",
    "status_accepted": "Accepted",
    "step_of": "step {step} of {total}",
    "time_left": "about {time} left",
    "seconds": "{seconds} s",
    "minutes": "{minutes} min {seconds:02d} s",
}

_CHINESE = {
    "run": "运行",
    "run_help": "提交任务，并跟踪到结束",
    "cancel": "取消",
    "cancel_help": "让服务端停止这个任务",
    "random": "随机",
    "random_help": "每次运行都抽取新的种子",
    "dice": "换一个",
    "dice_help": "抽取一个种子并固定下来",
    "endpoint": "运行位置",
    "builtin": "口袋模型（手绘世界，离线，免费）",
    "replicate": "Replicate",
    "relay": "中转服务",
    "base_url": "服务地址",
    "base_url_example": "https://relay.example",
    "key": "密钥",
    "key_placeholder": "粘贴到这里；不会保存在笔记本里",
    "key_found": "已找到密钥。",
    "key_kept": "密钥只保存在内存里，内核停止后即消失。",
    "key_missing": "Replicate 需要密钥：请粘贴到密钥栏，或设置 REPLICATE_API_TOKEN。",
    "url_missing": "请先填写中转服务的地址。",
    "advanced": "高级",
    "correct_first": "未发送。请先改正：",
    "not_json": "{label}不是 JSON（{why}）；保留原来的值。",
    "not_object": '{label}必须是 JSON 对象，例如 {{"scheduler": "DDIM"}}；保留原来的值。',
    "ready": "就绪",
    "tab_animation": "动画",
    "tab_json": "JSON",
    "tab_logs": "日志",
    "tab_request": "请求",
    "tab_history": "历史",
    "nothing_yet": "点击“运行”，动画会在这里播放。",
    "drawing": "正在绘制",
    "no_json": "服务端的回答会原样显示在这里。",
    "no_logs": "模型的日志会显示在这里。",
    "no_history": "做好的动画会列在这里。",
    "save": "保存",
    "save_as": "另存为",
    "save_help": "后缀决定格式：.webp、.gif、.png、.mp4",
    "saved": "已保存到 {path}",
    "name_missing": "请先填写文件名。",
    "save_json": "保存 JSON",
    "use_seed": "使用这个种子",
    "seed_used": "已设置种子 {seed}。",
    "kept": "保存在 {path}",
    "recipe": "种子 {seed} · {steps} 步 · 引导强度 {guidance} · {checkpoint} · {motion}",
    "as": "显示为",
    "seed_later": "种子为随机：点击“运行”时抽取，随任务发送并记录下来。",
    "copy": "复制",
    "copied": "已复制",
    "too_big": "JSON 有 {size}，太大，无法从页面复制。“保存 JSON”会把全部内容写入文件。",
    "more": "还有 {count} 项",
    "characters": "{count} 个字符",
    "older": "更早的",
    "show": "显示",
    "history_gone": "这个动画的文件已不在了。",
    "unfinished": "上次会话有一个任务还没完成：“{prompt}”，种子 {seed}。",
    "unseen": "上次会话有一个任务已完成，但还没看过：“{prompt}”，种子 {seed}。",
    "and_more": "（后面还有 {count} 个。）",
    "pick_up": "接着完成",
    "pick_up_help": "跟踪它直到结束；不会重新提交，也不会再次付费",
    "not_now": "以后再说",
    "given_up": "已中断两次：不再等待这个任务，正在后台取消它。",
    "to_stop": "要停止任务：点笔记本的停止按钮，或按中断键（Colab 里是 Ctrl+M I）。",
    "to_stop_or_cancel": "要停止任务：点“取消”或笔记本的停止按钮，或按中断键（Colab 里是 Ctrl+M I）。",
    "needs_kernel": "面板需要内核：运行这个单元，它就回来。",
    "closed": "这个面板已关闭，请新建一个。",
    "state_new": "就绪",
    "state_submitting": "正在发送",
    "state_downloading": "正在取回动画",
    "state_succeeded": "完成",
    "state_failed": "失败",
    "state_canceled": "已取消",
    "state_accepted": "已接受",
    "state_unknown": "情况不明",
    "state_left": "已停止等待",
    "status_starting": "正在启动",
    "status_processing": "正在处理",
    "status_accepted": "已接受",
    "step_of": "第 {step} 步，共 {total} 步",
    "time_left": "大约还需 {time}",
    "seconds": "{seconds} 秒",
    "minutes": "{minutes} 分 {seconds:02d} 秒",
    "label_prompt": "提示词",
    "help_prompt": "想看到什么：词语或短语，用逗号分隔。",
    "label_n_prompt": "反向提示词",
    "help_n_prompt": "不想看到什么，写法相同。",
    "label_path": "模型检查点",
    "help_path": "检查点决定画风。从列表中选，或自己输入。",
    "label_motion_module": "运动模块",
    "help_motion_module": "运动模块决定怎样动。从列表中选，或自己输入。",
    "label_steps": "步数",
    "help_steps": "去噪步数，1 到 100：越多越清晰，也越慢；通常用 25。",
    "label_guidance_scale": "引导强度",
    "help_guidance_scale": "遵循提示词的程度，1 到 10；通常用 7.5。",
    "label_seed": "种子",
    "help_seed": "种子和设置相同，动画就相同。0 到 2147483647；很多版本把 0 当作随机。",
    "label_version": "版本",
    "help_version": "模型版本：64 位十六进制编号、owner/name:编号，或 owner/name。",
    "label_extra_input": "附加 input 字段",
    "help_extra_input": "其他 JSON 字段，合并到 input 里。",
    "label_extra_body": "附加 body 字段",
    "help_extra_body": "其他 JSON 字段，与 version 和 input 并列。",
}

LANGUAGES: dict[str, dict[str, str]] = {"en": _ENGLISH, "zh": _CHINESE}
"""The texts by language, each by the same names; Chinese has the fields' labels and help besides."""


class _Texts(Mapping[str, str]):
    """The texts in the language of this process: the one that was chosen, else the environment's."""

    def __init__(self) -> None:
        self._table: dict[str, str] | None = None

    def use(self, language: str | None) -> None:
        """Choose the language, for everything that is written from now on.

        Parameters
        ----------
        language : str or None
            ``"en"``, ``"zh"``, or a locale such as ``"zh_CN.UTF-8"``; None for the environment's.

        Raises
        ------
        AnimateDiffError
            When there are no texts in that language.
        """
        short = _environment() if language is None else language.replace("-", "_").partition("_")[0].lower()
        if short not in LANGUAGES:
            raise AnimateDiffError(f"There are no texts in {language!r}; choose one of {', '.join(LANGUAGES)}.")
        self._table = LANGUAGES[short]

    def __getitem__(self, name: str) -> str:
        if self._table is None:
            self.use(None)
            assert self._table is not None
        return self._table[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_ENGLISH)

    def __len__(self) -> int:
        return len(_ENGLISH)


def _environment() -> str:
    """Give the language of the environment, in the order of gettext; English where there are no texts in it."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            short = value.replace("-", "_").replace(":", "_").partition("_")[0].lower()
            return short if short in LANGUAGES else "en"
    return "en"


TEXTS = _Texts()


def field_label(name: str, trait: TraitType[object, object]) -> str:
    """Give a field's label in the language in use.

    Parameters
    ----------
    name : str
        The field's name.
    trait : traitlets.TraitType
        The field, as the request model declares it.
    """
    return TEXTS.get(f"label_{name}", str(trait.metadata["label"]))


def field_help(name: str, trait: TraitType[object, object]) -> str:
    """Give a field's help in the language in use; parameters as for `field_label`."""
    return TEXTS.get(f"help_{name}", trait.help)
