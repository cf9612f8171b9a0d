"""The manifest, the samples, and labels through napari's File > Save."""

import os
from pathlib import Path

import napari_builtins
import numpy as np
import pytest
import tifffile
import zarr
from napari.components import ViewerModel
from npe2 import PluginManager, PluginManifest

import napari_sam
from napari_sam.errors import LabelError, OutputError
from napari_sam.plugin.results.writers import write_labels_layer
from napari_sam.plugin.samples import nuclei_2d, nuclei_3d
from tests.plugin.bench import Open, picture

BUILTINS = Path(napari_builtins.__file__).with_name("builtins.yaml")
MANIFEST = Path(napari_sam.__file__).with_name("napari.yaml")
PLUGIN = "napari-sam-microscopy"


@pytest.fixture
def plugin(npe2pm: PluginManager) -> PluginManager:
    npe2pm.register(PluginManifest.from_file(BUILTINS))
    npe2pm.register(PluginManifest.from_file(MANIFEST))
    return npe2pm


def test_every_command_can_be_imported() -> None:
    manifest = PluginManifest.from_file(MANIFEST)
    manifest.validate_imports()
    assert manifest.name == PLUGIN
    assert [item.command for item in manifest.contributions.menus["napari/layers/segment"]] == [
        f"{PLUGIN}.dock"
    ]
    assert [widget.display_name for widget in manifest.contributions.widgets or ()] == ["SAM"]


@pytest.mark.parametrize(("key", "ndim"), [("nuclei_2d", 2), ("nuclei_3d", 3)])
def test_samples_open_with_scale_and_units(plugin: PluginManager, key: str, ndim: int) -> None:
    viewer = ViewerModel()
    (layer,) = viewer.open_sample(PLUGIN, key)
    assert layer.ndim == ndim
    assert {str(unit) for unit in layer.units} == {"micrometer"}
    assert layer.scale[-1] == 0.5
    assert layer.data.dtype == np.uint16
    assert layer.data.nbytes < 4e6


def test_samples_are_the_same_every_time() -> None:
    for make in (nuclei_2d, nuclei_3d):
        np.testing.assert_array_equal(make()[0][0], make()[0][0])


@pytest.fixture
def labels() -> np.ndarray:
    array = np.zeros((3, 16, 20), np.uint32)
    array[1, 4:8, 5:9] = 1
    array[2, 10:12, 2:4] = 70_000
    return array


def save(labels: np.ndarray, path: Path, **kwargs: object) -> list[str]:
    viewer = ViewerModel()
    viewer.add_labels(
        labels,
        scale=(2.0, 0.5, 0.5),
        units=("um",) * 3,
        axis_labels=("z", "y", "x"),
        name="SAM labels",
        **kwargs,
    )
    return viewer.layers.save(str(path), plugin=PLUGIN)


def test_save_ome_tiff(plugin: PluginManager, labels: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "cells.ome.tif"
    assert save(labels, path) == [str(path)]
    with tifffile.TiffFile(path) as file:
        np.testing.assert_array_equal(file.asarray(), labels)
        assert file.series[0].axes == "ZYX"
        assert 'PhysicalSizeZ="2.0"' in str(file.ome_metadata)
        assert 'PhysicalSizeXUnit="µm"' in str(file.ome_metadata)


def test_save_imagej_tiff(plugin: PluginManager, labels: np.ndarray, tmp_path: Path) -> None:
    small = np.where(labels > 1, 2, labels).astype(np.uint32)
    save(small, tmp_path / "cells.tif")
    with tifffile.TiffFile(tmp_path / "cells.tif") as file:
        np.testing.assert_array_equal(file.asarray(), small)
        assert file.imagej_metadata is not None
        assert file.imagej_metadata["spacing"] == 2.0


def test_save_ome_zarr(plugin: PluginManager, labels: np.ndarray, tmp_path: Path) -> None:
    save(labels, tmp_path / "cells.ome.zarr")
    group = zarr.open_group(tmp_path / "cells.ome.zarr", mode="r")
    scales = group.attrs["ome"]["multiscales"][0]
    assert [axis["unit"] for axis in scales["axes"]] == ["micrometer"] * 3
    first = scales["datasets"][0]
    assert first["coordinateTransformations"][0]["scale"] == [2.0, 0.5, 0.5]
    np.testing.assert_array_equal(group[first["path"]][:], labels)


def test_napari_itself_chooses_us_for_ome_names(
    plugin: PluginManager, labels: np.ndarray, tmp_path: Path
) -> None:
    viewer = ViewerModel()
    viewer.add_labels(labels, scale=(2.0, 0.5, 0.5), units=("um",) * 3)
    viewer.layers.save(str(tmp_path / "cells.ome.tif"))
    with tifffile.TiffFile(tmp_path / "cells.ome.tif") as file:
        assert 'PhysicalSizeX="0.5"' in str(file.ome_metadata)


def test_a_name_without_suffix_gets_one_and_replaces_nothing(
    labels: np.ndarray, tmp_path: Path
) -> None:
    (written,) = write_labels_layer(os.fspath(tmp_path / "cells"), labels, {})
    assert written == os.fspath(tmp_path / "cells.ome.tif")
    np.testing.assert_array_equal(tifffile.imread(written), labels)


def test_an_existing_file_is_replaced_since_napari_asked(
    plugin: PluginManager, labels: np.ndarray, tmp_path: Path
) -> None:
    save(np.zeros_like(labels), tmp_path / "cells.ome.tif")
    save(labels, tmp_path / "cells.ome.tif")
    assert tifffile.imread(tmp_path / "cells.ome.tif").max() == 70_000


def test_labels_that_differ_between_channels_are_refused(tmp_path: Path) -> None:
    labels = np.zeros((2, 8, 8), np.uint32)
    labels[1] = 1
    attributes = {"axis_labels": ("c", "y", "x")}
    with pytest.raises(LabelError, match="differ between channels"):
        write_labels_layer(os.fspath(tmp_path / "c.tif"), labels, attributes)
    assert not list(tmp_path.iterdir())


def test_labels_that_all_channels_share_are_written_once(tmp_path: Path) -> None:
    plane = np.arange(64, dtype=np.uint32).reshape(8, 8)
    shared = np.broadcast_to(plane, (3, 8, 8))
    write_labels_layer(os.fspath(tmp_path / "c.ome.tif"), shared, {"axis_labels": ("c", "y", "x")})
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "c.ome.tif"), plane)


def test_labels_of_the_dock_never_replace_their_image(open_dock: Open, tmp_path: Path) -> None:
    path, link = tmp_path / "cells.tif", tmp_path / "link.tif"
    tifffile.imwrite(path, picture(40, 48))
    os.symlink(path, link)
    before = path.read_bytes()
    bench = open_dock()
    bench.viewer.open(str(path), plugin="napari")
    bench.idle()
    bench.layer("labels").data[4:8, 5:9] = 1
    for target in (path, link):
        with pytest.raises(OutputError, match=r"cells\.tif is the image itself"):
            bench.layer("labels").save(str(target), plugin=PLUGIN)
    assert path.read_bytes() == before
    (written,) = bench.layer("labels").save(str(tmp_path / "labels.tif"), plugin=PLUGIN)
    assert tifffile.imread(written).sum() == 16
