"""Files as microscopes write them: pixels, axes, sizes and names, one region at a time."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from pylibCZIrw import czi

from napari_sam import Session
from napari_sam.errors import ImageError
from napari_sam.image.microscope.read_czi import CziScene, CziSource
from napari_sam.image.read import read_image, read_pyramid
from napari_sam.image.series import split_series
from tests.image.czi_file import write_czi
from tests.image.lif_file import write_lif
from tests.image.nd2_file import write_nd2

RANDOM = np.random.default_rng(5)
SCENES = RANDOM.integers(0, 60000, (2, 2, 2, 3, 20, 30), np.uint16)
"""Two scenes of two frames, channels and three planes."""

FRAMES = RANDOM.integers(0, 60000, (2, 3, 4, 2, 20, 30), np.uint16)
"""Two frames, three positions, four planes, two channels."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same kind of content in a file of each microscope."""
    folder = tmp_path_factory.mktemp("microscopes")
    series = {name: ("TZCYX", np.moveaxis(SCENES[i], 1, 2)) for i, name in enumerate("ab")}
    return {
        "czi": write_czi(folder / "slide.czi", SCENES),
        "nd2": write_nd2(folder / "stage.nd2", FRAMES, "TPZ", positions=["left", "", "right"]),
        "lif": write_lif(folder / "project.lif", series),
    }


def test_a_czi_has_the_pixels_axes_sizes_and_names_of_a_scene(files: dict[str, Path]) -> None:
    volume = read_image(files["czi"], series="right")
    assert (volume.axes, volume.dtype) == ("TCZYX", np.uint16)
    np.testing.assert_array_equal(np.asarray(volume.data), SCENES[1])
    assert volume.scale == (5.0, 1.5, 0.2, 0.2)
    assert volume.units == ("second", "micrometer", "micrometer", "micrometer")
    assert volume.channel_names == ("DAPI", "GFP")
    assert volume.warnings == ()
    assert volume.identity == f"{files['czi']}#1"


def test_an_nd2_has_the_pixels_axes_sizes_and_names_of_a_position(files: dict[str, Path]) -> None:
    volume = read_image(files["nd2"], series="right")
    assert (volume.axes, volume.dtype) == ("TZCYX", np.uint16)
    np.testing.assert_array_equal(np.asarray(volume.data), FRAMES[:, 2])
    assert volume.scale == (2.0, 1.5, 0.25, 0.25)
    assert volume.units == ("second", "micrometer", "micrometer", "micrometer")
    assert volume.channel_names == ("DAPI", "GFP")
    assert volume.warnings == ()


def test_a_lif_has_the_pixels_axes_sizes_and_names_of_a_series(files: dict[str, Path]) -> None:
    volume = read_image(files["lif"], series=1)
    assert (volume.axes, volume.dtype) == ("TZCYX", np.uint16)
    np.testing.assert_array_equal(np.asarray(volume.data), np.moveaxis(SCENES[1], 1, 2))
    assert volume.scale == (30.0, 1.5, 0.2, 0.2)
    assert volume.units == ("second", "micrometer", "micrometer", "micrometer")
    assert volume.channel_names == ("Blue", "Green")
    assert volume.warnings == ()


@pytest.mark.parametrize("kind", ["czi", "nd2", "lif"])
def test_of_several_images_the_first_is_taken_with_a_warning(
    files: dict[str, Path], kind: str
) -> None:
    listed = {
        "czi": "holds 2 images, and the first 'left' is taken: choose another with --series "
        "(series=) from 0 'left', 1 'right'",
        "nd2": "holds 3 images, and the first 'left' is taken: choose another with --series "
        "(series=) from 0 'left', 1, 2 'right'",
        "lif": "holds 2 images, and the first 'a' is taken: choose another with --series "
        "(series=) from 0 'a', 1 'b'",
    }
    assert read_image(files[kind]).warnings == (f"{files[kind]} {listed[kind]}",)
    with pytest.raises(ImageError, match=r"has no series '7': choose from 0 '"):
        read_image(f"{files[kind]}::7")


@pytest.mark.parametrize("kind", ["czi", "nd2", "lif"])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_region_is_that_of_the_whole_array(
    files: dict[str, Path], kind: str, data: st.DataObject
) -> None:
    array = read_image(files[kind], series=0).data
    whole = np.asarray(array)
    index = tuple(
        data.draw(st.integers(0, size - 1) | st.slices(size).filter(lambda part: part.step != 0))
        for size in whole.shape
    )
    np.testing.assert_array_equal(array[index], whole[index])


def test_the_path_may_name_the_image(files: dict[str, Path], tmp_path: Path) -> None:
    path = f"{files['czi']}::right"
    np.testing.assert_array_equal(read_image(path).data[1, 1, 2], SCENES[1, 1, 1, 2])
    session = Session.open(path, channels=1)
    assert session.volume.identity == f"{files['czi']}#1"
    assert session.volume.channel_names == ("DAPI", "GFP")
    with pytest.raises(ImageError, match=r"slide.czi::right and the series 0 both choose an image"):
        read_image(path, series=0)
    with tifffile.TiffWriter(tmp_path / "two.tif") as tiff:
        for value in (1, 2):
            tiff.write(np.full((8, 8 * value), value, np.uint8), metadata=None)
    assert read_image(f"{tmp_path / 'two.tif'}::1").data[0, 0] == 2
    odd = tmp_path / "odd.tif::1"  # a file may have such a name
    odd.write_bytes(b"")
    assert split_series(odd) == (odd, None)
    assert split_series("s3://bucket/plate.zarr::A/1/0") == ("s3://bucket/plate.zarr", "A/1/0")
    for alone in ("a.czi", "a.czi::", "::1"):
        assert split_series(alone) == (alone, None)


