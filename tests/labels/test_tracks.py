"""Cells through time: where they are, who divided, and the files that say so."""

import csv
from pathlib import Path

import numpy as np
import pytest
import zarr
from napari.layers import Tracks as TracksLayer

from napari_sam import PointPrompt, Session
from napari_sam.errors import LabelError, OutputError, PromptError
from napari_sam.image.calibration import Calibration
from napari_sam.image.volume import Volume
from napari_sam.labels.files.write_tracks import write_tracks
from napari_sam.labels.tracks import Tracks, tracks_of
from napari_sam.masks.mask import Mask
from napari_sam.prompts.read_csv import read_prompts


@pytest.fixture
def family() -> Tracks:
    """Label 3 divides into 4 and 9 after the second frame of a TZYX movie."""
    labels = np.zeros((4, 3, 20, 30), np.uint32)
    labels[0:2, :, 5:9, 5:9] = 3
    labels[2:, 0, 5:7, 5:9] = 4
    labels[2:, 2, 8:9, 5:9] = 9
    return tracks_of(labels, "TZYX", {4: 3, 9: 3, 17: 3})


def test_tracks_are_centres_by_label_and_time(family: Tracks) -> None:
    assert family.axes == "TZYX"
    np.testing.assert_allclose(
        family.data,
        [
            [3, 0, 1, 6.5, 6.5],
            [3, 1, 1, 6.5, 6.5],
            [4, 2, 0, 5.5, 6.5],
            [4, 3, 0, 5.5, 6.5],
            [9, 2, 2, 8.0, 6.5],
            [9, 3, 2, 8.0, 6.5],
        ],
    )
    assert family.graph == {4: (3,), 9: (3,)}  # nobody has label 17
    assert family.edges().tolist() == [[0, 1], [1, 2], [1, 4], [2, 3], [4, 5]]


def test_time_may_be_any_axis_and_labels_larger_than_a_block(tmp_path: Path) -> None:
    stored = zarr.create_array(
        tmp_path / "l.zarr", shape=(3, 2, 600, 700), chunks=(1, 1, 256, 256), dtype="uint32"
    )
    stored[1, 1, 100:600, 200:700] = 5
    tracks = tracks_of(stored, "ZTYX")
    np.testing.assert_allclose(tracks.data, [[5, 1, 1, 349.5, 449.5]])


def test_napari_shows_the_tracks(family: Tracks) -> None:
    layer = TracksLayer(family.data, graph={k: list(v) for k, v in family.graph.items()})
    assert layer.data.shape == (6, 5)
    assert {int(k): [int(i) for i in v] for k, v in layer.graph.items()} == {4: [3], 9: [3]}


