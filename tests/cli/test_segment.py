"""The command line: labels of clicks, boxes, whole images and stacks."""

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_sam import PointPrompt, Session
from napari_sam.journal.entry import ACCEPTED, UNDONE, Entry, Origin
from napari_sam.journal.journal import Journal
from napari_sam.journal.subject import Subject
from napari_sam.labels.packed_edit import PackedEdit
from tests.cli.process import Run, assert_one_line, read_labels


@pytest.mark.parametrize("name", ["labels.ome.tif", "labels.tif", "labels.ome.zarr"])
def test_clicks_become_labels(
    cli: Run, image: Path, clicks: Path, weights: Path, tmp_path: Path, name: str
) -> None:
    output = tmp_path / name
    status, out, _ = cli(
        "segment", image, "-o", output, "--points", clicks, "--model", weights, "--json"
    )
    assert status == 0
    summary, labels = json.loads(out), read_labels(output)
    assert labels.shape == (96, 128)
    present = set(np.unique(labels).tolist()) - {0}
    assert summary["objects"] == len(present)
    assert present | set(summary["missed"]) == {1, 2}
    assert summary["model"] == "tiny-random"
    assert summary["files"] == [str(output)]


def test_labels_have_the_numbers_of_the_objects(
    cli: Run, image: Path, weights: Path, tmp_path: Path
) -> None:
    shapes = tmp_path / "boxes.csv"
    shapes.write_text(
        "index,shape-type,vertex-index,axis-0,axis-1,object\n"
        "0,rectangle,0,10,20,70000\n0,rectangle,1,50,60,70000\n"
    )
    output = tmp_path / "labels.tif"
    status, out, error = cli(
        "segment", image, "-o", output, "--boxes", shapes, "--model", weights, "--no-cache"
    )
    assert status == 0
    found = set(np.unique(read_labels(output)).tolist()) - {0}
    if found:  # ImageJ has no label that large, which the user should know
        assert found == {70000}
        assert "written as OME-TIFF" in error
    else:
        assert "nothing found for object 70000" in error
    assert str(output) in out


def test_without_prompts_everything_is_segmented(
    cli: Run, image: Path, weights: Path, tmp_path: Path
) -> None:
    output = tmp_path / "labels.ome.tif"
    status, out, _ = cli("segment", image, "-o", output, "--model", weights, "--json")
    assert status == 0
    present = set(np.unique(read_labels(output)).tolist()) - {0}
    assert json.loads(out)["objects"] == len(present)


@pytest.fixture
def tubes(tmp_path: Path) -> Path:
    """Two bright textured discs that go through a stack; the second one ends after slice 5."""
    noise = np.random.default_rng(0).integers(0, 60, (8, 96, 128))
    z, y, x = np.mgrid[:8, :96, :128]
    first = (y - 30) ** 2 + (x - 40 - z) ** 2 < 150
    second = ((y - 60) ** 2 + (x - 90) ** 2 < 200) & (z < 6)
    path = tmp_path / "stack.tif"
    stack = (noise + 150 * (first | second)).astype(np.uint8)
    tifffile.imwrite(path, stack, imagej=True, metadata={"axes": "ZYX"})
    return path


def test_propagate_follows_the_clicked_objects(cli: Run, tubes: Path, tmp_path: Path) -> None:
    (tmp_path / "clicks.csv").write_text("index,axis-0,axis-1,axis-2\n0,3,30,43\n1,3,60,90\n")
    output = tmp_path / "labels.tif"
    clicks = ("--points", tmp_path / "clicks.csv")
    status, _, error = cli("segment", tubes, "-o", output, *clicks, "--propagate")
    assert status == 0, error
    labels = tifffile.imread(output)
    assert np.unique(np.nonzero(labels == 1)[0]).tolist() == list(range(8))
    assert np.unique(np.nonzero(labels == 2)[0]).tolist() == list(range(6))
    truth = tifffile.imread(tubes) > 100
    assert (truth & (labels > 0)).sum() / (truth | (labels > 0)).sum() > 0.7


def test_propagate_along_time_stays_at_its_depth(
    cli: Run, weights: Path, tubes: Path, tmp_path: Path
) -> None:
    movie = np.stack([tifffile.imread(tubes)[:3]] * 4)
    tifffile.imwrite(tmp_path / "movie.tif", movie, imagej=True, metadata={"axes": "TZYX"})
    (tmp_path / "clicks.csv").write_text("index,axis-0,axis-1,axis-2,axis-3\n0,1,2,30,42\n")
    arguments = ("--points", tmp_path / "clicks.csv", "--propagate", "--along", "t")
    output = tmp_path / "labels.tif"
    status, _, error = cli("segment", tmp_path / "movie.tif", "-o", output, *arguments)
    assert status == 0, error
    times, depths = np.nonzero(tifffile.imread(output))[:2]
    assert set(times) == {0, 1, 2, 3}
    assert set(depths) == {2}


