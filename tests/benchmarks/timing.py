"""Timing side by side: interleaved rounds, medians, paired ratios.

On a busy machine a time says little, but two calls made one right after the other share the
disturbance: so every round times all candidates in turn, and a ratio is the median of the ratios
within the rounds. The clock counts the processor time of this process, all of its threads: on an
idle machine that is the time that passes, on a busy one what others take does not count. One
thread for BLAS, set before NumPy is imported.
"""

from __future__ import annotations

import gc
import math
import os
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")


clock = time.process_time


@dataclass
class Timing:
    """Seconds per call: for each candidate, one number for each round."""

    samples: dict[str, list[float]]

    @property
    def median(self) -> dict[str, float]:
        return {name: statistics.median(times) for name, times in self.samples.items()}

    def ratio(self, one: str, other: str) -> float:
        """Median over the rounds of the time of one candidate divided by that of another."""
        pairs = zip(self.samples[one], self.samples[other], strict=True)
        return statistics.median(a / b for a, b in pairs)


def medians(
    calls: dict[str, Callable[[], Any]], rounds: int = 15, at_least: float = 2e-3
) -> Timing:
    """Time each of the calls in every round, repeated until it lasts ``at_least`` seconds."""
    repeats = {}
    for name, call in calls.items():
        call()
        call()
        start = clock()
        call()
        repeats[name] = max(1, math.ceil(at_least / (clock() - start + 1e-9)))
    samples: dict[str, list[float]] = {name: [] for name in calls}
    collecting = gc.isenabled()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, call in calls.items():
                count = repeats[name]
                start = clock()
                for _ in range(count):
                    call()
                samples[name].append((clock() - start) / count)
    finally:
        if collecting:
            gc.enable()
    return Timing(samples)


def geometric_mean(values: Iterable[float]) -> float:
    return math.exp(statistics.fmean(math.log(v) for v in values))
