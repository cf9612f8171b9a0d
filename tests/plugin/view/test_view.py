"""What is clicked in the world is what is seen and stored, for images of every kind and place."""

from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pytest
import zarr

from napari_sam import Session
from tests.plugin.bench import Bench, Open, picture

PLACES: dict[str, dict[str, Any]] = {
    "moved": {"scale": (0.5, 0.25), "translate": (10, -3)},
    "turned": {"scale": (2, 2), "rotate": 30, "translate": (-5, 40)},
    "sheared": {"scale": (1, 3), "shear": [0.4]},
    "affine": {
        "scale": (2, 1),
        "affine": np.array([[0.8, -0.5, 7], [0.9, 1.1, -12], [0, 0, 1]]),
    },
    "mirrored": {"affine": np.array([[-1.0, 0, 3], [0, 1, 0], [0, 0, 1]])},
}
STACKS: dict[str, dict[str, Any]] = {
    "moved": {"scale": (3, 0.5, 0.25), "translate": (7, 10, -3)},
    "turned": {"scale": (3, 2, 2), "rotate": 30, "translate": (1, -5, 40)},
    "affine": {
        "scale": (2, 1, 1),
        "affine": np.array([[1, 0, 0, 4], [0, 0.8, -0.5, 7], [0, 0.9, 1.1, -12], [0, 0, 0, 1]]),
    },
    "oblique": {
        "affine": np.array([[1, 0.1, 0, 4], [0, 1, 0, 0], [0.2, 0, 1, 0], [0, 0, 0, 1.0]]),
    },
}


def world_of(layer: Any) -> np.ndarray:
    """World coordinates of all pixels of a Labels layer that are not background, in order."""
    index = np.argwhere(np.asarray(layer.data))
    return np.array([layer.data_to_world(place) for place in index])


def check_world(bench: Bench, place: tuple[float, ...], **options: Any) -> None:
    """The mask of the only click lies in the world where the model sees it in the image."""
    image = bench.viewer.layers["cells"]
    data = np.asarray(image.data[0] if image.multiscale else image.data)
    (click,) = bench.layer("points").data
    np.testing.assert_allclose(
        bench.layer("points").data_to_world(click), image.data_to_world(place), atol=1e-6
    )
    limits = {"contrast": tuple(image.contrast_limits), "cache_dir": False, **options}
    session = Session.open(data, model=bench.model, **limits)
    mask = session.predict(points=[place])
    assert mask.area
    rows, columns = np.nonzero(mask.pixels)
    index = np.column_stack(
        [*(np.full(len(rows), p) for p in mask.plane), rows + mask.bbox[0], columns + mask.bbox[1]]
    )
    expected = np.array([image.data_to_world(pixel) for pixel in index])
    np.testing.assert_allclose(world_of(bench.layer("preview")), expected, atol=1e-9)
    bench.accept()
    np.testing.assert_allclose(world_of(bench.layer("labels")), expected, atol=1e-9)


@pytest.mark.parametrize("name", PLACES)
def test_a_click_with_the_mouse_means_that_place_of_the_world(open_dock: Open, name: str) -> None:
    bench = open_dock(picture(40, 48), show=True, **PLACES[name])
    image = bench.viewer.layers["cells"]
    bench.click(image.data_to_world((17, 31)))
    bench.idle()
    (click,) = bench.layer("points").data
    np.testing.assert_allclose(click, (17, 31), atol=0.6)  # the mouse hits whole pixels of screens
    check_world(bench, tuple(float(v) for v in click))


@pytest.mark.parametrize("name", ["moved", "turned", "affine"])
def test_a_click_in_a_placed_stack_means_that_slice(open_dock: Open, name: str) -> None:
    bench = open_dock(picture(5, 40, 48), show=True, **STACKS[name])
    image = bench.viewer.layers["cells"]
    world = image.data_to_world((3, 17, 31))
    bench.viewer.dims.set_point(0, world[0])
    bench.click(world[1:])
    bench.idle()
    (click,) = bench.layer("points").data
    np.testing.assert_allclose(click, (3, 17, 31), atol=0.6)
    check_world(bench, (3.0, *(float(v) for v in click[1:])))


@pytest.mark.filterwarnings("ignore:Non-orthogonal slicing")
def test_slices_that_lie_obliquely_keep_their_place(open_dock: Open) -> None:
    bench = open_dock(picture(5, 40, 48), **STACKS["oblique"])
    bench.add(3, 17, 31)
    bench.idle()
    check_world(bench, (3.0, 17.0, 31.0))