def test_csv_has_a_row_for_each_label_and_frame(family: Tracks, tmp_path: Path) -> None:
    write_tracks(tmp_path / "tracks.csv", family)
    with (tmp_path / "tracks.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert rows[0] == {"label": "3", "parent": "", "t": "0", "z": "1.0", "y": "6.5", "x": "6.5"}
    assert [row["parent"] for row in rows] == ["", "", "3", "3", "3", "3"]


def test_geff_is_a_graph_in_units_of_the_world(family: Tracks, tmp_path: Path) -> None:
    """The layout is that of geff 1.1, whose own reader opens it."""
    path = tmp_path / "tracks.geff"
    units = ("second", "micrometer", "micrometer", "micrometer")
    calibration = Calibration(family.axes, (60, 2, 0.5, 0.5), (0, 1, 0, 0), units)
    write_tracks(path, family, calibration)
    graph = zarr.open_group(path, mode="r")
    metadata = graph.attrs["geff"]
    assert metadata["directed"] is True
    assert [axis["name"] for axis in metadata["axes"]] == ["t", "z", "y", "x"]
    assert [axis["type"] for axis in metadata["axes"]] == ["time", "space", "space", "space"]
    assert [axis["unit"] for axis in metadata["axes"]] == list(units)
    assert metadata["axes"][0]["max"] == 180
    values = {name: np.asarray(graph[f"nodes/props/{name}/values"]) for name in "tzyx"}
    np.testing.assert_allclose(values["t"], [0, 60, 120, 180, 120, 180])
    np.testing.assert_allclose(values["z"], [3, 3, 1, 1, 5, 5])
    np.testing.assert_array_equal(graph["nodes/props/label/values"], [3, 3, 4, 4, 9, 9])
    ids, edges = np.asarray(graph["nodes/ids"]), np.asarray(graph["edges/ids"])
    assert (ids.dtype, edges.dtype) == (np.uint64, np.uint64)
    assert edges.tolist() == [[0, 1], [1, 2], [1, 4], [2, 3], [4, 5]]


def test_only_tracks_are_replaced(family: Tracks, tmp_path: Path) -> None:
    path = tmp_path / "tracks.geff"
    write_tracks(path, family)
    with pytest.raises(OutputError, match="overwrite"):
        write_tracks(path, family)
    write_tracks(path, family, overwrite=True)
    (tmp_path / "thesis.geff").mkdir()
    (tmp_path / "thesis.geff" / "thesis.doc").write_text("years of work")
    with pytest.raises(OutputError, match="does not hold tracks"):
        write_tracks(tmp_path / "thesis.geff", family, overwrite=True)
    assert (tmp_path / "thesis.geff" / "thesis.doc").read_text() == "years of work"
    for name, words in (("tracks.xml", ".csv or .geff"), ("no/tracks.csv", "does not exist")):
        with pytest.raises(OutputError, match=words):
            write_tracks(tmp_path / name, family)


def test_labels_without_time_have_no_tracks() -> None:
    with pytest.raises(LabelError, match="no time axis"):
        tracks_of(np.zeros((3, 4, 5), np.uint32), "ZYX")


# --- divisions -------------------------------------------------------------------------------


def dividing() -> np.ndarray:
    """A textured disc that is two from the fourth of seven frames on."""
    t, y, x = np.mgrid[:7, :96, :96]
    one = ((y - 48) ** 2 + (x - 48) ** 2 < 15**2) & (t < 3)
    apart = 10 + 3 * (t - 3)
    left = ((y - 48) ** 2 + (x - 48 + apart) ** 2 < 10**2) & (t >= 3)
    right = ((y - 48) ** 2 + (x - 48 - apart) ** 2 < 10**2) & (t >= 3)
    noise = np.random.default_rng(0).integers(0, 50, t.shape)
    return (noise + 160 * (one | left | right)).astype(np.uint8)


def test_a_mother_ends_where_her_daughters_begin() -> None:
    volume = Volume.from_array(dividing(), axes="TYX")
    session = Session.open(volume, model="cells-tiny", cache_dir=False)
    mother = session.predict(points=[(0, 48, 48)])
    daughters = session.predict_objects(
        {2: [PointPrompt((3, 48, 36))], 3: [PointPrompt((3, 48, 60))]}
    )
    list(session.propagate({1: mother, **daughters}, "t", parents={2: 1, 3: 1}))
    tracks = session.book.tracks()
    frames = {
        label: tracks.data[tracks.data[:, 0] == label, 1].astype(int).tolist()
        for label in (1, 2, 3)
    }
    assert frames == {1: [0, 1, 2], 2: [3, 4, 5, 6], 3: [3, 4, 5, 6]}
    assert tracks.graph == {2: (1,), 3: (1,)}
    last = tracks.data[tracks.data[:, 1] == 6]
    np.testing.assert_allclose(last[:, 2:], [[48, 29], [48, 67]], atol=2)


def test_a_daughter_cannot_be_there_before_its_mother_ends(tiny_model: object) -> None:
    volume = Volume.from_array(dividing(), axes="TYX")
    session = Session.open(volume, model=tiny_model, cache_dir=False)  # type: ignore[arg-type]
    square = [Mask((t,), (9, 9, 20, 20), np.ones((11, 11), bool), 0.9, 5.0) for t in (2, 2)]
    with pytest.raises(PromptError, match="object 2 is a daughter of 1"):
        session.propagate({1: square[0], 2: square[1]}, "t", parents={2: 1})


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("object,parent\n0,1,1,1,x\n", "parent must be a number"),
        ("object,parent\n0,1,1,1,1\n", "its own parent"),
        ("object,parent\n0,1,1,2,1\n1,1,1,2,3\n", "two parents"),
        ("parent\n0,1,1,1\n", "no column object"),
    ],
)
def test_parents_that_make_no_sense(tmp_path: Path, rows: str, words: str) -> None:
    path = tmp_path / "clicks.csv"
    path.write_text(f"axis-0,axis-1,axis-2,{rows}")
    with pytest.raises(PromptError, match=words):
        read_prompts(path)


def test_parents_are_read_from_a_column(tmp_path: Path) -> None:
    path = tmp_path / "clicks.csv"
    path.write_text(
        "axis-0,axis-1,axis-2,object,parent\n0,1,1,1,\n3,1,1,2,1\n3,9,9,3,1.0\n4,9,9,5,0\n"
    )
    assert read_prompts(path).parents == {2: 1, 3: 1}
