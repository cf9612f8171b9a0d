"""A file that holds several images: how many, which was taken, and how to choose another."""

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image

from napari_sam import Session
from napari_sam.errors import ImageError
from napari_sam.image.open import open_volume
from napari_sam.image.read import read_image
from tests.image.zarr_image import write_image
from tests.image.zarr_plate import write_plate

SMALL = np.arange(8 * 9, dtype=np.uint8).reshape(8, 9)
STACK = np.random.default_rng(5).integers(0, 255, (3, 20, 24), np.uint8)


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """An OME-TIFF of a thumbnail and a stack."""
    path = tmp_path / "two.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as tiff:
        tiff.write(SMALL, metadata={"axes": "YX", "Name": "thumbnail", "PhysicalSizeX": 9.0})
        metadata = {"axes": "ZYX", "Name": "stack", "PhysicalSizeX": 0.5}
        tiff.write(STACK, metadata=metadata, photometric="minisblack")
    return path


def collection(path: Path, version: str, names: list[str], listed: bool) -> Path:
    """A zarr as bioformats2raw writes it, of images with 4, 5 ... rows."""
    zarr_format = 2 if version == "0.4" else 3
    layout = {"bioformats2raw.layout": 3}
    attributes = layout if version == "0.4" else {"ome": {"version": version, **layout}}
    group = zarr.create_group(path, zarr_format=zarr_format, attributes=attributes)
    if listed:
        series = {"series": names}
        inner = series if version == "0.4" else {"ome": {"version": version, **series}}
        group.create_group("OME", attributes=inner)
    for i, name in enumerate(names):
        write_image(path / name, np.full((4 + i, 6), i, np.uint8), "yx", version)
    return path


def test_of_a_tiff_the_first_is_taken_and_said(two):
    volume = read_image(two)
    assert volume.label_shape == (8, 9)
    assert volume.scale == (1.0, 9.0)
    assert volume.warnings == (
        f"{two} holds 2 images, and the first 'thumbnail' is taken: choose another with --series "
        "(series=) from 0 'thumbnail', 1 'stack'",
    )


@pytest.mark.parametrize("series", [1, "1", "stack"])
def test_another_image_of_a_tiff_with_its_own_size(two, series):
    volume = read_image(two, series=series)
    assert volume.warnings == ()
    assert (volume.axes, volume.scale[-1]) == ("ZYX", 0.5)
    np.testing.assert_array_equal(np.asarray(volume.data[:]), STACK)
    assert volume.identity == f"{two}#1"
    assert volume.file is not None
    again = read_image(volume.file.path, axes=volume.file.axes, series=volume.file.series)
    np.testing.assert_array_equal(np.asarray(again.data[:]), STACK)


@pytest.mark.parametrize("series", [2, -1, "cells", ""])
def test_an_image_that_is_not_there(two, series):
    with pytest.raises(ImageError, match=r"choose from 0 'thumbnail', 1 'stack'$"):
        read_image(two, series=series)


def test_a_file_of_one_image_has_no_other(tmp_path):
    np.save(tmp_path / "a.npy", SMALL)
    assert read_image(tmp_path / "a.npy", series=0).warnings == ()
    with pytest.raises(ImageError, match=r"a\.npy has no series 1: choose from 0$"):
        read_image(tmp_path / "a.npy", series=1)
    with pytest.raises(ImageError, match="give the path of the file"):
        open_volume(SMALL, series=1)


def test_a_session_on_another_image_warns_of_nothing(two, tmp_path):
    session = Session.open(two, series="stack", cache_dir=False, device="cpu")
    assert session.volume.label_shape == STACK.shape
    assert session.warnings == []
    assert len(Session.open(two, cache_dir=False, device="cpu").warnings) == 1


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize(("names", "listed"), [(["0", "1"], False), (["a", "b"], True)])
def test_a_collection_of_bioformats2raw(tmp_path, version, names, listed):
    path = collection(tmp_path / "c.zarr", version, names, listed)
    first = read_image(path)
    assert first.label_shape == (4, 6)
    assert first.name == f"{path}/{names[0]}"
    assert first.scale == (0.1, 0.1)
    (line,) = first.warnings
    assert line.startswith(f"{path} holds 2 images, and the first {names[0]!r} is taken")
    for other in (read_image(path, series=names[1]), read_image(path, series=1)):
        assert (other.label_shape, other.warnings) == ((5, 6), ())
        assert other.identity == str(path / names[1])
    assert read_image(path / names[1]).label_shape == (5, 6)


def test_a_collection_of_one_image_is_that_image(tmp_path):
    path = collection(tmp_path / "c.zarr", "0.5", ["0"], listed=False)
    assert (read_image(path).label_shape, read_image(path).warnings) == ((4, 6), ())


