"""Probe for arithmetic in bfloat16, which makes the matrix products of some processors faster."""

import time

import torch

SPEED_UP = 1.5
"""Ratio of the times of a matrix product in float32 and bfloat16 above which a run uses bfloat16:
below, its conversions cost more than it gains."""
_SIDE, _ROUNDS = 768, 3


def uses_bfloat16(device: torch.device) -> bool:
    """Whether training on a device computes in bfloat16: always on CUDA, on a CPU if faster."""
    if device.type != "cpu":
        return device.type == "cuda"
    return _seconds(torch.float32) > SPEED_UP * _seconds(torch.bfloat16)


def _seconds(dtype: torch.dtype) -> float:
    """Shortest time of a few matrix products, the first of which is not counted."""
    factor = torch.ones(_SIDE, _SIDE, dtype=dtype)
    times = []
    for _ in range(1 + _ROUNDS):
        start = time.perf_counter()
        factor @ factor
        times.append(time.perf_counter() - start)
        if times[0] > 1:  # emulated, as in bfloat16 on processors without it
            return times[0]
    return min(times[1:])
