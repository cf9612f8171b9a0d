"""Names of files: of any bytes, as long as disks take, with brackets; refused before the work."""

import csv
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import given
from hypothesis import strategies as st

from napari_sam.cli.find_images import find_tasks
from napari_sam.cli.label_places import LabelPlaces
from napari_sam.embeddings import CacheSpec
from napari_sam.file_names import printable, shortened
from napari_sam.labels import write_labels
from napari_sam.mosaic.tile_folder import tile_folder_of
from tests.cli.process import Run, assert_one_line, read_labels

LATIN = os.fsdecode(b"lat\xb5.tif")
"""Name in Latin-1, such as instruments of the nineties gave."""

needs_any_bytes = pytest.mark.skipif(sys.platform != "linux", reason="names are Unicode there")


@pytest.fixture
def segment(cli: Run, weights: Path) -> Callable[..., tuple[int, str, str]]:
    def segment(*words: object) -> tuple[int, str, str]:
        return cli("segment", *words, "--model", weights, "--no-cache")

    return segment


@needs_any_bytes
def test_a_name_of_any_bytes_does_not_stop_a_batch(
    segment: Run, image: Path, tmp_path: Path
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name in ("a.tif", LATIN, "z.tif"):
        (folder / name).write_bytes(image.read_bytes())
    status, words, _ = segment(folder, "-o", out, "--measure", ".csv", "--json")
    assert (status, json.loads(words)["done"]) == (0, 3)
    labels = out / LATIN.replace(".tif", "_labels.ome.tif")
    assert labels.exists()
    with tifffile.TiffFile(labels) as tiff:
        xml = ElementTree.fromstring(tiff.ome_metadata or "")
    names = [element.get("Name") for element in xml.iterfind("{*}Image")]
    assert names == [r"lat\xb5_labels"]
    with (out / "report.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows][1] == str(folder / r"lat\xb5.tif")
    status, words, _ = segment(folder, "-o", out, "--measure", ".csv", "--json")
    again = json.loads(words)
    assert (status, again["exists"]) == (0, 3)
    assert again["objects"] == sum(int(row["objects"]) for row in rows)  # from the report


@needs_any_bytes
@pytest.mark.parametrize("suffix", [".ome.tif", ".tif", ".ome.zarr"])
def test_labels_under_a_name_of_any_bytes(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / (LATIN.removesuffix(".tif") + suffix)
    labels = np.eye(20, dtype=np.uint16)
    source = tmp_path / os.fsdecode(b"\xb5.zarr")
    zarr.create_group(source)
    write_labels(path, labels, axes="YX", source=source)
    np.testing.assert_array_equal(read_labels(path), labels)
    if suffix == ".ome.zarr":
        ome: Any = zarr.open_group(path, mode="r").attrs["ome"]
        assert ome["multiscales"][0]["name"] == r"lat\xb5"
        assert "source" not in ome["image-label"]  # JSON cannot hold the path


@needs_any_bytes
def test_embeddings_of_a_name_of_any_bytes_are_kept(
    cli: Run, image: Path, weights: Path, tmp_path: Path
) -> None:
    image.rename(tmp_path / LATIN)
    status, out, _ = cli("embed", tmp_path / LATIN, "--model", weights, "--json")
    assert (status, json.loads(out)["stored"]) == (0, 1)
    (entry,) = json.loads(cli("cache", "info", "--json")[1])["images"]
    assert (entry["image"], entry["tiles_done"]) == (str(tmp_path / r"lat\xb5.tif"), 1)
    assert cli("cache", "info")[0] == 0
    _, out, _ = cli("cache", "clear", "--image", tmp_path / LATIN, "--json")
    assert json.loads(out)["freed"] == entry["bytes"]


@given(st.text(st.characters(exclude_categories=[])))
def test_every_name_is_printable_and_only_what_must_be_is_changed(name: str) -> None:
    text = printable(name)
    text.encode("utf-8")
    ElementTree.fromstring(f'<a b="{text.translate({34: 39, 38: 43, 60: 40})}"/>')
    assert printable(text) == text
    if name.isprintable():
        assert text == name
    spec = CacheSpec(name, "m", "w", "i", 64, 8, (1, 1), {"a": (1,)})
    assert CacheSpec(**spec.attributes()) == spec


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 300))
def test_names_are_cut_between_characters(name: str, most: int) -> None:
    cut = shortened(name, most)
    assert name.startswith(cut)
    assert len(cut.encode()) <= most
    assert cut == name or len(name[: len(cut) + 1].encode()) > most


@pytest.mark.parametrize("letter", ["n", "\N{CJK UNIFIED IDEOGRAPH-65E5}"])
@pytest.mark.parametrize("suffix", [".ome.tif", ".tif", ".ome.zarr"])
def test_a_name_as_long_as_the_disk_takes(
    segment: Run, image: Path, letter: str, suffix: str, tmp_path: Path
) -> None:
    stem = letter * ((255 - len(suffix)) // len(letter.encode()))
    output = tmp_path / (stem + suffix)
    status, out, error = segment(image, "-o", output, "--json")
    assert (status, error) == (0, "")
    assert json.loads(out)["objects"] == len(np.unique(read_labels(output))) - 1
    assert {path.name for path in tmp_path.iterdir()} == {image.name, output.name}


def test_folders_of_tiles_of_long_names_differ_and_short_ones_stay() -> None:
    long = [tile_folder_of(Path("n" * 240 + end + ".tif")).name for end in "ab"]
    assert len(set(long)) == 2
    assert max(map(len, long)) <= 255
    assert tile_folder_of(Path("/x/cells.tif")) == Path("/x/.cells.tif.tiles")


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (".tif", "does not say how to save labels"),
        (".ome.zarr", "does not say how to save labels"),
        ("labels.jpg", "does not say how to save labels"),
        ("n" * 252 + ".tif", "choose a shorter name"),
        ("missing/labels.tif", "does not exist"),
        ("results", "is a folder"),
    ],
)
def test_an_output_that_cannot_be_is_refused_before_the_work(
    segment: Run, image: Path, output: str, words: str, tmp_path: Path
) -> None:
    (tmp_path / "results").mkdir()
    status, out, error = segment(image, "-o", tmp_path / output)
    assert (status, out) == (1, "")
    assert_one_line(error, words)
    assert {path.name for path in tmp_path.iterdir()} == {image.name, "results"}