def test_of_a_plate_an_image_has_to_be_chosen(tmp_path):
    wells = {"wells": [{"path": "A/1", "rowIndex": 0, "columnIndex": 0}]}
    group = zarr.create_group(tmp_path / "p.zarr", zarr_format=2, attributes={"plate": wells})
    well = {"well": {"images": [{"path": "0"}, {"path": "1"}]}}
    group.create_group("A/1", attributes=well)
    for i in range(2):
        write_image(tmp_path / f"p.zarr/A/1/{i}", SMALL + i, "yx", "0.4")
    with pytest.raises(ImageError, match=r"a plate of 1 wells: .* such as A/1/0$"):
        read_image(tmp_path / "p.zarr")
    volume = read_image(tmp_path / "p.zarr", series="A/1/1")
    np.testing.assert_array_equal(np.asarray(volume.data[:]), SMALL + 1)
    assert volume.name == str(tmp_path / "p.zarr/A/1/1")
    assert "holds 2 images" in read_image(tmp_path / "p.zarr/A/1").warnings[0]


def test_of_a_plate_with_missing_wells_an_image_that_is_there_is_named(tmp_path):
    path = write_plate(tmp_path / "p.zarr")
    shutil.rmtree(path / "A")
    with pytest.raises(ImageError, match=r"a plate of 2 wells: .* such as B/03/0$"):
        read_image(path)
    shutil.rmtree(path / "B")
    with pytest.raises(ImageError, match=r"is a plate without a well: check that it was copied"):
        read_image(path)


def test_any_member_of_a_group_can_be_chosen(tmp_path):
    group = zarr.create_group(tmp_path / "g.zarr")
    group.create_array("raw", data=STACK, dimension_names=["t", "y", "x"])
    with pytest.raises(ImageError, match=r"give the image inside it, with --series .*: raw$"):
        read_image(tmp_path / "g.zarr")
    assert read_image(tmp_path / "g.zarr", series="raw").axes == "TYX"
    assert read_image(tmp_path / "g.zarr/raw").axes == "TYX"


# --- zips ----------------------------------------------------------------------------------


def zipped(folder: Path, target: Path, root: str = "") -> Path:
    with zipfile.ZipFile(target, "w") as content:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                content.write(file, f"{root}{file.relative_to(folder).as_posix()}")
    shutil.rmtree(folder)
    return target


@pytest.mark.parametrize("name", ["a.ozx", "a.zarr.zip", "a.ome.zarr.ZIP"])
@pytest.mark.parametrize("root", ["", "a.zarr/"])
@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_a_zip_is_read_like_its_folder(tmp_path, name, root, version):
    write_image(tmp_path / "a", STACK, "zyx", version)
    volume = read_image(zipped(tmp_path / "a", tmp_path / name, root))
    assert (volume.axes, volume.scale) == ("ZYX", (0.5, 0.1, 0.1))
    np.testing.assert_array_equal(volume.read((1,), 2, 3, 5, 7)[..., 0], STACK[1, 2:5, 3:7])


def test_a_zip_that_macos_made_is_read(tmp_path):
    write_image(tmp_path / "a", STACK, "zyx", "0.5")
    path = zipped(tmp_path / "a", tmp_path / "a.zarr.zip", "a.zarr/")
    with zipfile.ZipFile(path, "a") as content:
        content.writestr("__MACOSX/a.zarr/._zarr.json", b"attributes of a file")
    np.testing.assert_array_equal(read_image(path).data[:], STACK)


def test_an_image_inside_a_zip(tmp_path):
    folder = collection(tmp_path / "c.zarr", "0.5", ["a", "b"], listed=True)
    path = zipped(folder, tmp_path / "c.ozx")
    for volume in (read_image(path, series="b"), read_image(path / "b")):
        assert volume.label_shape == (5, 6)
        assert volume.name == str(path / "b")
    assert "holds 2 images" in read_image(path).warnings[0]


def test_zips_that_hold_no_image(tmp_path):
    (tmp_path / "text.zip").write_bytes(b"not a zip")
    with zipfile.ZipFile(tmp_path / "letters.zip", "w") as content:
        content.writestr("letter.txt", "Dear")
    for name, words in (("text", "can be read"), ("letters", "a zip without a zarr")):
        with pytest.raises(ImageError, match=words):
            read_image(tmp_path / f"{name}.zip")
    with pytest.raises(ImageError, match="check the path"):
        read_image(tmp_path / "none.ozx")


def test_an_animation_holds_several_pictures(tmp_path):
    frames = [Image.fromarray(np.full((8, 9), value, np.uint8)) for value in (10, 200)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    first, second = read_image(tmp_path / "a.gif"), read_image(tmp_path / "a.gif", series=1)
    assert "holds 2 images, and the first is taken" in first.warnings[0]
    assert first.read((), 0, 0, 8, 9).max() == 10
    assert (second.warnings, second.read((), 0, 0, 8, 9).min()) == ((), 200)
