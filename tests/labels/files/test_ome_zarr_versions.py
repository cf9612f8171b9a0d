"""Labels as OME-Zarr 0.4, which most programs read, and inside images of either version."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import ome_zarr_models.v04 as v04
import ome_zarr_models.v05 as v05
import pytest
import zarr

from napari_sam.errors import OutputError
from napari_sam.image.labels_of_image import read_labels_of_image
from napari_sam.image.read import read_image
from napari_sam.labels import write_labels
from napari_sam.labels.classes import ClassTable, ObjectClass
from napari_sam.labels.files.class_files import read_classes
from tests.image.zarr_image import write_image

PLACE: dict[str, Any] = {
    "axes": "ZYX",
    "scale": (2.0, 0.65, 0.325),
    "units": ("um",) * 3,
    "translate": (10.0, -3.0, 0.5),
}
LABELS = np.random.default_rng(2).integers(0, 9, (2, 700, 40), np.uint32)


def attributes_of(path: Path) -> dict[str, Any]:
    return dict(json.loads((path / ".zattrs").read_text(encoding="utf-8")))


def test_a_label_image_of_0_4_is_valid_and_exact(tmp_path):
    path = tmp_path / "cells.ome.zarr"
    assert write_labels(path, LABELS, **PLACE, ome_zarr_version="0.4") == [str(path)]
    group = zarr.open_group(path, mode="r")
    assert group.metadata.zarr_format == 2
    model = v04.ImageLabel.from_zarr(group)
    assert model.attributes.image_label is not None
    assert model.attributes.image_label.version == "0.4"
    (multiscale,) = model.attributes.multiscales
    assert (multiscale.name, multiscale.version) == ("cells", "0.4")
    assert [axis.unit for axis in multiscale.axes] == ["micrometer"] * 3
    assert [dataset.path for dataset in multiscale.datasets] == ["0", "1"]
    np.testing.assert_array_equal(group["0"][:], LABELS)
    np.testing.assert_array_equal(group["1"][:], LABELS[:, ::2, ::2])
    for level in ("0", "1"):
        stored = json.loads((path / level / ".zarray").read_text(encoding="utf-8"))
        assert stored["dimension_separator"] == "/"
        assert stored["compressor"]["id"] == "blosc"
    assert not list(path.rglob("zarr.json"))
    volume = read_image(path)
    assert (volume.axes, volume.scale, volume.translate) == (
        "ZYX",
        PLACE["scale"],
        PLACE["translate"],
    )


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_classes_come_back_in_both_versions(tmp_path, version):
    table = ClassTable((ObjectClass("round", "#ff0000"), ObjectClass("long", "#00ff00")))
    table = table.assign({3: "long", 5: "round"})
    path = tmp_path / "cells.ome.zarr"
    write_labels(path, LABELS, classes=table, ome_zarr_version=version)
    assert read_classes(path) == table
    # replaced by the other version, nothing of this one is left
    other = {"0.4": "0.5", "0.5": "0.4"}[version]
    write_labels(path, LABELS, overwrite=True, ome_zarr_version=other)
    assert zarr.open_group(path).metadata.zarr_format == {"0.4": 2, "0.5": 3}[other]
    assert read_classes(path) == ClassTable()


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_inside_an_image_they_are_of_its_version(tmp_path, version):
    image = write_image(tmp_path / "image.zarr", np.ones((1, 3, 20, 24), np.uint8), "czyx", version)
    volume = read_image(image)
    labels = np.random.default_rng(1).integers(0, 5, volume.label_shape, np.uint32)
    for name in ("nuclei", "cells", "nuclei"):
        path = image / "labels" / name
        write_labels(path, labels, volume.calibration, overwrite=True)
    group = zarr.open_group(image, mode="r")
    models: Any = {"0.4": v04, "0.5": v05}[version]
    models.Image.from_zarr(group)
    models.Labels.from_zarr(group["labels"])
    models.ImageLabel.from_zarr(group["labels/nuclei"])
    fitted = read_labels_of_image(image / "labels" / "cells", volume)
    np.testing.assert_array_equal(np.asarray(fitted.data[:]), labels)
    listed = group["labels"].attrs.asdict()
    assert (listed if version == "0.4" else listed["ome"])["labels"] == ["nuclei", "cells"]
    choice = read_image(image / "labels").warnings
    assert "2 images, and the first 'nuclei' is taken" in choice[0]
    other = {"0.4": "0.5", "0.5": "0.4"}[version]
    with pytest.raises(OutputError, match="leave the version out"):
        write_labels(image / "labels" / "new", labels, ome_zarr_version=other)


@pytest.mark.parametrize(
    ("name", "version", "words"),
    [
        ("a.ome.zarr", "0.6", r"0\.6 is not written: choose 0\.4 or 0\.5"),
        ("a.ome.zarr", "4", "is not written"),
        ("a.ome.tif", "0.4", "is no OME-Zarr"),
    ],
)
def test_versions_that_are_not_written(tmp_path, name, version, words):
    with pytest.raises(OutputError, match=words):
        write_labels(tmp_path / name, LABELS, ome_zarr_version=version)
    assert list(tmp_path.iterdir()) == []


def test_into_a_zip_nothing_is_written(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.ozx", "w") as content:
        content.writestr("zarr.json", "{}")
    before = (tmp_path / "a.ozx").read_bytes()
    with pytest.raises(OutputError, match=r"save them beside it, for example as a\.labels\.ome"):
        write_labels(tmp_path / "a.ozx" / "labels" / "cells", LABELS)
    assert (tmp_path / "a.ozx").read_bytes() == before


def test_into_a_collection_nothing_is_written(tmp_path):
    zarr.create_group(tmp_path / "c.zarr", attributes={"ome": {"bioformats2raw.layout": 3}})
    write_image(tmp_path / "c.zarr" / "0", LABELS[0, :20], "yx")
    with pytest.raises(OutputError, match="is not an image of OME-Zarr"):
        write_labels(tmp_path / "c.zarr" / "labels" / "cells", LABELS)
    write_labels(tmp_path / "c.zarr" / "0" / "labels" / "cells", LABELS[0, :20])
    assert zarr.open_group(tmp_path / "c.zarr/0/labels").attrs["ome"]["labels"] == ["cells"]


def _datasets(ome: dict[str, Any]) -> list[dict[str, Any]]:
    return list(ome["multiscales"][0]["datasets"])


DAMAGES = {
    "no transformations": lambda ome: _datasets(ome)[0].pop("coordinateTransformations"),
    "scale too short": lambda ome: _datasets(ome)[0].update(
        coordinateTransformations=[{"type": "scale", "scale": [2]}]
    ),
    "scale of 0": lambda ome: _datasets(ome)[0].update(
        coordinateTransformations=[{"type": "scale", "scale": [0, 0]}]
    ),
    "scale of text": lambda ome: _datasets(ome)[0].update(
        coordinateTransformations=[{"type": "scale", "scale": "large"}]
    ),
    "axes are a number": lambda ome: ome["multiscales"][0].update(axes=3),
    "axes without names": lambda ome: ome["multiscales"][0].update(axes=[{}, {}]),
    "no datasets": lambda ome: ome["multiscales"][0].update(datasets=[]),
    "a dataset is null": lambda ome: ome["multiscales"][0].update(datasets=[None]),
    "multiscales are text": lambda ome: ome.update(multiscales="many"),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_damaged_metadata_of_the_image_are_one_line(tmp_path, version, damage):
    image = write_image(tmp_path / "i.zarr", LABELS[0, :20], "yx", version)
    file = image / {"0.4": ".zattrs", "0.5": "zarr.json"}[version]
    content = json.loads(file.read_text(encoding="utf-8"))
    DAMAGES[damage](content if version == "0.4" else content["attributes"]["ome"])
    file.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(OutputError) as caught:
        write_labels(image / "labels" / "cells", LABELS[0, :20])
    assert str(caught.value).startswith(str(image))
    assert "\n" not in str(caught.value)
    assert not (image / "labels").exists()


def test_an_identity_before_the_scale_is_no_obstacle(tmp_path):
    steps = [{"type": "identity"}, {"type": "scale", "scale": [0.5, 0.5]}]
    image = write_image(tmp_path / "i.zarr", LABELS[0, :20], "yx", steps=steps)
    write_labels(image / "labels" / "cells", LABELS[0, :20])
    assert read_image(image / "labels" / "cells").label_shape == (20, 40)


def test_a_damaged_list_of_labels_is_found_before_anything_is_written(tmp_path):
    image = write_image(tmp_path / "i.zarr", LABELS[0, :20], "yx", "0.4")
    write_labels(image / "labels" / "old", LABELS[0, :20])
    (image / "labels" / ".zattrs").write_text('{"labels": 3}', encoding="utf-8")
    with pytest.raises(OutputError, match="the group of label images is damaged"):
        write_labels(image / "labels" / "new", LABELS[0, :20])
    assert not (image / "labels" / "new").exists()
