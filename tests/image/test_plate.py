"""Plates: which fields there are, which wells a pattern means, and what does not add up."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_sam.errors import ImageError
from napari_sam.image.plate import Plate
from napari_sam.image.read import read_image
from napari_sam.image.read_plate import fits_well, read_plate
from tests.image.zarr_plate import write_plate


def fields(plate: Plate | None) -> list[str]:
    assert plate is not None
    return [f"{field.well_path}/{field.field}" for field in plate.fields]


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_a_plate_lists_its_fields_and_each_is_an_image(tmp_path: Path, version: str) -> None:
    plate = read_plate(write_plate(tmp_path / "screen.zarr", version))
    assert fields(plate) == ["A/1/0", "A/1/1", "B/03/0"]
    assert plate is not None
    assert (plate.rows, plate.columns, plate.warnings) == (("A", "B"), ("03", "1"), ())
    last = plate.fields[-1]
    assert last.cells == {
        "plate": "screen.zarr",
        "well": "B03",
        "row": "B",
        "column": "03",
        "field": "0",
    }
    assert read_image(last.path).scale == (0.1, 0.1)


@pytest.mark.parametrize(
    ("wells", "chosen"),
    [
        ("B03", ["B/03/0"]),
        (" b3 ", ["B/03/0"]),
        ("B/3", ["B/03/0"]),
        ("A01,B*", ["A/1/0", "A/1/1", "B/03/0"]),
        ("*1", ["A/1/0", "A/1/1"]),
        ("[AB]3", ["B/03/0"]),
    ],
)
def test_wells_are_chosen_by_name_or_pattern(tmp_path: Path, wells: str, chosen: list[str]) -> None:
    assert fields(read_plate(write_plate(tmp_path / "p.zarr"), wells)) == chosen


@pytest.mark.parametrize("wells", ["C*", "B03,H12", ",", ""])
def test_a_pattern_without_a_well_is_an_error_that_names_wells(tmp_path: Path, wells: str) -> None:
    with pytest.raises(ImageError, match=r"p.zarr has no well '.*': choose from A1, B03$"):
        read_plate(write_plate(tmp_path / "p.zarr"), wells)


@given(st.sampled_from("ABCDEFGHIJKLMNOP"), st.integers(1, 48), st.integers(1, 48))
def test_a_name_is_its_well_alone_with_or_without_zeros(row: str, column: int, other: int) -> None:
    for name in (f"{row}{column}", f"{row}{column:02}", f"{row.lower()}/{column:03}"):
        assert fits_well(f"{row}/{column}", name)
        assert fits_well(f"{row}/{other:02}", name) == (column == other)


@pytest.mark.parametrize(
    ("inside", "expected"),
    [("B/03", ["B/03/0"]), ("A/1", ["A/1/0", "A/1/1"]), ("A/1/1", ["A/1/1"])],
)
def test_a_well_or_a_field_is_a_part_of_its_plate(
    tmp_path: Path, inside: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_plate(tmp_path / "p.zarr")
    assert fields(read_plate(path / inside)) == expected
    monkeypatch.chdir(path)
    plate = read_plate(Path(inside))
    assert fields(plate) == expected
    assert plate is not None
    assert plate.fields[0].plate == "p.zarr"


def test_a_plate_in_a_zip(tmp_path: Path) -> None:
    path = write_plate(tmp_path / "p.zarr")
    with zipfile.ZipFile(tmp_path / "p.ozx", "w") as content:
        for file in path.rglob("*"):
            content.write(file, file.relative_to(path))
    plate = read_plate(tmp_path / "p.ozx")
    assert fields(plate) == ["A/1/0", "A/1/1", "B/03/0"]
    assert plate is not None
    assert read_image(plate.fields[2].path).data[30, 33] == 190


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_what_is_listed_and_missing_or_there_and_not_listed_is_named(
    tmp_path: Path, version: str
) -> None:
    layout = {"A/1": ("0", "1"), "A/2": ("0",), "B/1": ("0",), "B/2": ("0",)}
    path = write_plate(tmp_path / "p.zarr", version, layout)
    shutil.rmtree(path / "A" / "2")
    shutil.rmtree(path / "A" / "1" / "1")
    shutil.copytree(path / "B" / "1", path / "C" / "7")
    marker = "zarr.json" if version == "0.5" else ".zgroup"
    shutil.copy(path / "B" / marker, path / "C" / marker)
    shutil.copytree(path / "B" / "1" / "0", path / "B" / "1" / "9")
    plate = read_plate(path)
    assert fields(plate) == ["A/1/0", "B/1/0", "B/2/0"]
    assert plate is not None
    assert plate.warnings == (
        f"{path} lists wells or fields that are not there: A/1/1, A/2; they are left out",
        f"{path} holds wells or fields that its metadata do not list: C/7, B/1/9; they are left "
        "out",
    )
    chosen = read_plate(path, "B2")
    assert chosen is not None
    assert chosen.warnings == ()  # the others were not asked for


def test_a_damaged_well_is_left_out_and_a_damaged_plate_is_an_error(tmp_path: Path) -> None:
    path = write_plate(tmp_path / "p.zarr")
    metadata = path / "B" / "03" / "zarr.json"
    content = json.loads(metadata.read_text())
    content["attributes"]["ome"]["well"]["images"] = 3
    metadata.write_text(json.dumps(content))
    plate = read_plate(path)
    assert fields(plate) == ["A/1/0", "A/1/1"]
    assert plate is not None
    assert len(plate.warnings) == 1
    assert "B/03: well.images: Input should be a valid list" in plate.warnings[0]
    assert plate.warnings[0].endswith("the well is left out")
    content = json.loads((path / "zarr.json").read_text())
    content["attributes"]["ome"]["plate"]["wells"] = [{"place": 1}]
    (path / "zarr.json").write_text(json.dumps(content))
    with pytest.raises(ImageError, match="its OME-Zarr metadata are damaged"):
        read_plate(path)


def test_a_well_without_a_row_and_a_column_is_left_out(tmp_path: Path) -> None:
    path = write_plate(tmp_path / "p.zarr")
    shutil.copytree(path / "A" / "1", path / "B" / "03" / "deep")
    content = json.loads((path / "zarr.json").read_text())
    wells = content["attributes"]["ome"]["plate"]["wells"]
    wells.append({"path": "B/03/deep", "rowIndex": 0, "columnIndex": 0})
    (path / "zarr.json").write_text(json.dumps(content))
    plate = read_plate(path)
    assert fields(plate) == ["A/1/0", "A/1/1", "B/03/0"]
    assert plate is not None
    sentence = f"{path}/B/03/deep is not named by a row and a column; the well is left out"
    assert plate.warnings == (sentence,)


def test_an_image_that_is_in_no_plate_is_none(tmp_path: Path) -> None:
    path = write_plate(tmp_path / "p.zarr")
    shutil.copytree(path / "A" / "1" / "0", tmp_path / "x" / "y" / "image.zarr")
    assert read_plate(tmp_path / "x" / "y" / "image.zarr") is None
    assert read_plate(tmp_path / "missing.zarr") is None
    assert read_plate(path / "C" / "4") is None