def test_divisions_become_a_lineage(cli: Run, weights: Path, tmp_path: Path) -> None:
    y, x = np.mgrid[:64, :96]
    one = (y - 32) ** 2 + (x - 48) ** 2 < 150
    two = ((y - 32) ** 2 + (x - 34) ** 2 < 80) | ((y - 32) ** 2 + (x - 62) ** 2 < 80)
    noise = np.random.default_rng(0).integers(0, 50, (4, 64, 96))
    movie = (noise + 160 * np.stack([one, one, two, two])).astype(np.uint8)
    tifffile.imwrite(tmp_path / "movie.tif", movie, imagej=True, metadata={"axes": "TYX"})
    (tmp_path / "clicks.csv").write_text(
        "axis-0,axis-1,axis-2,object,parent\n0,32,48,1,\n2,32,34,2,1\n2,32,62,3,1\n"
    )
    tracks = tmp_path / "tracks.csv"
    status, out, error = cli(
        "segment", tmp_path / "movie.tif", "-o", tmp_path / "labels.tif", "--propagate",
        "--points", tmp_path / "clicks.csv", "--tracks", tracks, "--json",
    )  # fmt: skip
    assert status == 0, error
    assert json.loads(out)["files"] == [str(tmp_path / "labels.tif"), str(tracks)]
    rows = [line.split(",")[:3] for line in tracks.read_text().splitlines()]
    assert rows == [
        ["label", "parent", "t"],
        *[["1", "", "0"], ["1", "", "1"]],
        *[["2", "1", "2"], ["2", "1", "3"]],
        *[["3", "1", "2"], ["3", "1", "3"]],
    ]
    labels = tifffile.imread(tmp_path / "labels.tif")
    assert [set(np.unique(frame)) - {0} for frame in labels] == [{1}, {1}, {2, 3}, {2, 3}]


def test_a_journal_is_replayed_as_it_was_or_with_another_model(
    cli: Run, weights: Path, tubes: Path, tmp_path: Path
) -> None:
    session = Session.open(tubes, model="cells-tiny", cache_dir=False)
    prompts = (PointPrompt((3, 30, 43)),)
    seed = session.predict_objects({1: prompts})[1]
    list(session.propagate({1: seed}, within=(2, 5)))
    undone = session.undo()
    edits = [change.inverse() for change in undone]
    subject = Subject("stack.tif", str(tubes), "ZYX", (8, 96, 128), "")
    journal = Journal(tmp_path / "j.jsonl", subject)
    packed = tuple(PackedEdit.of(change) for change in edits)
    journal.append(Entry(ACCEPTED, packed, Origin(prompts, "cells-tiny"), label=1))
    outputs = [tmp_path / f"{name}.tif" for name in ("painted", "asked", "other")]
    status, out, error = cli("replay", journal.path, "-o", outputs[0], "--json")
    assert (status, json.loads(out)["objects"]) == (0, 1), error
    expected = np.zeros((8, 96, 128), np.uint32)
    for change in edits:
        change.apply(expected)
    np.testing.assert_array_equal(tifffile.imread(outputs[0]), expected)
    assert np.unique(np.nonzero(expected)[0]).tolist() == [2, 3, 4, 5]
    status, _, error = cli("replay", journal.path, "-o", outputs[1], "--model", "cells-tiny")
    assert status == 0, error
    np.testing.assert_array_equal(tifffile.imread(outputs[1]), expected)
    assert cli("replay", journal.path, "-o", outputs[2], "--model", weights)[0] == 0
    assert set(np.unique(tifffile.imread(outputs[2]))) <= {0, 1}
    tubes.rename(tmp_path / "moved.tif")
    status, _, error = cli("replay", journal.path, "-o", tmp_path / "x.tif")
    assert status == 1
    assert_one_line(error, "stack.tif", "--image")
    arguments = ("--image", tmp_path / "moved.tif", "--overwrite")
    assert cli("replay", journal.path, "-o", outputs[0], *arguments)[0] == 0
    journal.append(Entry(UNDONE))
    status, _, error = cli("replay", journal.path, "-o", tmp_path / "x.tif", *arguments)
    assert status == 1
    assert_one_line(error, "nothing was accepted")


def test_link_gives_an_object_one_label_in_the_whole_stack(
    cli: Run, tubes: Path, tmp_path: Path
) -> None:
    output = tmp_path / "labels.tif"
    status, out, error = cli("segment", tubes, "-o", output, "--link", "--json")
    assert status == 0, error
    labels = tifffile.imread(output)
    # what the first disc is in the middle of its first slice, it is in the middle of all
    assert len({int(labels[z, 30, 40 + z]) for z in range(8)} - {0}) == 1
    assert (labels[6:, 60, 90] == 0).all()
    assert json.loads(out)["objects"] == len(np.unique(labels)) - 1


