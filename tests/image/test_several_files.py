"""An image in several files: read whole from any, and what is missing is said."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_sam.errors import ImageError
from napari_sam.image.companions import file_sets
from napari_sam.image.read import read_image
from tests.image.split_tiff import COMPANION, binary_only, write_split

FILM = np.random.default_rng(4).integers(1, 255, (3, 2, 16, 20), np.uint8)


@pytest.mark.parametrize("metadata", ["each", "first", "apart"])
def test_the_whole_image_is_read_from_any_of_its_files(tmp_path, metadata):
    for path in write_split(tmp_path, FILM, metadata):
        volume = read_image(path)
        assert volume.axes == "TZYX"
        assert volume.warnings == ()
        assert volume.scale[-1] == 0.25
        np.testing.assert_array_equal(np.asarray(volume.data[:]), FILM)


def test_the_metadata_file_stands_for_its_image(tmp_path):
    paths = write_split(tmp_path, FILM, "apart")
    volume = read_image(tmp_path / COMPANION)
    assert (volume.scale[-1], volume.warnings) == (0.25, ())
    np.testing.assert_array_equal(np.asarray(volume.data[:]), FILM)
    for path in paths:
        path.unlink()
    with pytest.raises(ImageError, match="names no file that is there"):
        read_image(tmp_path / COMPANION)


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"")])
@pytest.mark.parametrize("metadata", ["each", "apart"])
def test_planes_that_are_missing_are_counted_and_named(tmp_path, metadata, damage):
    paths = write_split(tmp_path, FILM, metadata)
    damage(paths[1])
    volume = read_image(paths[0])
    assert volume.warnings == (
        f"2 of 6 planes of {paths[0]} are missing and read as 0 (black): t 1 z 0, t 1 z 1; 1 file "
        "missing or damaged: t1.ome.tif",
    )
    expected = FILM * np.array([1, 0, 1], np.uint8)[:, None, None, None]
    np.testing.assert_array_equal(np.asarray(volume.data[:]), expected)


def test_planes_that_are_missing_in_the_only_file(tmp_path):
    path = tmp_path / "cut.ome.tif"
    tifffile.imwrite(path, FILM[0], metadata={"axes": "ZYX"}, photometric="minisblack")
    content = path.read_bytes()
    assert b'SizeZ="2"' in content
    path.write_bytes(content.replace(b'SizeZ="2"', b'SizeZ="9"'))
    assert read_image(path).warnings == (
        f"7 of 9 planes of {path} are missing and read as 0 (black): z 2, z 3, z 4, z 5, z 6 ...",
    )


def test_where_nothing_is_left_the_image_is_refused(tmp_path):
    paths = write_split(tmp_path, FILM)
    for path in paths:
        path.write_bytes(b"")
    with pytest.raises(ImageError, match="is not an image that can be read"):
        read_image(paths[0])


def test_a_file_without_its_metadata_file_is_read_alone(tmp_path):
    paths = write_split(tmp_path, FILM, "apart")
    (tmp_path / COMPANION).unlink()
    volume = read_image(paths[1])
    assert volume.label_shape == (2, 16, 20)
    (line,) = volume.warnings
    assert line.startswith(f"{paths[1]} is a file of an image whose metadata are in {COMPANION}")
    np.testing.assert_array_equal(np.asarray(volume.data[:]), FILM[1])


@pytest.mark.parametrize("metadata", ["each", "first", "apart"])
def test_the_files_of_an_image_are_a_set(tmp_path, metadata):
    paths = write_split(tmp_path, FILM, metadata)
    alone = tmp_path / "alone.tif"
    tifffile.imwrite(alone, FILM[0, 0])
    assert file_sets([alone, *paths]) == {alone: [], paths[0]: paths[1:]}
    assert file_sets([paths[2], alone, paths[1]]) == {paths[2]: [paths[1]], alone: []}


def test_a_copy_under_another_name_is_an_image_of_its_own(tmp_path):
    paths = write_split(tmp_path, FILM[:1])
    copy = tmp_path / "copy.ome.tif"
    copy.write_bytes(paths[0].read_bytes())
    assert file_sets([copy, paths[0]]) == {copy: [], paths[0]: []}


def test_a_file_that_names_itself_for_its_metadata(tmp_path):
    path = tmp_path / "loop.ome.tif"
    tifffile.imwrite(path, FILM[0, 0], description=binary_only(path.name, 1), metadata=None)
    assert read_image(path).label_shape == (16, 20)
    assert file_sets([path]) == {path: []}