@pytest.mark.parametrize("option", ["--measure", "--tracks"])
def test_further_outputs_are_looked_at_before_the_work_too(
    segment: Run, option: str, tmp_path: Path
) -> None:
    np.save(tmp_path / "movie.npy", np.zeros((2, 32, 32), np.uint8))
    words = [tmp_path / "movie.npy", "--axes", "TYX", "-o", tmp_path / "l.tif"]
    status, _, error = segment(*words, option, tmp_path / ("m" * 252 + ".csv"))
    assert status == 1
    assert_one_line(error, "choose a shorter name")
    assert [path.name for path in tmp_path.iterdir()] == ["movie.npy"]


def test_an_output_of_a_batch_that_cannot_be_stops_it_before_the_first_image(
    segment: Run, image: Path, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text("image,output\ncells.tif,good.tif\ncells.tif,bad.jpg\n")
    status, _, error = segment(tmp_path / "t.csv", "-o", tmp_path / "out")
    assert status == 1
    assert_one_line(error, "'bad.jpg' does not say how to save labels")
    assert not (tmp_path / "good.tif").exists()


def test_a_disk_without_room_is_told_before_the_work(
    segment: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a sparse file: its labels would take 8 TB
    np.lib.format.open_memmap(tmp_path / "huge.npy", "w+", np.uint8, (1000, 64_000, 64_000))
    status, _, error = segment(tmp_path / "huge.npy", "--axes", "ZYX", "-o", tmp_path / "l.tif")
    assert status == 1
    assert_one_line(error, "l.tif takes at least 8,192,000 MB", "free space there")


def test_patterns_in_folders_whose_names_look_like_patterns(image: Path, tmp_path: Path) -> None:
    folder = tmp_path / "exp [1]" / "day*"
    (folder / "deep").mkdir(parents=True)
    for path in (folder / "a.tif", folder / "b.tif", folder / "deep" / "c.tif"):
        path.write_bytes(image.read_bytes())

    def images(pattern: str) -> list[str]:
        tasks = find_tasks([str(folder / pattern)], LabelPlaces(tmp_path / "out", ".ome.tif"))
        return [str(Path(task.image).relative_to(folder)) for task in tasks]

    assert images("*.tif") == ["a.tif", "b.tif"]
    assert images("[a-a].tif") == ["a.tif"]
    assert images("**/*.tif") == ["a.tif", "b.tif", str(Path("deep", "c.tif"))]
    assert images("../*/?.tif") == [str(Path("..", "day*", name)) for name in ("a.tif", "b.tif")]


@pytest.mark.parametrize("command", ["segment", "measure", "evaluate", "embed", "replay"])
def test_an_input_whose_name_no_disk_takes_is_one_line(
    cli: Run, command: str, tmp_path: Path
) -> None:
    name = "n" * 300 + (".jsonl" if command == "replay" else ".tif")
    further = {"evaluate": [tmp_path / name], "embed": []}.get(command, ["-o", tmp_path / "o.csv"])
    further = ["-o", tmp_path / "o.tif"] if command in ("segment", "replay") else further
    status, out, error = cli(command, tmp_path / name, *further)
    assert (status, out) == (1, "")
    assert_one_line(error, name)
    assert "unexpected" not in error
    assert [path for path in tmp_path.iterdir() if path.name != "cache"] == []


def test_a_model_whose_name_no_disk_takes_is_unknown(cli: Run, image: Path, tmp_path: Path) -> None:
    status, _, error = cli("segment", image, "-o", tmp_path / "l.tif", "--model", "m" * 300)
    assert status == 1
    assert_one_line(error)
    assert "unexpected" not in error


def test_a_batch_whose_outputs_have_too_long_names_is_refused_before_the_work(
    segment: Run, image: Path, tmp_path: Path
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name in ("a.tif", "n" * 251 + ".tif"):
        (folder / name).write_bytes(image.read_bytes())
    status, words, error = segment(folder, "-o", out)
    assert (status, words) == (1, "")
    assert_one_line(error, "_labels.ome.tif has a name of 266 bytes", "shorter name")
    assert list(out.iterdir()) == []
