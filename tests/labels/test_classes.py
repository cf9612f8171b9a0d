"""Classes: the table, its files, and what a journal says of it."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import given
from hypothesis import strategies as st
from ome_zarr_models.v05.image_label import ImageLabel
from typer.testing import CliRunner

from napari_sam.cli.app import app
from napari_sam.errors import JournalError, LabelError, OutputError
from napari_sam.image.read import read_image
from napari_sam.journal.classes import classes_of
from napari_sam.journal.entry import ACCEPTED, CLASSES, DISCARDED, SAVED, UNDONE, Entry
from napari_sam.journal.journal import Journal
from napari_sam.journal.subject import Subject
from napari_sam.labels.classes import ClassTable, ObjectClass
from napari_sam.labels.edit import LabelEdit
from napari_sam.labels.files.class_files import read_classes
from napari_sam.labels.files.write import iter_write_labels, write_labels
from napari_sam.labels.packed_edit import PackedEdit
from tests.image.zarr_image import write_image

NEURON, GLIA = ObjectClass("neuron", "#ff0000"), ObjectClass("glia, dark", "#00ff80")
TABLE = ClassTable(
    (NEURON, GLIA, ObjectClass("other", "#123456")),
    {1: "neuron", 3: "glia, dark", 4: "neuron", 99: "neuron"},
)


@pytest.fixture
def labels() -> np.ndarray:
    array = np.zeros((2, 16, 20), np.uint32)
    for label in range(1, 5):
        array[label % 2, 2 * label : 2 * label + 2, 3:9] = label
    return array


# --- the table -------------------------------------------------------------------------------


def test_classes_are_added_changed_and_removed_with_their_objects() -> None:
    table = ClassTable().add(" neuron ").add("glia").assign({1: "neuron", 2: "glia", 3: "neuron"})
    assert table.names == ("neuron", "glia")
    assert len({one.color for one in table.classes}) == 2
    table = table.change("neuron", ObjectClass("cell", "#102030"))
    assert (table.class_of(1), table.class_of(3)) == ("cell", "cell")
    assert table.named("cell") == ObjectClass("cell", "#102030")
    assert ObjectClass("cell", "#102030").rgba == (16, 32, 48, 255)
    table = table.remove("glia")
    assert table.class_of(2) == ""
    assert table.assign({1: "", 3: "unknown"}).of_label == {}


def test_twenty_classes_have_colours() -> None:
    table = ClassTable()
    for number in range(20):
        table = table.add(f"class {number}")
    assert len({one.color for one in table.classes}) == 7


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (lambda table: table.add("glia, dark"), "there is a class 'glia, dark' already"),
        (lambda table: table.change("neuron", GLIA), "there is a class 'glia, dark' already"),
        (lambda table: table.add("  "), "needs a name"),
        (lambda table: table.add("a", "red"), "'red' is no colour: use #rrggbb"),
        (lambda table: ClassTable.from_json({"classes": [{"name": 3}]}), "damaged"),
    ],
)
def test_what_is_no_class(how, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        how(TABLE)


names = st.text(st.characters(exclude_categories=("Cs",)), min_size=1).filter(str.strip)


@given(st.dictionaries(names, st.integers(0, 2**24 - 1), min_size=1), st.data())
def test_a_table_survives_json(colours: dict[str, int], data: st.DataObject) -> None:
    classes = tuple(ObjectClass(name, f"#{value:06x}") for name, value in colours.items())
    of_label = data.draw(st.dictionaries(st.integers(1, 2**32 - 1), st.sampled_from(list(colours))))
    table = ClassTable(classes, of_label)
    assert ClassTable.from_json(json.loads(json.dumps(table.to_json()))) == table


# --- files -----------------------------------------------------------------------------------


def test_ome_zarr_has_them_as_properties_and_colours(tmp_path: Path, labels: np.ndarray) -> None:
    path = tmp_path / "a.ome.zarr"
    assert write_labels(path, labels, classes=TABLE, properties={2: {"iou": 0.5}}) == [str(path)]
    group = zarr.open_group(path, mode="r")
    label = ImageLabel.from_zarr(group).attributes.ome.image_label
    colors = {color.label_value: color.rgba for color in label.colors}
    assert (colors[1], colors[4], colors[3]) == ((255, 0, 0, 255),) * 2 + ((0, 255, 128, 255),)
    assert colors[2] not in (colors[1], colors[3])
    written = json.loads((path / "zarr.json").read_text())["attributes"]["ome"]["image-label"]
    assert written["properties"] == [
        {"class": "neuron", "label-value": 1},
        {"iou": 0.5, "label-value": 2},
        {"class": "glia, dark", "label-value": 3},
        {"class": "neuron", "label-value": 4},
    ]
    expected = {1: "neuron", 3: "glia, dark", 4: "neuron"}
    assert read_classes(path) == replace(TABLE, of_label=expected)


@pytest.mark.parametrize("name", ["a.ome.tif", "a.tif", "a.ome.tiff", "a.TIFF"])
def test_beside_a_tiff_lies_a_table(tmp_path: Path, labels: np.ndarray, name: str) -> None:
    path, table = tmp_path / name, tmp_path / "a_classes.csv"
    assert write_labels(path, labels, classes=TABLE) == [str(path), str(table)]
    np.testing.assert_array_equal(tifffile.imread(path), labels)
    with table.open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [
            ["label", "class", "color"],
            ["1", "neuron", "#ff0000"],
            ["4", "neuron", "#ff0000"],
            ["3", "glia, dark", "#00ff80"],
            ["", "other", "#123456"],
        ]
    expected = replace(TABLE, of_label={1: "neuron", 3: "glia, dark", 4: "neuron"})
    assert read_classes(path) == read_classes(table) == expected
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([name, "a_classes.csv"])


def test_without_classes_there_is_no_table(tmp_path: Path, labels: np.ndarray) -> None:
    assert write_labels(tmp_path / "a.tif", labels) == [str(tmp_path / "a.tif")]
    assert [file.name for file in tmp_path.iterdir()] == ["a.tif"]
    assert read_classes(tmp_path / "a.tif") == ClassTable()
    write_labels(tmp_path / "a.zarr", labels, classes=ClassTable())
    assert read_classes(tmp_path / "a.zarr") == ClassTable()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("x,a,#ff0000", "row 2: label"),
        ("1.5,a,#ff0000", "row 2: label"),
        ("1", "row 2: class: Input should be a valid string"),
        ("1,a,red", "'red' is no colour"),
        ("1,,#ff0000", "a class needs a name"),
    ],
)
def test_a_damaged_table_is_one_line_with_file_and_row(
    tmp_path: Path, row: str, words: str
) -> None:
    (tmp_path / "a_classes.csv").write_text(f"label,class,color\n{row}\n")
    with pytest.raises(LabelError, match=r"a_classes\.csv") as error:
        read_classes(tmp_path / "a.tif")
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("napari-sam", [], "napari-sam: Input should be"),
        ("napari-sam", {"classes": [3]}, "napari-sam.classes.0"),
        ("napari-sam", {"classes": [{"name": "a", "color": "red"}]}, "'red' is no colour"),
        ("image-label", [], "image-label: Input should be"),
        ("image-label", {"properties": {}}, "image-label.properties"),
        ("image-label", {"properties": [{"label-value": "x"}]}, "properties.0.label-value"),
        ("image-label", {"properties": [{"class": "a"}]}, "label-value: Field required"),
    ],
)
def test_damaged_attributes_are_one_line_with_file_and_field(
    tmp_path: Path, labels: np.ndarray, key: str, value: object, words: str
) -> None:
    write_labels(tmp_path / "a.zarr", labels, classes=TABLE)
    path = tmp_path / "a.zarr" / "zarr.json"
    metadata = json.loads(path.read_text())
    attributes = metadata["attributes"]
    (attributes["ome"] if key == "image-label" else attributes)[key] = value
    path.write_text(json.dumps(metadata))
    with pytest.raises(LabelError, match=r"a\.zarr: ") as error:
        read_classes(tmp_path / "a.zarr")
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_properties_of_other_programs_without_classes_are_no_damage(
    tmp_path: Path, labels: np.ndarray
) -> None:
    write_labels(tmp_path / "a.zarr", labels, properties={1: {"class": None, "area": 3}})
    assert read_classes(tmp_path / "a.zarr") == ClassTable()


def test_the_classes_of_labels_that_were_replaced_are_gone(
    tmp_path: Path, labels: np.ndarray
) -> None:
    write_labels(tmp_path / "a.tif", labels, classes=TABLE)
    write_labels(tmp_path / "a.tif", labels, overwrite=True)
    assert read_classes(tmp_path / "a.tif") == ClassTable()


def test_a_table_of_others_is_not_replaced(tmp_path: Path, labels: np.ndarray) -> None:
    table = tmp_path / "a_classes.csv"
    table.write_text("cell,area\n1,20\n")
    for overwrite in (False, True):
        with pytest.raises(OutputError, match="is not a table of classes"):
            write_labels(tmp_path / "a.tif", labels, classes=TABLE, overwrite=overwrite)
    write_labels(tmp_path / "a.tif", labels)
    assert table.read_text() == "cell,area\n1,20\n"
    with pytest.raises(LabelError, match="is not a table of classes: it begins with label,class"):
        read_classes(table)
    write_labels(tmp_path / "b.tif", labels, classes=TABLE)
    (tmp_path / "b.tif").unlink()
    with pytest.raises(OutputError, match="exists already"):
        write_labels(tmp_path / "b.tif", labels, classes=TABLE)


def test_labels_and_table_are_both_there_or_as_they_were(
    tmp_path: Path, labels: np.ndarray
) -> None:
    path = tmp_path / "a.ome.tif"
    write_labels(path, labels, classes=TABLE)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    steps = iter_write_labels(path, labels * 2, classes=TABLE.add("new"), overwrite=True)
    next(steps)
    steps.close()
    bad = labels.astype(np.int64)
    bad[1, 15] = -3
    with pytest.raises(LabelError):
        write_labels(path, bad, classes=TABLE.add("new"), overwrite=True)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


# --- the journal -----------------------------------------------------------------------------


def accepted(label: int, *classes: ObjectClass, **names: str) -> Entry:
    given = ClassTable(classes, {int(k[1:]): v for k, v in names.items()}) if names else None
    box = (0, label, 2, label + 1)
    edit = LabelEdit((), box, np.ones((2, 1), bool), np.zeros((2, 1), np.uint32),
                     np.full((2, 1), label, np.uint32))  # fmt: skip
    return Entry(ACCEPTED, (PackedEdit.of(edit),), label=label, classes=given)


HISTORY = [
    accepted(1),
    accepted(2, NEURON, _2="neuron"),
    accepted(3, GLIA, _3="glia, dark"),
    accepted(2, GLIA, _2="glia, dark"),
    Entry(SAVED),
    Entry(UNDONE),
]


def test_classes_follow_what_was_accepted_and_undone() -> None:
    assert classes_of(HISTORY[:4]).of_label == {2: "glia, dark", 3: "glia, dark"}
    assert classes_of(HISTORY) == ClassTable((NEURON, GLIA), {2: "neuron", 3: "glia, dark"})
    changed = Entry(CLASSES, classes=ClassTable((GLIA,), {3: "glia, dark"}))
    assert classes_of([*HISTORY, changed, Entry(UNDONE)]) == ClassTable((GLIA,), {})
    cleared = accepted(2, _2="")
    assert classes_of([*HISTORY, cleared]).of_label == {3: "glia, dark"}
    assert classes_of([*HISTORY, Entry(DISCARDED)]) == ClassTable()


def test_predicted_classes_are_given_when_they_are_assigned_and_yield_to_given_ones() -> None:
    table = ClassTable((NEURON, GLIA), {1: "neuron"})
    table = table.predict({1: (GLIA.name, 0.9), 2: (GLIA.name, 0.81239), 3: ("gone", 0.9)})
    assert (table.given, table.predicted) == ({1: "neuron"}, {2: 0.8124})
    assert table.class_of(2) == GLIA.name
    assert table.predict({4: ("neuron", 0.6)}).of_label == {1: "neuron", 4: "neuron"}
    assert table.assign({2: GLIA.name}).predicted == {}
    assert table.remove(GLIA.name) == ClassTable((NEURON,), {1: "neuron"})
    assert table.change(GLIA.name, ObjectClass("cell", "#102030")).predicted == {2: 0.8124}
    assert ClassTable.from_json(json.loads(json.dumps(table.to_json()))) == table
    assert table.renumbered(lambda label: label + 10).predicted == {12: 0.8124}
    part = table.part([1, 2, 9])
    assert table.assign({1: "", 2: "neuron", 9: "neuron"}).put(part) == table


def test_an_undone_entry_brings_a_predicted_class_back_as_predicted() -> None:
    predicted = ClassTable((NEURON, GLIA), {1: "neuron"}).predict({2: (GLIA.name, 0.7)})
    entries = [Entry(CLASSES, classes=predicted), accepted(2, _2="neuron")]
    assert classes_of(entries).given == {1: "neuron", 2: "neuron"}
    assert classes_of([*entries, Entry(UNDONE)]) == predicted


@pytest.mark.parametrize("name", ["cells.ome.zarr", "cells.ome.tif"])
def test_given_and_predicted_classes_are_apart_in_files(
    labels: np.ndarray, tmp_path: Path, name: str
) -> None:
    table = ClassTable((NEURON, GLIA), {1: "neuron"}).predict(
        {2: (GLIA.name, 0.7), 3: ("neuron", 1)}
    )
    write_labels(tmp_path / name, labels, axes="ZYX", classes=table)
    assert read_classes(tmp_path / name) == table
    if name.endswith(".zarr"):
        ImageLabel.from_zarr(zarr.open_group(tmp_path / name, mode="r"))
        return
    rows = (tmp_path / "cells_classes.csv").read_text().splitlines()
    assert rows == [
        "label,class,color,probability",
        "1,neuron,#ff0000,",
        "3,neuron,#ff0000,1.0000",
        '2,"glia, dark",#00ff80,0.7000',
    ]
    (tmp_path / "cells_classes.csv").write_text("\n".join(rows).replace("0.7000", "7"))
    with pytest.raises(LabelError, match="row 4"):
        read_classes(tmp_path / name)


def test_a_journal_brings_classes_back_and_reads_old_ones(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a.jsonl", Subject("a.tif", "", "YX", (8, 9), "0"))
    assert journal.content().classes == ClassTable()
    for entry in HISTORY:
        journal.append(entry)
    assert journal.content().classes == classes_of(HISTORY)
    assert [entry.label for entry in journal.accepted()] == [1, 2, 3]
    assert "classes" not in accepted(1).to_line()
    assert Entry.from_record(json.loads(accepted(1).to_line()), (8, 9)).classes is None


def test_replay_writes_the_classes(tmp_path: Path) -> None:
    image = tmp_path / "a.tif"
    tifffile.imwrite(image, np.zeros((8, 9), np.uint8))
    journal = Journal(tmp_path / "a.jsonl", Subject("a.tif", str(image), "YX", (8, 9), "0"))
    for entry in HISTORY:
        journal.append(entry)
    output = tmp_path / "labels.ome.tif"
    result = CliRunner().invoke(app, ["replay", str(journal.path), "-o", str(output), "--json"])
    assert result.exit_code == 0, result.output
    table = tmp_path / "labels_classes.csv"
    assert json.loads(result.stdout)["files"] == [str(output), str(table)]
    assert read_classes(output) == classes_of(HISTORY)
    assert set(np.unique(tifffile.imread(output))) == {0, 1, 2, 3}


def test_replay_onto_an_image_with_more_axes_of_length_one(tmp_path: Path) -> None:
    image = write_image(tmp_path / "a.zarr", np.zeros((1, 1, 1, 8, 9), np.uint8), "tczyx")
    journal = Journal(tmp_path / "a.jsonl", Subject("a.zarr", str(image), "YX", (8, 9), "0"))
    for entry in HISTORY:
        journal.append(entry)
    output = tmp_path / "labels.ome.zarr"
    words = ["replay", str(journal.path), "-o", str(output)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    labels = read_image(output)
    assert (labels.axes, labels.label_shape) == ("TZYX", (1, 1, 8, 9))
    assert set(np.unique(labels.data[:])) == {0, 1, 2, 3}
    refused = CliRunner().invoke(app, [*words, "--overwrite", "--model", "cells-tiny"])
    assert isinstance(refused.exception, JournalError)