def test_clicks_in_a_stack_stay_in_their_slice(cli: Run, weights: Path, tmp_path: Path) -> None:
    stack = tmp_path / "stack.npy"
    np.save(stack, np.random.default_rng(0).integers(0, 4000, (3, 40, 48), np.uint16))
    (tmp_path / "clicks.csv").write_text("axis-0,axis-1,axis-2,object\n0,5,5,1\n2,20,30,2\n")
    output = tmp_path / "labels.ome.tif"
    status, _, _ = cli(
        "segment", stack, "-o", output, "--points", tmp_path / "clicks.csv", "--model", weights
    )
    assert status == 0
    labels = read_labels(output)
    assert labels.shape == (3, 40, 48)
    assert set(np.unique(labels[0])) <= {0, 1}
    assert not labels[1].any()
    assert set(np.unique(labels[2])) <= {0, 2}


def odd_images() -> dict[str, np.ndarray]:
    noise = np.random.default_rng(1).normal(100, 30, (40, 50))
    broken = noise.astype(np.float32)
    broken[:20] = np.nan
    broken[30, :5], broken[31, :5] = np.inf, -np.inf
    return {
        "1x1": np.ones((1, 1), np.uint8),
        "3x5000": np.tile(np.arange(5000, dtype=np.uint16), (3, 1)),
        "nan": broken,
        "all nan": np.full((20, 20), np.nan, np.float32),
        "bool": noise > 100,
        "int16": noise.astype(np.int16),
        "rgba": np.stack([noise.astype(np.uint8)] * 4, axis=-1),
        "constant": np.full((30, 30), 7, np.uint8),
    }


def test_quick_does_not_look_closer(cli: Run, tmp_path: Path) -> None:
    y, x = np.mgrid[:90, :120]
    image = np.where(np.hypot(y % 15 - 7, x % 15 - 7) < 4.5, 150, 30).astype(np.uint8)
    tifffile.imwrite(tmp_path / "small.tif", image)
    labels = []
    for options in ((), ("--quick",)):
        out = tmp_path / f"labels{len(labels)}.tif"
        status, _, error = cli("segment", tmp_path / "small.tif", "-o", out, "--no-cache", *options)
        assert status == 0, error
        labels.append(tifffile.imread(out))
    for closer, found in zip((True, False), labels, strict=True):
        session = Session.open(image, cache_dir=False, closer=closer)
        for _ in session.segment_everything():
            pass
        np.testing.assert_array_equal(found > 0, session.labels > 0)
    assert not np.array_equal(*labels)


def test_empty_tiles_are_left_out_and_the_summary_says_so(
    cli: Run, weights: Path, tmp_path: Path
) -> None:
    noise = np.random.default_rng(0).integers(20, 30, (40, 1100), np.uint8)
    noise[10:20, 1050:1060] = 90  # in the second of two tiles
    np.save(tmp_path / "slide.npy", noise)
    words = ["segment", tmp_path / "slide.npy", "-o", tmp_path / "labels.tif", "--model", weights]
    status, out, error = cli(*words, "--no-cache")
    assert status == 0, error
    assert "tiles     1 of 2 is empty and left out: --no-skip-empty segments all" in out
    status, out, _ = cli(*words, "--no-cache", "--json", "--overwrite")
    assert json.loads(out)["tiles"].startswith("1 of 2 is empty")
    status, out, _ = cli(*words, "--no-cache", "--json", "--overwrite", "--no-skip-empty")
    assert "tiles" not in json.loads(out)


@pytest.mark.parametrize("name", odd_images())
@pytest.mark.parametrize("prompted", [True, False])
def test_odd_images_are_segmented_all_the_same(
    cli: Run, weights: Path, tmp_path: Path, name: str, prompted: bool
) -> None:
    pixels = odd_images()[name]
    np.save(tmp_path / "image.npy", pixels)
    (tmp_path / "clicks.csv").write_text("axis-0,axis-1\n0,0\n")
    points = ("--points", tmp_path / "clicks.csv") if prompted else ()
    output = tmp_path / "labels.tif"
    status, _, _ = cli("segment", tmp_path / "image.npy", "-o", output, *points, "--model", weights)
    assert status == 0
    assert read_labels(output).shape == pixels.shape[:2]


def test_overwrite_replaces(
    cli: Run, image: Path, clicks: Path, weights: Path, tmp_path: Path
) -> None:
    for name in ("labels.tif", "labels.ome.zarr"):
        arguments = (
            "segment", image, "-o", tmp_path / name, "--points", clicks, "--model", weights
        )  # fmt: skip
        assert cli(*arguments)[0] == 0
        assert cli(*arguments)[0] == 1
        assert cli(*arguments, "--overwrite")[0] == 0
        assert read_labels(tmp_path / name).shape == (96, 128)
