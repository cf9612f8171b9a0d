"""Where programs put the labels of a folder of images: all of it is found, by two commands."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

from napari_sam.cli.find_pairs import find_labelled
from napari_sam.errors import LabelError


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith((".tif", ".png")):
            tifffile.imwrite(path, np.ones((8, 8), np.uint8))
        else:
            np.save(path, np.ones((8, 8), np.uint8))


def found(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """Names of images and labels by set, relative to the folder."""
    return {
        name: [
            (pair.image.relative_to(folder).as_posix(), pair.labels.relative_to(folder).as_posix())
            for pair in pairs
            if pair.labels is not None
        ]
        for name, pairs in find_labelled(folder, None, None)[0].items()
    }


@pytest.mark.parametrize(
    ("names", "pairs"),
    [
        (("a.tif", "a_masks.tif"), ("a.tif", "a_masks.tif")),
        (("a.tif", "a_cp_masks.png", "a_seg.npy", "a_flows.tif"), ("a.tif", "a_cp_masks.png")),
        (("a.ome.tif", "a_labels.ome.tif"), ("a.ome.tif", "a_labels.ome.tif")),
        (("a.png", "a_gt.tif"), ("a.png", "a_gt.tif")),
        (("images/a.tif", "masks/a.tif"), ("images/a.tif", "masks/a.tif")),
        (("images/a.tif", "labels/a_labels.tif"), ("images/a.tif", "labels/a_labels.tif")),
        (("a.tif", "labels/a.tif"), ("a.tif", "labels/a.tif")),
        (("raw/a.tif", "gt/a.tif"), ("raw/a.tif", "gt/a.tif")),
        (("my_mask.tif", "labels/my_mask.tif"), ("my_mask.tif", "labels/my_mask.tif")),
    ],
)
def test_labels_are_found(names: tuple[str, ...], pairs: tuple[str, str], tmp_path: Path) -> None:
    write(tmp_path, *names)
    assert found(tmp_path) == {tmp_path.name: [pairs]}


def test_folders_of_folders_are_sets(tmp_path: Path) -> None:
    write(tmp_path, *(f"{part}/{kind}/a.tif" for part in ("train", "test") for kind in
          ("images", "masks")))  # fmt: skip
    assert found(tmp_path) == {
        "test": [("test/images/a.tif", "test/masks/a.tif")],
        "train": [("train/images/a.tif", "train/masks/a.tif")],
    }


def test_labels_inside_an_ome_zarr_are_found(tmp_path: Path) -> None:
    image = zarr.open_group(tmp_path / "a.ome.zarr", mode="w")
    image.create_array("0", shape=(8, 8), dtype="uint8")
    image.create_group("labels").create_group("cells")
    zarr.open_group(tmp_path / "b.ome.zarr", mode="w")
    assert found(tmp_path) == {tmp_path.name: [("a.ome.zarr", "a.ome.zarr/labels")]}
    assert found(tmp_path / "a.ome.zarr") == {"a": [(".", "labels")]}
    _, unlabelled = find_labelled(tmp_path, None, None)
    assert [path.name for path in unlabelled] == ["b.ome.zarr"]


def test_a_pickle_of_cellpose_is_never_opened(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "opened",)  # type: ignore[return-value]

    write(tmp_path, "a.tif")
    (tmp_path / "a_seg.npy").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(LabelError, match=r"a_seg\.npy is a pickle.*a_cp_masks\.png") as error:
        find_labelled(tmp_path, None, None)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "opened").exists()


def test_images_without_labels_are_named(tmp_path: Path) -> None:
    write(tmp_path, "a.tif", "a_masks.tif", "b.tif")
    sets, unlabelled = find_labelled(tmp_path, None, None)
    assert [pair.image.name for pair in sets[tmp_path.name]] == ["a.tif"]
    assert unlabelled == [tmp_path / "b.tif"]
