"""Reading of PyTorch and safetensors files without running code.

A PyTorch file is a Python pickle, which is a program. Only the subset that builds tensors, numbers,
texts and containers is run (``weights_only``), and a file that needs more is refused. Before that,
the layout on disk is checked, so that a small file cannot expand to a large one in memory.
"""

import argparse
import mmap
import pickle
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from napari_sam.document import parse_document
from napari_sam.errors import ModelError

CONFIG_KEY = "napari_sam.config"
"""Key, in the metadata of our safetensors files, of the header in JSON."""
_TORCH_ZIP = b"PK\x03\x04"
_TORCH_LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""First bytes of files of PyTorch before 1.6: a pickled magic number."""
_BOMB = b"bytearray"
"""Name of a type that a pickle could create at any size from one number. No weights need it."""

# Types of values that training scripts save beside the weights: numbers of numpy and options. They
# hold data and run no code; torch's own list of allowed types has no numpy.
_numpy_scalar: Any = np.float64(0).__reduce__()[0]
_HARMLESS: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [
    (_numpy_scalar, "numpy.core.multiarray.scalar"),  # before numpy 2
    (_numpy_scalar, "numpy._core.multiarray.scalar"),
    np.dtype,
    *(type(np.dtype(kind)) for kind in ("f2", "f4", "f8", "i4", "i8", "u1", "?")),
    argparse.Namespace,
]


def read_tensor_file(path: Path) -> tuple[object, str]:
    """Read a PyTorch or safetensors file to the CPU without running code.

    Parameters
    ----------
    path : Path
        Tensors of the current PyTorch format and of safetensors stay on disk until their first
        use, so the file may be replaced but not written to meanwhile.

    Returns
    -------
    object
        The saved value: containers of tensors, numbers and texts.
    str
        ``"zip"``, ``"legacy"`` or ``"safetensors"``.

    Raises
    ------
    ModelError
        If the file has another format, is damaged, needs to run code, or claims more data than
        it has bytes for.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(512)
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror or error})") from error
    if start.startswith(_TORCH_ZIP):
        _check_zip(path, size)
        return _load(path, size, mapped=True), "zip"
    if start.startswith(_TORCH_LEGACY):
        _check_legacy(path)
        return _load(path, size, mapped=False), "legacy"
    if start[8:9] == b"{":
        return _safetensors(path), "safetensors"
    raise ModelError(f"{path.name} holds no weights: {_what_it_is(start)}")


def _check_zip(path: Path, size: int) -> None:
    """Refuse compressed archives; PyTorch stores all entries uncompressed."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            packed = any(entry.compress_type != zipfile.ZIP_STORED for entry in entries)
            if packed or sum(entry.file_size for entry in entries) > size:
                raise _bomb(path)
            pickles = [entry for entry in entries if entry.filename.endswith(".pkl")]
            if any(_BOMB in archive.read(entry) for entry in pickles):
                raise _bomb(path)
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, EOFError, zlib.error) as error:
        raise _damaged(path) from error


def _check_legacy(path: Path) -> None:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content.find(_BOMB) >= 0:
            raise _bomb(path)


def _bomb(path: Path) -> ModelError:
    return ModelError(
        f"{path.name} unpacks to more than its size, as files of weights never do: do not use it, "
        "and download it again from its authors"
    )


def _load(path: Path, size: int, *, mapped: bool) -> object:
    try:
        with torch.serialization.safe_globals(_HARMLESS):
            loaded: object = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except pickle.UnpicklingError as error:
        raise _refused(path, str(error)) from error
    # a damaged or malicious pickle may raise any exception
    except Exception as error:
        raise _damaged(path) from error
    _check_tensors(path, list(_tensors(loaded)), size)
    return loaded


def _refused(path: Path, message: str) -> ModelError:
    needed = re.search(r"(?:GLOBAL|[Cc]lass|function) '?([\w.]+\.\w+)", message)
    if needed is None:
        return _damaged(path)
    return ModelError(
        f"{path.name} is refused: reading it would run code ({needed[1]}); ask for the tensors "
        "alone, as torch.save(model.state_dict(), ...) or micro-sam's export_custom_sam_model "
        "write them"
    )


def _tensors(loaded: object) -> Iterator[Tensor]:
    """Every reference to a tensor in nested, possibly cyclic, containers."""
    visited, stack = set(), [loaded]
    while stack:
        value = stack.pop()
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, Mapping | list | tuple) and id(value) not in visited:
            visited.add(id(value))
            stack.extend(value.values() if isinstance(value, Mapping) else value)


def _check_tensors(path: Path, tensors: list[Tensor], size: int) -> None:
    """Refuse tensors of unusual types, and views repeating a few bytes."""
    plain = (torch.Tensor, torch.nn.Parameter)
    for tensor in tensors:
        odd = type(tensor) not in plain or tensor.is_quantized or tensor.device.type != "cpu"
        if odd or tensor.layout is not torch.strided:
            raise ModelError(f"{path.name} holds tensors of a kind that no model here has")
    if sum(tensor.numel() * tensor.element_size() for tensor in tensors) > 2 * size:
        raise ModelError(
            f"{path.name} claims to hold more tensors than it has bytes for: do not use it, and "
            "download it again from its authors"
        )


def _safetensors(path: Path) -> dict[str, Tensor]:
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise _damaged(path) from error


def saved_config(path: Path) -> dict[str, Any] | None:
    """Read the header of a weights file of napari-sam.

    Parameters
    ----------
    path : Path
        File of any format.

    Returns
    -------
    dict or None
        For :func:`~napari_sam.weights.header.from_header`; None for a file of another origin.

    Raises
    ------
    ModelError
        If the file has a header that is no JSON object.
    """
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(CONFIG_KEY)
    except (SafetensorError, OSError, ValueError):
        return None
    return None if text is None else parse_document(dict[str, Any], text, path.name, ModelError)


def _what_it_is(start: bytes) -> str:
    text = start.lstrip().lower()
    if not start:
        return "it is empty; download it again"
    if text.startswith(b"<"):
        return "it is a web page, maybe one that asks for a login; download it again"
    if text.startswith(b"version https://git-lfs"):
        return "it is a pointer of Git LFS; get the file itself with git lfs pull"
    if text.startswith(b"\x80"):
        return "it is a Python pickle, which could run code; ask for a .safetensors file"
    return "it is neither a PyTorch nor a safetensors file"


def _damaged(path: Path) -> ModelError:
    return ModelError(
        f"{path.name} is damaged or was not transferred completely: download or copy it again"
    )
