"""What a server said about a job: one immutable snapshot, read tolerantly."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from animatediff_widget.texts.plain import printable

from .status import DONE_STATUSES

__all__ = ["Prediction", "read_predict_time", "read_seed", "read_time"]

# A tqdm line: " 48%|████▊     | 12/25 [00:06<00:06,  1.93it/s]". Every repeat is bounded, so that no log, however
# hostile, is read more than once.
_BAR = re.compile(
    r"\d{1,3}%\|[^|\r\n]{0,400}\|\s{0,4}(?P<step>\d{1,9})/(?P<total>\d{1,9})\s{1,4}\[[^\]\r\n]{0,80}?"
    r"(?:,\s{0,8}(?P<rate>\d{1,9}(?:\.\d{1,9})?)(?P<unit>it/s|s/it))?\]"
)
# The same of a download: " 45%|████▌     | 1.03G/2.30G [00:20<00:25, 50.2MB/s]".
_FETCHED = re.compile(
    r"\d{1,3}%\|[^|\r\n]{0,120}\|\s{0,4}(\d[\d.]{0,5}[kMGT]?)B?/(\d[\d.]{0,5}[kMGT])B?\s{1,4}\[[^\]\r\n]{0,80}B/s\]"
)
_SEED = re.compile(r"Using seed:\s{0,4}(-?\d{1,20})")
# How many characters of a server's texts are kept, of a longer one the beginning and the end; `raw` has it whole.
_LONGEST = {"status": 100, "error": 10_000, "logs": 200_000}
_LONGEST_URL = 8_000
_FILE = re.compile(r"https?:|data:|/", re.IGNORECASE)  # beside the files, some models put text into their output
_MOST_OUTPUTS = 100
_LONGEST_BAR = 1000  # of a line without an end, so much is read again
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?")


@dataclass(frozen=True)
class LogReading:
    """What was found in a log so far, and where to go on."""

    position: int = 0
    last_line: str = ""
    step: int | None = None
    total: int | None = None
    rate: float | None = None
    seed: int | None = None

    def read_on(self, log: str) -> LogReading:
        """Read what `log` has beyond this reading; start anew where it is another log."""
        known = self
        if len(log) < self.position or not log.startswith(self.last_line, self.position):
            known = LogReading()
        fresh = log[known.position :]
        step, total, rate, seed = known.step, known.total, known.rate, known.seed
        for found in _BAR.finditer(fresh):
            step, total = int(found["step"]), int(found["total"])
            rate = float(found["rate"]) if found["rate"] else None
            if rate and found["unit"] == "s/it":
                rate = 1 / rate
        for found in _SEED.finditer(fresh):
            seed = int(found[1])
        # The last line may be unfinished: it is read again next time.
        start = max(fresh.rfind("\n") + 1, fresh.rfind("\r") + 1, len(fresh) - _LONGEST_BAR)
        return LogReading(known.position + start, fresh[start:][:200], step, total, rate, seed)


@dataclass(frozen=True)
class Prediction:
    """One snapshot of a job, as the server told it.

    Parameters
    ----------
    id : str or None
        The job's id; None when the answer had none.
    status : str
        ``starting``, ``processing``, ``succeeded``, ``failed``, ``canceled``, ``aborted``, or whatever else the server
        says, as it is; empty when it said nothing.
    step, total : int or None
        The last progress bar in the log: step `step` of `total`.
    rate : float or None
        Steps per second by that bar.
    seed : int or None
        The seed that the log names, or else the one in the input.
    outputs : tuple of str
        Urls (or data URIs) of what was made.
    error : str or None
        The model's own error text.
    logs : str
        The log so far; of one that is longer than 200,000 characters the beginning and the end.
    raw : dict
        The JSON exactly as it came. It is shared, not copied: do not change it.
    reading : LogReading
        Where the next snapshot reads on in the log.
    """

    id: str | None
    status: str
    step: int | None
    total: int | None
    rate: float | None
    seed: int | None
    outputs: tuple[str, ...]
    error: str | None
    logs: str = field(repr=False)
    raw: dict[str, Any] = field(repr=False, hash=False)
    reading: LogReading = field(repr=False, compare=False)

    @classmethod
    def from_json(cls, obj: Any, previous: Prediction | None = None) -> Prediction:
        """Read a server's answer; never raises: what cannot be understood is left out, and stays in `raw`.

        Parameters
        ----------
        obj : object
            The parsed JSON. Keys may be missing, null, extra or of the wrong type; no object reads as ``{}``.
        previous : Prediction, optional
            The snapshot before this one of the same job: its log is not read again.
        """
        raw = obj if isinstance(obj, dict) else {}
        logs = raw["logs"] if isinstance(raw.get("logs"), str) else ""
        reading = (previous.reading if isinstance(previous, Prediction) else LogReading()).read_on(logs)
        seed = reading.seed
        if seed is None and isinstance(raw.get("input"), dict):
            given = raw["input"].get("seed")
            seed = given if isinstance(given, int) and not isinstance(given, bool) and abs(given) < 2**63 else None
        return cls(
            id=_id(raw.get("id")),
            status=_bounded("status", raw.get("status")),
            step=reading.step,
            total=reading.total,
            rate=reading.rate,
            seed=seed,
            outputs=tuple(_urls(raw.get("output"))),
            error=_error(raw.get("error")),
            logs=_bounded("logs", logs),
            raw=raw,
            reading=reading,
        )

    @property
    def done(self) -> bool:
        """Whether the job has ended, one way or another."""
        return self.status in DONE_STATUSES

    @property
    def progress(self) -> float | None:
        """How far the job is, 0.0 to 1.0, by the last progress bar in the log; 1.0 once it succeeded."""
        if self.status == "succeeded":
            return 1.0
        if self.step is None or not self.total:
            return None
        return min(self.step / self.total, 1.0)

    @property
    def fetching(self) -> tuple[str, str] | None:
        """How much of how much is downloaded, such as ``("1.03G", "2.30G")`` bytes, where the log ends with that."""
        found = _FETCHED.search(self.reading.last_line)
        return (found[1], found[2]) if found and not self.done else None

    @property
    def eta(self) -> float | None:
        """How long the last progress bar still takes at its own rate, in seconds; 0.0 once the job has ended."""
        if self.done:
            return 0.0
        if self.step is None or not self.total or not self.rate:
            return None
        return max(self.total - self.step, 0) / self.rate

    @property
    def created_at(self) -> float | None:
        """When the server says that it made the job, in seconds since the epoch."""
        return read_time(self.raw.get("created_at"))

    @property
    def completed_at(self) -> float | None:
        """When the server says that the job ended, in seconds since the epoch."""
        return read_time(self.raw.get("completed_at"))

    @property
    def preview(self) -> str | None:
        """The url of the first frame as it stands: of a job that runs at one of our own servers, and asked for it."""
        urls = self.raw.get("urls")
        url = urls.get("preview") if isinstance(urls, dict) else None
        return url if isinstance(url, str) and len(url) <= _LONGEST_URL and url.isprintable() else None

    @property
    def predict_time(self) -> float | None:
        """How long the model ran, in seconds, as the server says; it is what is paid for."""
        return read_predict_time(self.raw)


def read_predict_time(raw: dict[str, Any]) -> float | None:
    """Read of a server's answer how long the model ran."""
    metrics = raw.get("metrics")
    seconds = metrics.get("predict_time") if isinstance(metrics, dict) else None
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or not 0 <= seconds < 2**31:
        return None
    return float(seconds)


