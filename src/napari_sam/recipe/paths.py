"""Paths: files of a recipe, named relative to the folder of the recipe."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from napari_sam.file_names import printable

from .inputs import FileRecord

T = TypeVar("T")


def relative_to(record: T, folder: Path) -> T:
    """A copy of a record with all paths relative to a folder, as far as drives allow."""
    return with_files(record, lambda file: replace(file, path=_relative(file.path, folder)))


def resolved(record: T, folder: Path) -> T:
    """A copy of a record with the paths of a recipe in a folder as this process sees them."""
    return with_files(record, lambda file: replace(file, path=_absolute(file.path, folder)))


def with_files(record: T, change: Callable[[FileRecord], FileRecord]) -> T:
    """A copy of a record with the result of `change` in place of each FileRecord, at any depth."""
    if isinstance(record, FileRecord):
        return change(record)  # type: ignore[return-value]
    if isinstance(record, tuple):
        return tuple(with_files(item, change) for item in record)  # type: ignore[return-value]
    if not is_dataclass(record) or isinstance(record, type):
        return record
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    changed = {name: with_files(value, change) for name, value in values.items()}
    return replace(record, **changed)


def files_of(record: Any) -> Iterator[FileRecord]:
    """Yield each FileRecord in a record, at any depth."""
    if isinstance(record, FileRecord):
        yield record
    elif isinstance(record, tuple):
        for item in record:
            yield from files_of(item)
    elif is_dataclass(record):
        for field in fields(record):
            yield from files_of(getattr(record, field.name))


def _relative(path: str, folder: Path) -> str:
    if not path or "://" in path:
        return path
    full = os.path.join(os.path.realpath(os.path.dirname(path) or "."), os.path.basename(path))
    with suppress(ValueError):  # another drive of Windows
        full = os.path.relpath(full, folder)
    return printable(full.replace(os.sep, "/"))


def _absolute(path: str, folder: Path) -> str:
    if not path or "://" in path:
        return path
    return os.path.normpath(folder / path)