def test_an_image_moved_while_the_model_works_takes_its_mask_along(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    with bench.model.held():
        bench.add(17, 31)
        bench.wait(bench.model.inside.is_set)
        bench.viewer.layers["cells"].translate = (100, -50)
        bench.viewer.layers["cells"].rotate = 20
    bench.idle()
    check_world(bench, (17.0, 31.0))


# --- what the pixels are kept in -------------------------------------------------------------


def pyramid(folder: Path, data: np.ndarray) -> list[zarr.Array]:
    """A real pyramid on disk: each level half as large as the one before."""
    group = zarr.open_group(folder / "pyramid.zarr", mode="w")
    levels = []
    for level in range(3):
        step = 2**level
        coarse = data[..., ::step, ::step]
        array = group.create_array(
            str(level), shape=coarse.shape, chunks=(*(1,) * (data.ndim - 2), 32, 32), dtype="u1"
        )
        array[...] = coarse
        levels.append(array)
    return levels


@pytest.mark.parametrize("shape", [(160, 128), (4, 160, 128)], ids=["2D", "3D"])
def test_a_zarr_pyramid_is_clicked_at_full_resolution(
    open_dock: Open, tmp_path: Path, shape: tuple[int, ...]
) -> None:
    levels = pyramid(tmp_path, picture(*shape))
    scale = (2.0, 0.5, 0.5)[-len(shape) :]
    bench = open_dock(levels, multiscale=True, scale=scale, show=True, contrast_limits=(0, 255))
    image = bench.viewer.layers["cells"]
    world = image.data_to_world((2, 90, 70)[-len(shape) :])
    for axis, value in enumerate(world[:-2]):
        bench.viewer.dims.set_point(axis, value)
    bench.click(world[-2:])
    bench.idle()
    (click,) = bench.layer("points").data
    np.testing.assert_allclose(click[-2:], (90, 70), atol=0.6)
    assert bench.layer("labels").data.shape == shape
    check_world(bench, tuple(float(v) for v in click))


@pytest.mark.parametrize("kind", ["dask", "zarr"])
def test_lazy_arrays_are_read_where_they_are_clicked(
    open_dock: Open, tmp_path: Path, kind: str
) -> None:
    pixels = picture(4, 40, 48)
    touched: list[int] = []

    def load(block_info: Any = None) -> np.ndarray:
        z = block_info[None]["array-location"][0][0]
        touched.append(z)
        return pixels[z : z + 1]

    if kind == "dask":
        data: Any = da.map_blocks(load, chunks=((1,) * 4, (40,), (48,)), dtype="u1")
    else:
        data = zarr.create_array(
            tmp_path / "stack.zarr", shape=pixels.shape, chunks=(1, 20, 24), dtype="u1"
        )
        data[...] = pixels
    bench = open_dock(data, contrast_limits=(0, 255))
    bench.viewer.dims.set_point(0, 0)
    bench.idle()
    touched.clear()
    bench.add(2, 20, 20)
    bench.idle()
    assert set(touched) <= {0, 2}
    check_world(bench, (2.0, 20.0, 20.0))


@pytest.mark.parametrize(
    ("shape", "labels", "place"),
    [
        ((2, 3, 4, 40, 48), ("t", "c", "z", "y", "x"), (1, 2, 3, 20, 20)),
        ((3, 2, 40, 48), ("c", "t", "y", "x"), (2, 1, 20, 20)),
    ],
    ids=["tczyx", "ctyx"],
)
def test_the_shown_channel_of_time_and_depth_is_seen(
    open_dock: Open, shape: tuple[int, ...], labels: tuple[str, ...], place: tuple[int, ...]
) -> None:
    data = picture(*shape)
    bench = open_dock(data, axis_labels=labels, contrast_limits=(0, 255))
    bench.viewer.dims.set_point(range(len(place) - 2), place[:-2])
    bench.add(*place)
    bench.idle()
    axis = labels.index("c")
    plain = tuple(p for i, p in enumerate(place) if i != axis)
    session = Session.open(
        data.take(place[axis], axis), model=bench.model, contrast=(0, 255), cache_dir=False
    )
    mask = session.predict(points=[plain])
    bench.accept()
    expected = np.zeros(session.volume.label_shape, bool)
    y0, x0, y1, x1 = mask.bbox
    expected[(*mask.plane, slice(y0, y1), slice(x0, x1))] = mask.pixels
    for channel in range(3):  # an object is there in every channel
        seen = bench.layer("labels").data.take(channel, axis) > 0
        np.testing.assert_array_equal(seen, expected)


# --- contrast --------------------------------------------------------------------------------


def test_a_change_of_contrast_asks_nothing_until_the_next_click(open_dock: Open) -> None:
    bench = open_dock(picture(4, 48, 64), contrast_limits=(0, 255))
    bench.add(1, 20, 20)
    bench.idle()
    shown, image = bench.shown(), bench.viewer.layers["cells"]
    with bench.model.held():  # would be noticed if it were asked
        image.contrast_limits = (100, 120)
        image.gamma = 0.5
        image.colormap = "magma"
        bench.idle()
        assert not bench.model.inside.is_set()
    np.testing.assert_array_equal(bench.shown(), shown)
    bench.add(1, 25, 25)
    bench.idle()
    expected = bench.expected(points=[(1, 20, 20), (1, 25, 25)])
    np.testing.assert_array_equal(bench.shown(), expected)
    assert (bench.shown() != shown).any()


def test_a_click_elsewhere_leaves_an_older_answer_as_it_is(open_dock: Open) -> None:
    bench = open_dock(picture(4, 48, 64), contrast_limits=(0, 255))
    bench.add(1, 20, 20)
    bench.idle()
    shown = bench.shown()
    bench.viewer.layers["cells"].contrast_limits = (100, 120)
    bench.add(3, 20, 20)
    bench.idle()
    np.testing.assert_array_equal(bench.shown()[:3], shown[:3])
    np.testing.assert_array_equal(bench.shown()[3], bench.expected(points=[(3, 20, 20)])[3])
