"""Prompts come from the CSV files that napari itself saves, or one line says what is wrong."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_sam.errors import PromptError
from napari_sam.prompts.prompt import BoxPrompt, PointPrompt
from napari_sam.prompts.read_csv import read_prompts

Write = Callable[[str, str], Path]


@pytest.fixture(scope="module")
def napari_layers():
    """Give napari's layers, with the writers that File > Save uses."""
    npe2 = pytest.importorskip("npe2")
    layers = pytest.importorskip("napari.layers")
    npe2.PluginManager.instance().discover()
    return layers


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode())
        return path

    return write


def test_points_that_napari_saved(napari_layers, tmp_path: Path) -> None:
    layer = napari_layers.Points(
        [[3, 10.5, 20], [3, 11.25, 21], [0, 1e-7, 1234567.5]],
        features={"object": [1, 1, 4], "label": [1, 0, 1], "note": [0.5, 2, 3]},
        scale=(2, 0.5, 0.5),
    )
    (saved,) = layer.save(str(tmp_path / "clicks.csv"))

    assert dict(read_prompts(points=saved).objects) == {
        1: (PointPrompt((3, 10.5, 20), 1), PointPrompt((3, 11.25, 21), 0)),
        4: (PointPrompt((0, 1e-7, 1234567.5), 1),),
    }


def test_points_whose_features_are_words(napari_layers, tmp_path: Path) -> None:
    # napari writes all columns as text as soon as one of them is
    layer = napari_layers.Points(
        [[1, 2], [3, 4]], features={"object": [2, 2], "label": ["foreground", "background"]}
    )
    (saved,) = layer.save(str(tmp_path / "clicks.csv"))

    assert dict(read_prompts(points=saved).objects) == {
        2: (PointPrompt((1, 2), 1), PointPrompt((3, 4), 0))
    }


def test_shapes_that_napari_saved(napari_layers, tmp_path: Path) -> None:
    corners = np.array([[3, 10, 20], [3, 30.5, 20], [3, 30.5, 40], [3, 10, 40]])
    layer = napari_layers.Shapes(ndim=3)
    layer.add_rectangles(corners)
    layer.add_ellipses(corners + np.array([0, 50, 0]))
    layer.add_polygons(np.array([[3, 5, 5], [3, 5, 9], [3, 8, 5]]))
    (saved,) = layer.save(str(tmp_path / "boxes.csv"))

    assert dict(read_prompts(boxes=saved).objects) == {
        1: (BoxPrompt((3, 10, 20), (3, 30.5, 40)),),
        2: (BoxPrompt((3, 60, 20), (3, 80.5, 40)),),
        3: (BoxPrompt((3, 5, 5), (3, 8, 9)),),
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.lists(st.tuples(*[st.floats(-1e6, 1e6, allow_nan=False)] * 3), min_size=1, max_size=5))
def test_positions_survive_napari_to_the_last_bit(
    napari_layers, tmp_path: Path, positions: list[tuple[float, ...]]
) -> None:
    (saved,) = napari_layers.Points(np.array(positions)).save(str(tmp_path / "clicks.csv"))

    read = [prompts[0].position for prompts in read_prompts(points=saved).objects.values()]
    assert read == positions


def test_without_object_column_each_point_is_an_object(write: Write) -> None:
    clicks = write("clicks.csv", "index,axis-0,axis-1\n0,1,2\n1,3,4\n")
    assert dict(read_prompts(points=clicks).objects) == {
        1: (PointPrompt((1, 2)),),
        2: (PointPrompt((3, 4)),),
    }


def test_one_click_takes_all_the_background_points(write: Write) -> None:
    clicks = write("clicks.csv", "axis-0,axis-1,label\n9,9,0\n1,2,1\n8,8,0\n")
    (prompts,) = read_prompts(points=clicks).objects.values()
    assert prompts == (PointPrompt((9, 9), 0), PointPrompt((1, 2), 1), PointPrompt((8, 8), 0))


def test_points_and_boxes_of_one_object_meet_by_its_number(write: Write) -> None:
    clicks = write("clicks.csv", "index,axis-0,axis-1,object\n0,1,2,5\n")
    boxes = write(
        "boxes.csv",
        "index,shape-type,vertex-index,axis-0,axis-1,object\n"
        "0,rectangle,0,0,0,5\n0,rectangle,1,4,4,5\n1,rectangle,0,6,6,2\n1,rectangle,1,8,8,2\n",
    )
    assert dict(read_prompts(clicks, boxes).objects) == {
        5: (PointPrompt((1, 2)), BoxPrompt((0, 0), (4, 4))),
        2: (BoxPrompt((6, 6), (8, 8)),),
    }


def test_files_without_numbers_follow_those_with(write: Write) -> None:
    clicks = write("clicks.csv", "index,axis-0,axis-1\n0,1,2\n1,3,4\n")
    boxes = write(
        "boxes.csv",
        "index,shape-type,vertex-index,axis-0,axis-1,object\n"
        "0,rectangle,0,0,0,7\n0,rectangle,1,4,4,7\n",
    )
    assert sorted(read_prompts(clicks, boxes).objects) == [7, 8, 9]
    boxes = write(
        "boxes.csv",
        "index,shape-type,vertex-index,axis-0,axis-1\n0,rectangle,0,0,0\n0,rectangle,1,4,4\n",
    )
    assert sorted(read_prompts(clicks, boxes).objects) == [1, 2, 3]


