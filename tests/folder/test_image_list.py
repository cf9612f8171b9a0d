"""Images of a folder, a pattern and a plate are listed by name, and none of them is opened."""

import builtins
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from napari_sam.cli.find_images import find_tasks
from napari_sam.cli.label_places import LabelPlaces
from napari_sam.errors import ImageError, OutputError
from napari_sam.folder.image_list import list_images


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def write_plate(path: Path, wells: dict[str, int], listed: tuple[str, ...] = ()) -> None:
    """Write a plate of OME-Zarr 0.5 with some fields of 8 x 8 pixels in each well."""
    plate = zarr.open_group(path, mode="w")
    named = [{"path": well, "rowIndex": 0, "columnIndex": 0} for well in (*wells, *listed)]
    plate.attrs["ome"] = {"version": "0.5", "plate": {"wells": named}}
    for well, fields in wells.items():
        group = plate.create_group(well)
        images = [{"path": str(number)} for number in range(fields)]
        group.attrs["ome"] = {"version": "0.5", "well": {"images": images}}
        for number in range(fields):
            field = group.create_group(str(number))
            pixels = np.full((8, 8), number, np.uint8)
            field.create_array("0", data=pixels)
            datasets = [
                {
                    "path": "0",
                    "coordinateTransformations": [{"type": "scale", "scale": [1.0, 1.0]}],
                }
            ]
            axes = [{"name": name, "type": "space"} for name in "yx"]
            multiscales = [{"axes": axes, "datasets": datasets}]
            field.attrs["ome"] = {"version": "0.5", "multiscales": multiscales}


def test_five_thousand_images_are_listed_and_none_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"field_{number:04d}.tif" for number in range(5000)]
    touch(tmp_path, *names)
    opened: list[Any] = []
    for module, name in ((builtins, "open"), (os, "open")):
        function = getattr(module, name)

        def counting(path: Any, *args: Any, function: Any = function, **kwargs: Any) -> Any:
            opened.append(path)
            return function(path, *args, **kwargs)

        monkeypatch.setattr(module, name, counting)
    listed = list_images(str(tmp_path))
    monkeypatch.undo()
    assert [image.name for image in listed.images] == names
    assert [path for path in opened if str(path).startswith(str(tmp_path))] == []
    assert listed.place == tmp_path / "labels"


def test_labels_and_other_files_are_no_images_of_a_folder(tmp_path: Path) -> None:
    touch(tmp_path, "b.tif", "a.png", "a_labels.ome.tif", "notes.txt", ".hidden.tif", "sub/c.tif")
    assert [image.name for image in list_images(str(tmp_path)).images] == ["a.png", "b.tif"]


def test_a_pattern_names_images_from_its_folder_on(tmp_path: Path) -> None:
    touch(tmp_path, "exp [1]/x/a.tif", "exp [1]/y/b.tif", "exp [1]/y/c.png")
    listed = list_images(str(tmp_path / "exp [1]" / "**" / "*.tif"))
    assert [image.name for image in listed.images] == ["x/a.tif", "y/b.tif"]
    assert listed.place == tmp_path / "exp [1]" / "labels"


def test_labels_have_the_names_that_segment_gives_them(tmp_path: Path) -> None:
    touch(tmp_path, "a.tif", "b.ome.tif", "c.d.png", "e.ome.zarr/zarr.json")
    tasks = find_tasks([str(tmp_path)], LabelPlaces(tmp_path / "labels"))
    listed = list_images(str(tmp_path))
    assert [f"{image.labels}.ome.tif" for image in listed.images] == [
        task.output.name for task in tasks
    ]


def test_fields_of_a_plate_are_images_and_missing_wells_are_told(tmp_path: Path) -> None:
    write_plate(tmp_path / "screen.ome.zarr", {"A/1": 2, "B/3": 1}, listed=("C/4",))
    listed = list_images(str(tmp_path / "screen.ome.zarr"))
    assert [image.name for image in listed.images] == ["A/1/0", "A/1/1", "B/3/0"]
    assert listed.images[1].labels == "screen_A1_1_labels"
    assert listed.place == tmp_path / "screen_labels"
    (warning,) = listed.warnings
    assert warning.endswith("lists wells or fields that are not there: C/4; they are left out")
    well = list_images(str(tmp_path / "screen.ome.zarr" / "A" / "1"))
    assert (well.images, well.place) == (listed.images[:2], listed.place)
    field = list_images(str(listed.images[0].path))
    assert [image.path for image in field.images] == [listed.images[0].path]


def test_an_image_alone_is_a_list_of_one(tmp_path: Path) -> None:
    touch(tmp_path, "a.tif", "b.tif")
    assert [image.name for image in list_images(str(tmp_path / "a.tif")).images] == ["a.tif"]


def test_two_images_with_labels_of_the_same_name_are_refused(tmp_path: Path) -> None:
    touch(tmp_path, "a.tif", "a.png")
    with pytest.raises(OutputError, match=r"a\.png and a\.tif .* pattern, such as \*\.tif"):
        list_images(str(tmp_path))
    assert len(list_images(str(tmp_path / "*.tif")).images) == 1


@pytest.mark.parametrize("words", ["nowhere", "nowhere/*.tif", "notes.txt", ""])
def test_no_image_is_one_line(tmp_path: Path, words: str) -> None:
    touch(tmp_path, "notes.txt")
    with pytest.raises(ImageError, match="no "):
        list_images(str(tmp_path / words))


def test_a_plate_without_a_field_is_one_line(tmp_path: Path) -> None:
    write_plate(tmp_path / "plate.zarr", {}, listed=("A/1",))
    with pytest.raises(ImageError, match="is a plate of which no field is there"):
        list_images(str(tmp_path / "plate.zarr"))


def test_no_words_are_no_folder() -> None:
    with pytest.raises(ImageError, match="no folder is named"):
        list_images("  ")
