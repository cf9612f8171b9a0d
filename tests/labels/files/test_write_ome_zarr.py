"""Labels as OME-Zarr 0.5: valid, exact at every level, and at home inside an image."""

import json
from itertools import pairwise

import dask.array
import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from napari.layers import Labels
from ome_zarr_models.v05 import Image, ImageLabel

from napari_sam.errors import OutputError
from napari_sam.labels import iter_write_labels, write_labels
from napari_sam.labels.files.colors import label_color

PLACE = {
    "axes": "ZYX",
    "scale": (2.0, 0.65, 0.325),
    "units": ("um", "µm", "micrometer"),
    "translate": (10.0, -3.0, 0.5),
}


@pytest.fixture
def stack() -> np.ndarray:
    """``ZYX`` labels whose pixels all differ along rows and columns."""
    labels = np.zeros((2, 1300, 700), np.uint32)
    labels[0, 5:900, 7:600] = 1 + np.arange(593) % 50
    labels[1, 1299, 699] = 2**32 - 1
    return labels


def attributes_of(path) -> dict:
    return json.loads((path / "zarr.json").read_text(encoding="utf-8"))["attributes"]["ome"]


def test_the_root_is_a_valid_label_image(tmp_path, stack):
    path = tmp_path / "cells.ome.zarr"
    assert write_labels(path, stack, **PLACE) == [str(path)]
    group = zarr.open_group(path, mode="r")
    assert group.metadata.zarr_format == 3
    model = ImageLabel.from_zarr(group)
    (multiscale,) = model.attributes.ome.multiscales
    assert multiscale.name == "cells"
    assert [(a.name, a.type, a.unit) for a in multiscale.axes] == [
        ("z", "space", "micrometer"),
        ("y", "space", "micrometer"),
        ("x", "space", "micrometer"),
    ]
    found = {
        dataset.path: [
            dataset.coordinateTransformations[0].scale,
            dataset.coordinateTransformations[1].translation,
        ]
        for dataset in multiscale.datasets
    }
    assert found == {
        "0": [[2.0, 0.65, 0.325], [10.0, -3.0, 0.5]],
        "1": [[2.0, 1.3, 0.65], [10.0, -3.0, 0.5]],
        "2": [[2.0, 2.6, 1.3], [10.0, -3.0, 0.5]],
    }
    assert attributes_of(path)["version"] == "0.5"
    assert attributes_of(path)["image-label"]["version"] == "0.5"


def test_every_level_is_a_subset_of_the_labels(tmp_path, stack):
    write_labels(tmp_path / "a.zarr", stack)
    group = zarr.open_group(tmp_path / "a.zarr", mode="r")
    for level, step in (("0", 1), ("1", 2), ("2", 4)):
        array = group[level]
        assert array.dtype == np.uint32
        assert array.metadata.dimension_names == ("z", "y", "x")
        assert array.chunks[0] == 1
        assert (array[:] == stack[:, ::step, ::step]).all()


def test_colors_and_properties_cover_the_labels_that_are_there(tmp_path, stack):
    properties = {
        3: {"iou": np.float32(0.5), "model": "cells-tiny"},
        999: {"iou": 1.0},
        4: {"iou": float("nan"), "bbox": (1, 2)},
    }
    write_labels(tmp_path / "a.zarr", stack, properties=properties)
    group = zarr.open_group(tmp_path / "a.zarr", mode="r")
    label = ImageLabel.from_zarr(group).attributes.ome.image_label
    present = [*range(1, 51), 2**32 - 1]
    assert [color.label_value for color in label.colors] == present
    assert [item.label_value for item in label.properties] == present
    written = {
        p["label-value"]: p for p in attributes_of(tmp_path / "a.zarr")["image-label"]["properties"]
    }
    assert written[3] == {"label-value": 3, "iou": 0.5, "model": "cells-tiny"}
    assert written[4] == {"label-value": 4, "iou": None, "bbox": [1, 2]}
    assert written[5] == {"label-value": 5}


def test_labels_without_objects_are_valid_too(tmp_path):
    write_labels(tmp_path / "a.zarr", np.zeros((20, 30), np.uint8))
    label = ImageLabel.from_zarr(zarr.open_group(tmp_path / "a.zarr", mode="r")).attributes.ome
    assert label.image_label.colors is None
    files = [file.name for file in (tmp_path / "a.zarr" / "0").rglob("*") if file.is_file()]
    assert files == ["zarr.json"], "background takes no space"


def test_neighbouring_labels_look_different():
    colors = [np.array(label_color(label)) for label in range(1, 200)]
    assert all(np.abs(a - b).max() > 80 for a, b in pairwise(colors))
    assert len({tuple(color) for color in colors}) > 180


def test_a_napari_layer_comes_back_where_it_was(tmp_path, stack):
    layer = Labels(
        stack,
        scale=PLACE["scale"],
        translate=PLACE["translate"],
        units=PLACE["units"],
        axis_labels=("z", "y", "x"),
    )
    data, attributes, _ = layer.as_layer_data_tuple()
    write_labels(
        tmp_path / "a.zarr",
        data,
        axes=attributes["axis_labels"],
        scale=attributes["scale"],
        translate=attributes["translate"],
        units=attributes["units"],
    )
    (multiscale,) = attributes_of(tmp_path / "a.zarr")["multiscales"]
    scale, translation = multiscale["datasets"][0]["coordinateTransformations"]
    again = Labels(
        zarr.open_array(tmp_path / "a.zarr" / "0", mode="r")[:],
        scale=scale["scale"],
        translate=translation["translation"],
        units=[axis["unit"] for axis in multiscale["axes"]],
        axis_labels=[axis["name"] for axis in multiscale["axes"]],
    )
    assert (again.data == layer.data).all()
    assert (again.extent.world == layer.extent.world).all()
    assert (again.units, again.axis_labels) == (layer.units, layer.axis_labels)


