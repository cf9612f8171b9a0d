"""Session input: the dock chooses the same automatic contrast as the command line."""

from pathlib import Path

import dask.array as da
import numpy as np
import pytest
import zarr
from napari.layers import Image
from napari.utils.notifications import notification_manager

from napari_sam.image.intensity import contrast_mapping
from napari_sam.image.read import read_image
from napari_sam.plugin.image.image_source import read_image_layer
from napari_sam.plugin.image.session_input import mapping_of
from tests.image.contrast.scenes import nuclei
from tests.plugin.bench import Open


def pyramid(path: Path) -> np.ndarray:
    """An OME-Zarr of 8,192 pixels a side, of which a 256th holds anything."""
    slide = np.zeros((8192, 8192), np.uint16)
    slide[4700:5212, 2200:2712], _ = nuclei((512, 512), 15)
    group = zarr.create_group(path, zarr_format=2)
    levels = [slide[::step, ::step] for step in (1, 4, 16)]
    for number, level in enumerate(levels):
        group.create_array(str(number), data=level, chunks=(1024, 1024))
    datasets = [
        {"path": str(i), "coordinateTransformations": [{"type": "scale", "scale": [4**i] * 2}]}
        for i in range(len(levels))
    ]
    axes = [{"name": "y", "type": "space"}, {"name": "x", "type": "space"}]
    multiscale = {"version": "0.4", "name": "slide", "axes": axes, "datasets": datasets}
    group.attrs["multiscales"] = [multiscale]
    return slide


def test_layers_of_any_kind_of_array_get_the_limits_of_the_command_line(tmp_path: Path) -> None:
    slide = pyramid(tmp_path / "a.zarr")
    expected = contrast_mapping(read_image(tmp_path / "a.zarr")).limits
    assert expected[0] == pytest.approx((87, 490), abs=25)
    files = [tmp_path / "a.zarr" / str(level) for level in range(3)]
    layers = [
        Image(slide),
        Image([da.from_zarr(file) for file in files], multiscale=True),
        Image(zarr.open_array(files[0], mode="r")),
    ]
    for layer in layers:
        source = read_image_layer(layer, (0, 0), auto_contrast=True)
        assert mapping_of(source).limits == expected


def test_a_click_at_limits_that_turn_the_content_white_says_so(open_dock: Open) -> None:
    image, centres = nuclei((200, 220), 3)
    bench = open_dock(image, name="slide", contrast_limits=(0, 1))
    bench.add(*centres[0])
    bench.idle()
    message = str(notification_manager.records[-1].message)
    assert message.startswith("100% of the content of slide is brighter than the upper contrast")
    assert message.endswith("raise the limit, or use automatic contrast")
