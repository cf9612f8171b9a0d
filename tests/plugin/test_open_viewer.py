"""Images of files in napari, as ``napari-sam view`` opens them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import zarr

from napari_sam.cli.app import run
from napari_sam.errors import ImageError
from tests.image.czi_file import write_czi


def pyramid(path: Path) -> Any:
    """Write an OME-Zarr of two channels and two levels, 0.5 µm a pixel; returns its pixels."""
    pixels = np.arange(2 * 64 * 96, dtype=np.uint16).reshape(2, 64, 96)
    group = zarr.open_group(path, mode="w")
    datasets = []
    for level, step in (("0", 1), ("1", 2)):
        part = pixels[:, ::step, ::step]
        group.create_array(level, data=part, chunks=(1, 32, 32))
        scale = [1.0, 0.5 * step, 0.5 * step]
        transformations = [{"type": "scale", "scale": scale}]
        datasets.append({"path": level, "coordinateTransformations": transformations})
    axes = [
        {"name": "c", "type": "channel"},
        {"name": "y", "type": "space", "unit": "micrometer"},
        {"name": "x", "type": "space", "unit": "micrometer"},
    ]
    multiscales = [{"axes": axes, "datasets": datasets, "name": "cells"}]
    group.attrs["ome"] = {"version": "0.5", "multiscales": multiscales}
    return pixels


def test_channels_and_levels_of_ome_zarr(
    tmp_path: Path, make_napari_viewer_proxy: Any, own_journals: None
) -> None:
    """A pyramid of two channels becomes two layers, lazily, with sizes, and the dock is there."""
    from napari_sam.plugin.open_viewer import open_viewer

    pixels = pyramid(tmp_path / "cells.ome.zarr")
    viewer = open_viewer([tmp_path / "cells.ome.zarr"], new_viewer=make_napari_viewer_proxy)
    images = [layer for layer in viewer.layers if layer.multiscale]
    assert len(images) == 2
    for layer, channel in zip(images, pixels, strict=True):
        assert [level.shape for level in layer.data] == [(64, 96), (32, 48)]
        assert np.array_equal(np.asarray(layer.data[0]), channel)
        assert tuple(layer.scale) == (0.5, 0.5)
        assert str(layer.units[0]) == "micrometer"
        assert layer.source.path == str(tmp_path / "cells.ome.zarr")
    assert any(name.startswith("SAM ") for name in viewer.window.dock_widgets)


def test_colour_picture_and_stack(
    tmp_path: Path, make_napari_viewer_proxy: Any, own_journals: None
) -> None:
    """A colour picture is one layer of colours, a stack keeps its slices and their names."""
    from napari_sam.plugin.open_viewer import open_viewer

    colours = np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8)
    stack = np.random.default_rng(1).integers(0, 999, (5, 40, 50), np.uint16)
    tifffile.imwrite(tmp_path / "colours.tif", colours, photometric="rgb")
    tifffile.imwrite(tmp_path / "stack.tif", stack, imagej=True, metadata={"axes": "ZYX"})
    url = f"file://{tmp_path.as_posix()}/cells.ome.zarr"
    pixels = pyramid(tmp_path / "cells.ome.zarr")
    viewer = open_viewer(
        [tmp_path / "colours.tif", str(tmp_path / "stack.tif"), url],
        new_viewer=make_napari_viewer_proxy,
    )
    first, second = (layer for layer in viewer.layers if layer.source.path == url)
    assert first.name == "cells.ome.zarr"
    assert np.array_equal(np.asarray(second.data[0]), pixels[1])
    assert viewer.layers["colours.tif"].rgb
    assert np.array_equal(np.asarray(viewer.layers["stack.tif"].data), stack)
    assert viewer.layers["stack.tif"].axis_labels == ("z", "y", "x")


def test_a_folder_is_opened_in_the_dock(
    tmp_path: Path, make_napari_viewer_proxy: Any, own_journals: None, qtbot: Any
) -> None:
    """The first image of a folder is there a moment later, and the folder unfolded."""
    from napari_sam.plugin.open_viewer import open_viewer

    for name in ("a.tif", "b.tif"):
        tifffile.imwrite(tmp_path / name, np.zeros((20, 24), np.uint8))
    viewer = open_viewer([tmp_path], new_viewer=make_napari_viewer_proxy)
    qtbot.waitUntil(lambda: "a.tif" in viewer.layers, timeout=60_000)
    (dock,) = (each for name, each in viewer.window.dock_widgets.items() if name.startswith("SAM "))
    assert dock.folder_box.progress.text() == "Image 1 of 2, 0 done"
    assert dock.folder_box.button.isChecked()
    qtbot.waitUntil(lambda: not dock.controller.runner.busy, timeout=60_000)


def test_no_window_for_a_file_that_is_no_image(tmp_path: Path) -> None:
    """The error comes before a window is made."""
    from napari_sam.plugin.open_viewer import open_viewer

    def no_window() -> Any:
        raise AssertionError("a window")

    with pytest.raises(ImageError, match="no file"):
        open_viewer([tmp_path / "none.tif"], new_viewer=no_window)
    with pytest.raises(ImageError, match="no image in"):
        open_viewer([tmp_path], new_viewer=no_window)


def test_the_command_takes_urls(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A URL reaches the reader with both slashes, and the error names it."""
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert run(["view", "memory://nowhere.zarr"]) == 1
    assert "memory://nowhere.zarr" in capsys.readouterr().err


@pytest.mark.window
def test_a_scene_of_a_czi_is_a_layer_for_each_channel(
    tmp_path: Path, make_napari_viewer_proxy: Any, own_journals: None
) -> None:
    """The layers have the names of the channels, the sizes of the file and its path."""
    from napari_sam.plugin.open_viewer import open_viewer

    scenes = np.random.default_rng(2).integers(0, 255, (2, 2, 2, 3, 40, 50), np.uint8)
    path = write_czi(tmp_path / "slide.czi", scenes)
    viewer = open_viewer([f"{path}::right"], new_viewer=make_napari_viewer_proxy)
    for channel, name in enumerate(("DAPI slide.czi::right", "GFP slide.czi::right")):
        layer = viewer.layers[name]
        assert np.array_equal(np.asarray(layer.data), scenes[1, :, channel])
        assert tuple(layer.scale) == (5.0, 1.5, 0.2, 0.2)
        assert layer.source.path == str(path)