def test_excel_leaves_a_mark_spaces_and_blank_lines(write: Write) -> None:
    clicks = write("clicks.csv", "\ufeffindex, axis-0 ,axis-1\r\n0, 1 ,2\r\n\r\n,,\r\n")
    assert dict(read_prompts(points=clicks).objects) == {1: (PointPrompt((1, 2)),)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "bad.csv has no columns axis-0, axis-1"),
        ("x,y\n1,2\n", "bad.csv has no columns axis-0, axis-1"),
        ("index,axis-0,axis-2\n0,1,2\n", "bad.csv has no columns axis-0, axis-1"),
        ("index;axis-0;axis-1\n0;1;2\n", "semicolons: save it with commas"),
        ("index,axis-0,axis-1\n", "bad.csv holds no points or shapes"),
        ("index,axis-0,axis-1\n0,1\n", "bad.csv, line 2: 2 cells in 3 columns"),
        ("index,axis-0,axis-1\n0,1,2\n1,one,2\n", "line 3: axis-0 must be a number, not 'one'"),
        ("index,axis-0,axis-1\n0,nan,2\n", "line 2: axis-0 must be a number, not 'nan'"),
        ("index,axis-0,axis-1\n0,1,inf\n", "line 2: axis-1 must be a number, not 'inf'"),
        ("index,axis-0,axis-1,label\n0,1,2,3\n", r"line 2: label must be 1 \(on the object\)"),
        (
            "axis-0,axis-1,object\n1,2,0\n",
            "from 1 to 4294967295, not '0'",
        ),
        (
            "axis-0,axis-1,object\n1,2,1.5\n",
            "a whole number from 1 to 4294967295, not '1.5'",
        ),
        ("axis-0,axis-1,object\n1,2,4294967296\n", "not '4294967296'"),
        ("axis-0,axis-1,label,label\n1,2,1,1\n", "two columns of the same name"),
        ("axis-0,axis-1,label\n1,2,1\n1,2,1\n9,9,0\n", "add a column object"),
        (
            "index,shape-type,vertex-index,axis-0,axis-1\n0,rectangle,0,0,0\n",
            "bad.csv is a Shapes layer: give it as --boxes",
        ),
        ('axis-0,axis-1\n"1,2\n', "bad.csv is not a CSV file"),
    ],
)
def test_bad_points(write: Write, text: str, message: str) -> None:
    with pytest.raises(PromptError, match=message) as caught:
        read_prompts(points=write("bad.csv", text))
    assert "\n" not in str(caught.value)


_SHAPES = "index,shape-type,vertex-index,axis-0,axis-1,axis-2"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("index,axis-0,axis-1\n0,1,2\n", "no column shape-type: give points as --points"),
        (f"{_SHAPES}\n0,star,0,0,1,2\n0,star,1,0,3,4\n", "line 2: 'star' is no type of napari's"),
        (f"{_SHAPES}\n0,path,0,0,1,2\n0,path,1,5,3,4\n", "line 2: .* several planes"),
        (f"{_SHAPES},label\n0,path,0,0,1,2,1\n0,path,1,0,3,4,0\n", "line 2: .* agree on .* label"),
        (f"{_SHAPES}\n0,rectangle,0,0,1,2\n0,ellipse,1,0,3,4\n", "must agree on shape-type"),
        (f"{_SHAPES}\n0,rectangle,0,0,1,2\n0,rectangle,1,5,3,4\n", "line 2: .* several planes"),
        (
            f"{_SHAPES},object\n0,rectangle,0,0,1,2,1\n0,rectangle,1,0,3,4,2\n",
            "must agree on shape-type, object and label",
        ),
    ],
)
def test_bad_boxes(write: Write, text: str, message: str) -> None:
    with pytest.raises(PromptError, match=message) as caught:
        read_prompts(boxes=write("bad.csv", text))
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match=r"No such file or directory\): check the path"):
        read_prompts(points=tmp_path / "missing.csv")
    with pytest.raises(PromptError, match="cannot be read"):
        read_prompts(points=tmp_path)
    (tmp_path / "image.csv").write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe\x00")
    with pytest.raises(PromptError, match=r"image.csv is not a CSV file"):
        read_prompts(boxes=tmp_path / "image.csv")


def test_paths_and_lines_are_points_along_them(napari_layers, tmp_path: Path) -> None:
    layer = napari_layers.Shapes(
        [
            np.array([(2.0, 10.0, 0.0), (2.0, 10.0, 6.0), (2.0, 10.0, 12.0)]),
            np.array([(2.0, 0.0, 0.0), (2.0, 8.0, 0.0)]),
        ],
        shape_type=["path", "line"],
    )
    (saved,) = layer.save(str(tmp_path / "scribbles.csv"))
    assert dict(read_prompts(boxes=saved).objects) == {
        1: tuple(PointPrompt((2, 10, x), 1) for x in (0, 4, 8, 12)),
        2: tuple(PointPrompt((2, y, 0), 1) for y in (0, 4, 8)),
    }


def test_a_background_scribble_belongs_to_the_only_object(write: Write) -> None:
    rows = "0,rectangle,0,0,1,2,\n0,rectangle,1,0,30,40,\n1,path,0,0,2,2,0\n1,path,1,0,2,3,0\n"
    rows = rows.replace(",\n", ",1\n")
    found = read_prompts(boxes=write("shapes.csv", f"{_SHAPES},label\n{rows}"))
    assert dict(found.objects) == {
        1: (BoxPrompt((0, 1, 2), (0, 30, 40)), PointPrompt((0, 2, 2), 0))
    }
    two = rows + rows.replace("\n0,", "\n2,").replace("0,rect", "2,rect", 1)
    with pytest.raises(PromptError, match="background points and several objects"):
        read_prompts(boxes=write("two.csv", f"{_SHAPES},label\n{two}"))
    numbered = "".join(f"{row},3\n" for row in rows.splitlines())
    again = read_prompts(boxes=write("three.csv", f"{_SHAPES},label,object\n{numbered}"))
    assert set(again.objects) == {3}
