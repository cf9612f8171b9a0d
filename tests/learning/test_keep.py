"""Deltas are kept in files that are named by what is in them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_sam.errors import LearningError
from napari_sam.learning.keep import delta_hash, delta_path, keep, read_delta
from tests.learning.test_delta import delta_of
from tests.tiny import tiny_sam


def test_a_delta_comes_back_by_its_hash_and_is_written_once(tmp_path: Path) -> None:
    delta = delta_of(tiny_sam())
    folder = tmp_path / "not" / "there yet"
    digest = keep(delta, folder)
    path = delta_path(folder, digest)
    written = path.stat().st_mtime_ns
    assert keep(delta, folder) == digest == delta_hash(read_delta(folder, digest))
    assert path.stat().st_mtime_ns == written
    assert read_delta(folder, digest).origin == delta.origin
    assert [each.name for each in folder.iterdir()] == [path.name]


def test_other_values_or_another_origin_have_another_hash() -> None:
    delta = delta_of(tiny_sam())
    (name, values), *_ = delta.tensors.items()
    others = [
        replace(delta, tensors={name: values + np.float16(0.5)}),
        replace(delta, tensors={f"{name}2": values}),
        replace(delta, origin=replace(delta.origin, objects=6)),
    ]
    assert len({delta_hash(each) for each in (delta, *others)}) == 4


def test_a_file_with_another_content_is_refused(tmp_path: Path) -> None:
    delta = delta_of(tiny_sam())
    digest = keep(delta, tmp_path)
    replace(delta, origin=replace(delta.origin, objects=6)).save(delta_path(tmp_path, digest))
    with pytest.raises(LearningError, match="is damaged: learn again"):
        read_delta(tmp_path, digest)


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LearningError, match="cannot be made"):
        keep(delta_of(tiny_sam()), tmp_path / "file" / "folder")