@pytest.mark.long
@settings(deadline=None, max_examples=25)
@given(
    arrays(np.uint16, st.lists(st.integers(1, 6), min_size=2, max_size=5).map(tuple)),
    st.randoms(use_true_random=False),
)
def test_axes_are_written_in_the_order_that_the_format_asks_for(tmp_path_factory, labels, random):
    axes = "".join(random.sample("TCZ", labels.ndim - 2)) + "YX"
    path = tmp_path_factory.mktemp("shapes") / "a.zarr"
    scale = [1.0 + i for i in range(labels.ndim)]
    write_labels(path, labels, axes=axes, scale=scale)
    group = zarr.open_group(path, mode="r")
    (multiscale,) = ImageLabel.from_zarr(group).attributes.ome.multiscales
    order = [axes.index(axis) for axis in "TCZYX" if axis in axes]
    assert [axis.name for axis in multiscale.axes] == [axes[i].lower() for i in order]
    assert multiscale.datasets[0].coordinateTransformations[0].scale == [scale[i] for i in order]
    assert (group["0"][:] == labels.transpose(order)).all()


@pytest.mark.long
@pytest.mark.parametrize("kind", ["zarr", "dask"])
def test_stored_labels_are_streamed(tmp_path, kind):
    shape, chunks = (40, 1100, 900), (16, 300, 300)
    values = np.zeros(shape, np.uint32)
    values[20:, 500:, 100:] = np.arange(800) + 1
    if kind == "zarr":
        labels = zarr.create_array(
            zarr.storage.MemoryStore(), shape=shape, chunks=chunks, dtype="uint32"
        )
        labels[:] = values
    else:
        labels = dask.array.from_array(values, chunks=chunks)
    write_labels(tmp_path / "a.zarr", labels)
    group = zarr.open_group(tmp_path / "a.zarr", mode="r")
    assert (group["0"][:] == values).all()
    assert (group["1"][:] == values[:, ::2, ::2]).all()
    assert (group["2"][:] == values[:, ::4, ::4]).all()


def test_steps_are_counted_from_one_to_the_total(tmp_path, stack):
    steps = list(iter_write_labels(tmp_path / "a.zarr", stack))
    total = steps[0][1]
    assert steps == [(i, total) for i in range(1, total + 1)]


def write_image(path, levels: int = 3, version: str = "0.5") -> None:
    """Write an OME-Zarr image ``CZYX`` of 64 x 64 pixels, downsampled in z, y and x."""
    group = zarr.create_group(path, zarr_format=3 if version == "0.5" else 2)
    axes = [{"name": "c", "type": "channel"}, *({"name": n, "type": "space"} for n in "zyx")]
    datasets = []
    for i in range(levels):
        k = 2**i
        extra = {"dimension_names": list("czyx")} if version == "0.5" else {}
        group.create_array(str(i), shape=(2, 8 // k, 64 // k, 64 // k), dtype="uint8", **extra)
        scale = [1.0, 2.0 * k, 0.5 * k, 0.5 * k]
        datasets.append(
            {"path": str(i), "coordinateTransformations": [{"type": "scale", "scale": scale}]}
        )
    multiscales = [{"axes": axes, "datasets": datasets}]
    if version == "0.5":
        group.attrs["ome"] = {"version": version, "multiscales": multiscales}
    else:
        group.attrs["multiscales"] = [{"version": version, **multiscales[0]}]


def test_inside_an_image_they_have_its_levels_and_are_listed(tmp_path):
    image = tmp_path / "embryo.ome.zarr"
    write_image(image)
    labels = np.random.default_rng(0).integers(0, 5, (8, 64, 64), np.uint32)
    for name in ("nuclei", "cells", "nuclei"):
        written = write_labels(image / "labels" / name, labels, axes="ZYX", overwrite=True)
        assert written == [str(image / "labels" / name)]
    group = zarr.open_group(image, mode="r")
    Image.from_zarr(group)
    assert Image.from_zarr(group).ome_attributes.multiscales[0].axes[0].name == "c"
    assert attributes_of(image / "labels") == {"version": "0.5", "labels": ["nuclei", "cells"]}
    nuclei = zarr.open_group(image / "labels" / "nuclei", mode="r")
    ImageLabel.from_zarr(nuclei)
    assert attributes_of(image / "labels" / "nuclei")["image-label"]["source"] == {"image": "../.."}
    for i in range(3):
        step = 2**i
        assert (nuclei[str(i)][:] == labels[::step, ::step, ::step]).all()
        assert nuclei[str(i)].shape == group[str(i)].shape[1:]
    assert sorted(entry.name for entry in (image / "labels").iterdir()) == [
        "cells",
        "nuclei",
        "zarr.json",
    ]


def test_an_image_of_an_older_version_is_not_touched(tmp_path):
    image = tmp_path / "old.zarr"
    write_image(image, version="0.3")
    with pytest.raises(OutputError, match=r"save them beside it, for example as old\.labels"):
        write_labels(image / "labels" / "nuclei", np.ones((8, 64, 64), np.uint8))
    assert not (image / "labels").exists()


def test_beside_an_image_they_point_to_it(tmp_path):
    write_image(tmp_path / "embryo.ome.zarr")
    path = tmp_path / "embryo.labels.ome.zarr"
    labels = np.ones((8, 64, 64), np.uint8)
    write_labels(path, labels, source=tmp_path / "embryo.ome.zarr")
    source = attributes_of(path)["image-label"]["source"]["image"]
    assert source == "../embryo.ome.zarr"
    write_labels(path, labels, source=tmp_path / "embryo.tif", overwrite=True)
    assert "source" not in attributes_of(path)["image-label"]