def test_colours_of_a_czi_and_of_a_lif_are_red_green_and_blue(tmp_path: Path) -> None:
    colours = RANDOM.integers(0, 255, (20, 30, 3), np.uint8)
    bgr = np.ascontiguousarray(colours[..., ::-1])
    with czi.create_czi(str(tmp_path / "c.czi")) as file:
        file.write(bgr)
        file.write_metadata()
    lut = ("Blue", "Green", "Red")
    write_lif(tmp_path / "c.lif", {"c": ("YXS", bgr)}, luts=lut, tags=(3, 2, 1))
    for name in ("c.czi", "c.lif"):
        volume = read_image(tmp_path / name)
        assert (volume.axes[-3:], volume.is_rgb) == ("YXC", True)
        np.testing.assert_array_equal(np.asarray(volume.data).reshape(20, 30, 3), colours)
        pixels = volume.read((0,) * len(volume.plane_axes), 3, 4, 9, 11)
        np.testing.assert_array_equal(pixels, colours[3:9, 4:11])


def test_channels_of_a_czi_may_have_types_of_their_own(tmp_path: Path) -> None:
    dark, light = np.full((16, 16, 1), 7, np.uint8), np.full((16, 16, 1), 4000, np.uint16)
    with czi.create_czi(str(tmp_path / "c.czi")) as file:
        file.write(dark, plane={"C": 0})
        file.write(light, plane={"C": 1})
        file.write_metadata()
    volume = read_image(tmp_path / "c.czi")
    assert volume.dtype == np.uint16
    assert np.unique(volume.data[0]).tolist() == [7]
    assert np.unique(volume.data[1]).tolist() == [4000]


def test_a_coarser_level_of_a_czi_shows_the_same_places(tmp_path: Path) -> None:
    quarters = np.kron([[10, 20], [30, 40]], np.ones((32, 32))).astype(np.uint16)
    with czi.create_czi(str(tmp_path / "q.czi")) as file:
        file.write(quarters[:, :, None], location=(300, -20))
        file.write_metadata()
    _, levels = read_pyramid(tmp_path / "q.czi")
    assert len(levels) == 1  # the file holds no pyramid
    document = czi.CziReader(str(tmp_path / "q.czi"))
    place = document.total_bounding_rectangle_no_pyramid
    level = CziScene(CziSource(document, None, place, {}, {0: "Gray16"}), step=4)
    np.testing.assert_array_equal(level[:], quarters[::4, ::4])
    np.testing.assert_array_equal(level[5:11, 7:9], quarters[::4, ::4][5:11, 7:9])
    document.close()


def test_an_nd2_of_one_frame_without_a_size_is_in_pixels(tmp_path: Path) -> None:
    path = write_nd2(
        tmp_path / "one.nd2", FRAMES[0, 0, 0, :1], "", channels=["BF"], calibrated=False
    )
    volume = read_image(path)
    assert (volume.axes, volume.units) == ("YX", ("pixel", "pixel"))
    np.testing.assert_array_equal(np.asarray(volume.data), FRAMES[0, 0, 0, 0])
    assert volume.warnings == ()


def test_an_nd2_with_metadata_that_cannot_be_read_is_read_in_pixels(tmp_path: Path) -> None:
    path = write_nd2(tmp_path / "odd.nd2", FRAMES[0, 0], "Z", probes=False)
    volume = read_image(path)
    np.testing.assert_array_equal(np.asarray(volume.data), FRAMES[0, 0])
    assert volume.units == ("pixel", "pixel", "pixel")
    assert volume.channel_names == ()
    (line,) = volume.warnings
    assert "has metadata that nd2 cannot read" in line


@pytest.mark.parametrize("kind", ["czi", "nd2", "lif"])
def test_a_damaged_file_is_a_line(tmp_path: Path, kind: str, files: dict[str, Path]) -> None:
    for name, content in {"empty": b"", "cut": files[kind].read_bytes()[:300]}.items():
        path = tmp_path / f"{name}.{kind}"
        path.write_bytes(content)
        with pytest.raises(ImageError) as caught:
            read_image(path)
        assert str(caught.value).startswith(f"{path} is not an image that can be read: ")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "library"), [("czi", "pylibCZIrw"), ("nd2", "nd2"), ("lif", "liffile")]
)
def test_without_its_library_a_file_says_what_to_install(
    files: dict[str, Path], kind: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)  # as where it is not installed
    command = r'run pip install "napari-sam-microscopy\[formats\]"$'
    with pytest.raises(ImageError, match=rf"needs {library}, which reads .{kind}: {command}"):
        read_image(files[kind])


def test_pixels_are_read_where_they_are_asked_for(tmp_path: Path, files: dict[str, Any]) -> None:
    stored = read_image(files["lif"], series=0).data
    assert isinstance(stored, np.memmap)
    scene = read_image(files["czi"], series=0).data
    asked: list[tuple[int, ...]] = []
    tile = scene._tile

    def watched(plane: dict[str, int], box: tuple[int, ...]) -> np.ndarray:
        asked.append(box)
        pixels: np.ndarray = tile(plane, box)
        return pixels

    scene._tile = watched
    scene[1, 0, 2, 4:9, 10:17]
    assert asked == [(110, 44, 7, 5)]  # one plane, and no more of it than this
