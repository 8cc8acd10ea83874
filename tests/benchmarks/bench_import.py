"""What an import costs, each in a new interpreter: python tests/benchmarks/bench_import.py.

Rounds alternate, so that a busy machine is busy for all of them alike; the ratio is of the medians.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

ROUNDS = 25
CODES = {
    "a bare interpreter": "pass",
    "import animatediff_widget": "import animatediff_widget",
    "import ipywidgets, requests": "import ipywidgets, requests",
    "from animatediff_widget import AnimateDiffPanel": "from animatediff_widget import AnimateDiffPanel",
}


def seconds(code: str) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - begun


def main() -> None:
    times: dict[str, list[float]] = {name: [] for name in CODES}
    for name in CODES:  # fills the caches
        seconds(CODES[name])
    for _ in range(ROUNDS):
        for name, code in CODES.items():
            times[name].append(seconds(code))
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, value in medians.items():
        print(f"{value * 1000:7.1f} ms  {name}")
    bare, package, parts, panel = medians.values()
    print(f"{(package - bare) * 1000:7.1f} ms  the package over a bare interpreter (at most 40)")
    print(f"{panel / parts:7.3f}     the panel to its parts (at most 1.15)")


if __name__ == "__main__":
    main()
