"""Choice of the precision: a probe of the processor, remembered for each machine."""

import json
import os
import platform
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import torch

from napari_sam.document import parse_document
from napari_sam.errors import ModelError
from napari_sam.model.layers import product
from napari_sam.model.precision import Precision

from .store import default_root

AUTO = "auto"
REMEMBERED = "precision.json"
"""File in the folder of the weights: machine -> its faster precision."""

_ROWS, _WIDTH = 128, 256  # of the probe's product: a tenth of a millisecond in float32
_ROUNDS = 12
_FEWEST_ROUNDS = 4  # other programs interrupt a round, and the first one prepares the processor
_MUCH_SLOWER = 3.0  # times as long, at which the probe stops: some processors emulate bfloat16
_PAYS = 1.3  # times as fast, from which on bfloat16 is worth its rounding


@dataclass(frozen=True, slots=True)
class _Remembered:
    """Content of :data:`REMEMBERED`."""

    machines: dict[str, Precision] = field(default_factory=dict)


def choose_precisions(choice: str | None, device: str | torch.device) -> tuple[Precision, ...]:
    """Precisions that a model may use on a device, the preferred one first.

    Parameters
    ----------
    choice : {"fp32", "bf16", "auto"} or None
        None for the environment variable ``NAPARI_SAM_PRECISION``, or ``auto``.
    device : str or torch.device
        Device of the model.

    Returns
    -------
    tuple of Precision
        Two for ``auto`` where bfloat16 is faster: an image that has embeddings in float32 in the
        cache goes on with these.

    Raises
    ------
    ModelError
        For another choice.
    """
    chosen = checked_choice(choice)
    if chosen != AUTO:
        return (Precision(chosen),)
    if fastest_precision(str(device)) is Precision.FP32:
        return (Precision.FP32,)
    return (Precision.BF16, Precision.FP32)


def checked_choice(choice: str | None) -> str:
    """Choice of the user: ``fp32``, ``bf16`` or ``auto``; arguments as above."""
    chosen = choice or os.environ.get("NAPARI_SAM_PRECISION", "").strip() or AUTO
    if chosen not in (AUTO, *Precision):
        raise ModelError(f"{chosen!r} is not a precision: choose fp32, bf16 or auto")
    return chosen


@cache
def fastest_precision(device: str) -> Precision:
    """Faster precision on a device: remembered from an earlier run, or probed in milliseconds.

    Parameters
    ----------
    device : str
        As torch names it.
    """
    path, machine = default_root() / REMEMBERED, _machine(device)
    remembered = _read(path)
    if machine in remembered:
        return remembered[machine]
    probed = _probe(torch.device(device))
    _write(path, remembered | {machine: probed})
    return probed


def _machine(device: str) -> str:
    """Names of host, processor, torch and device: several machines may share a folder."""
    processor = platform.processor() or platform.machine()
    with suppress(OSError):  # only Linux has the file, and no processor in the line above
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        processor = next((line for line in lines if line.startswith("model name")), processor)
    return " | ".join((platform.node(), processor, torch.__version__, device))


def _probe(device: torch.device) -> Precision:
    """Measure a product in both precisions, in turns, each at its best of twelve."""
    try:
        with torch.inference_mode():
            factors = [torch.ones(n, _WIDTH, device=device) for n in (_ROWS, _WIDTH)]
            halves = [factor.to(torch.bfloat16) for factor in factors]
            slow = fast = float("inf")
            for finished in range(_ROUNDS):
                slow = min(slow, _seconds(lambda: product(*factors)))
                fast = min(fast, _seconds(lambda: product(*halves)))
                if finished >= _FEWEST_ROUNDS and fast > _MUCH_SLOWER * slow:
                    break
    except (RuntimeError, TypeError, NotImplementedError):  # a device without bfloat16
        return Precision.FP32
    return Precision.BF16 if slow > _PAYS * fast else Precision.FP32


def _seconds(multiply: Callable[[], torch.Tensor]) -> float:
    started = time.perf_counter()
    multiply()[0, 0].item()  # a GPU works on while nobody reads the result
    return time.perf_counter() - started


def _read(path: Path) -> dict[str, Precision]:
    with suppress(OSError, ModelError):  # a damaged file is written anew
        return parse_document(_Remembered, path.read_bytes(), path.name, ModelError).machines
    return {}


def _write(path: Path, machines: dict[str, Precision]) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with suppress(OSError):  # a folder that cannot be written: the next run probes again
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps({"machines": machines}, indent=1), encoding="utf-8")
        partial.replace(path)