def read_seed(raw: dict[str, Any]) -> int | None:
    """Read of a server's last answer which seed its log names; much quicker than reading all of the log."""
    logs = raw.get("logs")
    found = _SEED.findall(logs) if isinstance(logs, str) else None
    return int(found[-1]) if found else None


def _bounded(name: str, value: Any) -> str:
    """Give text that can be shown anywhere, whatever a server sent."""
    if not isinstance(value, str):
        return ""
    most = _LONGEST[name]
    if len(value) > most:
        value = f"{value[: most // 2]} … {value[-most // 2 :]}"
    return printable(value, keep="\r")


def read_time(value: Any) -> float | None:
    """Read an ISO 8601 time; `datetime.fromisoformat` of Python 3.10 does not know "Z" or fractions of any length."""
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    zone = "+00:00" if found[3] in (None, "Z") else found[3]
    try:
        return datetime.fromisoformat(found[1] + zone).timestamp() + float(found[2] or 0)
    except (ValueError, OverflowError):
        return None


def _id(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**64:
        return str(value)
    # An id of dots alone would climb in a url's path; one that long, or with control characters, is not an id.
    sound = isinstance(value, str) and value.strip(". ") and len(value) <= 256 and value.isprintable()
    return value if sound else None


def _error(value: Any) -> str | None:
    if value is None or (isinstance(value, str) and not value):
        return None
    if isinstance(value, dict):
        value = next((value[key] for key in ("message", "detail", "title") if isinstance(value.get(key), str)), value)
    try:
        return _bounded("error", value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    except Exception:  # too deep, or no JSON
        return "an error that cannot be shown"


def _urls(output: Any) -> list[str]:
    """List the urls in an output: one string, a list of them, or an object of them, such as can be real."""
    items = list(output.values()) if isinstance(output, dict) else output if isinstance(output, list) else [output]
    urls = [item for item in items if isinstance(item, str) and item and _may_be_url(item)]
    files = [url for url in urls if _FILE.match(url)]
    return (files or urls[:1])[:_MOST_OUTPUTS]


def _may_be_url(text: str) -> bool:
    return (len(text) <= _LONGEST_URL or text[:5].lower() == "data:") and text.isprintable()
