"""The small picture in the dock is what the model sees, and nobody waits for it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from napari.layers import Image

from napari_sam.image.intensity import IntensityMapping
from napari_sam.plugin.image.image_source import read_image_layer
from napari_sam.plugin.image.session_input import mapping_of
from napari_sam.plugin.image.thumbnail import SIDE, look_at, thumbnail
from tests.image.counting_store import CountingStore
from tests.plugin.bench import Bench, Open, picture


def of_layer(layer: Image, *world: float) -> np.ndarray:
    world = world or (0.0,) * layer.ndim
    source = read_image_layer(layer, world, auto_contrast=False)
    return thumbnail(look_at(source, layer, [layer], world), mapping_of(source))


def pixels(bench: Bench) -> np.ndarray:
    """The picture, as soon as nothing more is to come."""
    bench.wait(lambda: not bench.controller.model_view.busy)
    return bench.dock.image_row.view_box.pixels


def test_a_small_image_is_shown_as_the_model_sees_it() -> None:
    data = picture(40, 48)
    shown = of_layer(Image(data, contrast_limits=(100, 200), colormap="magma"))
    expected = IntensityMapping(((100.0, 200.0),)).apply(data[..., None]).astype(np.uint8)
    np.testing.assert_array_equal(shown, expected)


@pytest.mark.parametrize("shape", [(960, 480), (7, 2000), (96, 96), (1, 1)])
def test_a_picture_has_the_shape_of_the_plane_and_a_limit(shape: tuple[int, int]) -> None:
    height, width = of_layer(Image(np.zeros(shape, np.uint8), contrast_limits=(0, 1))).shape[:2]
    assert max(height, width) == min(SIDE, max(shape))
    assert height == max(1, round(shape[0] * min(1, SIDE / max(shape))))


def test_colours_stay_colours() -> None:
    data = picture(40, 48, 3)
    np.testing.assert_array_equal(of_layer(Image(data, rgb=True)), data)


def test_of_a_pyramid_a_small_level_is_read(tmp_path: Path) -> None:
    stores = [CountingStore(), CountingStore(), CountingStore()]
    levels = []
    for side, store in zip((800, 200, 50), stores, strict=True):
        level = zarr.create_array(store, shape=(4, side, side), chunks=(1, 50, 50), dtype="u1")
        level[...] = np.arange(4).repeat(side * side).reshape(4, side, side) * 10
        levels.append(level)
    layer = Image(levels, multiscale=True, contrast_limits=(0, 255))
    before = [len(store.chunks_read) for store in stores]
    assert np.unique(of_layer(layer, 3, 0, 0)).tolist() == [30]
    read = [len(store.chunks_read) - count for store, count in zip(stores, before, strict=True)]
    assert read[0] == read[2] == 0
    assert read[1] == 16


# --- in the dock -----------------------------------------------------------------------------


def test_the_picture_follows_slice_contrast_and_channels(open_dock: Open) -> None:
    data = np.arange(4, dtype=np.uint8)[:, None, None] * np.full((4, 40, 48), 50, np.uint8)
    bench = open_dock(data, name="nuclei", contrast_limits=(0, 255), colormap="green")
    bench.viewer.dims.set_point(0, 2)
    assert np.unique(pixels(bench)).tolist() == [100]
    bench.viewer.layers["nuclei"].contrast_limits = (0, 200)
    assert np.unique(pixels(bench)).tolist() == [127]
    bench.viewer.add_image(
        data, name="membrane", contrast_limits=(0, 100), colormap="blue", blending="additive"
    )
    bench.idle()
    bench.controller.images.choose_channel(str(bench.viewer.layers["membrane"].unique_id), True)
    assert np.unique(pixels(bench).reshape(-1, 3), axis=0).tolist() == [[0, 127, 255]]
    bench.dock.image_row.auto_contrast.click()
    assert np.unique(pixels(bench).reshape(-1, 3), axis=0).tolist() == [[0, 170, 170]]
    picture_of = bench.dock.image_row.view_box.pixmap()
    assert 0 < picture_of.height() <= 2 * 96
    bench.viewer.layers.clear()
    bench.idle()
    assert pixels(bench) is None


def test_the_picture_comes_while_the_model_works(open_dock: Open) -> None:
    bench = open_dock(np.full((40, 48), 51, np.uint8), contrast_limits=(0, 255))
    with bench.model.held():
        bench.add(20, 20)
        bench.wait(bench.model.inside.is_set)
        bench.viewer.layers["cells"].contrast_limits = (0, 102)
        assert np.unique(pixels(bench)).tolist() == [127]


class Torn:
    """An array that cannot be read."""

    shape, dtype, ndim = (40, 48), np.dtype("u1"), 2

    def __getitem__(self, index: Any) -> np.ndarray:
        raise OSError("cut off")


def test_what_cannot_be_read_has_no_picture(open_dock: Open) -> None:
    bench = open_dock(picture(40, 48))
    assert pixels(bench) is not None
    look = bench.controller.images.look()
    bench.controller.model_view._look = lambda: type(look)(look.source, look.plane, [Torn()])
    bench.controller.model_view.later()
    assert pixels(bench) is None
