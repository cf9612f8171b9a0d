"""Inputs of a command are never replaced by its outputs, whatever their names and links."""

import json
import os
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

from napari_sam import Session
from napari_sam.errors import OutputError
from napari_sam.image.read import read_image
from napari_sam.journal.entry import ACCEPTED, Entry, Origin
from napari_sam.journal.journal import Journal
from napari_sam.journal.subject import Subject
from napari_sam.labels.files.class_files import COLUMNS
from napari_sam.labels.files.inputs import Inputs
from napari_sam.labels.packed_edit import PackedEdit
from napari_sam.labels.paint import paint
from napari_sam.masks.mask import Mask
from tests.cli.process import Run, assert_one_line

Refuse = Callable[..., str]


def digests(folder: Path) -> dict[str, str]:
    """Content of all files below a folder, but for the cache."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.relative_to(folder).parts[0] != "cache"
    }


@pytest.fixture
def refuse(cli: Run, tmp_path: Path) -> Refuse:
    """Run a command that must end with one line and leave every file as it was."""

    def refuse(*arguments: object) -> str:
        before = digests(tmp_path)
        status, out, error = cli(*arguments)
        assert (status, out) == (1, "")
        assert_one_line(error)
        assert digests(tmp_path) == before
        return error

    return refuse


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """Labels of the image, with a table of classes."""
    data = np.zeros((96, 128), np.uint16)
    data[20:40, 30:50] = 1
    tifffile.imwrite(tmp_path / "nuclei.tif", data)
    (tmp_path / "nuclei_classes.csv").write_text(",".join(COLUMNS) + "\n1,dead,#ff0000\n")
    return tmp_path / "nuclei.tif"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """An image in OME-Zarr 0.5."""
    group = zarr.create_group(tmp_path / "image.zarr", zarr_format=3)
    group.create_array("0", data=np.full((64, 64), 7, np.uint8))
    axes = [{"name": name, "type": "space"} for name in "yx"]
    scale = [{"type": "scale", "scale": [1.0, 1.0]}]
    levels = [{"path": "0", "coordinateTransformations": scale}]
    multiscales = [{"axes": axes, "datasets": levels, "name": "image"}]
    group.attrs["ome"] = {"version": "0.5", "multiscales": multiscales}
    return tmp_path / "image.zarr"


@pytest.fixture
def journal(image: Path, tmp_path: Path) -> Path:
    """A journal with one accepted object."""
    labels = np.zeros((96, 128), np.uint32)
    square = Mask((), (0, 0, 8, 8), np.ones((8, 8), bool), 0.9, 1.0)
    whole = PackedEdit.of(paint(square, labels, 1))
    path = tmp_path / "cells.jsonl"
    subject = Subject("cells", str(image), "YX", (96, 128), "")
    Journal(path, subject).append(Entry(ACCEPTED, (whole,), Origin(), label=1))
    return path


def chain(folder: Path, rows: Iterable[str]) -> Path:
    path = folder / "table.csv"
    path.write_text("\n".join(["image,output", *rows]) + "\n")
    return path


@pytest.mark.parametrize("options", [(), ("--overwrite",)], ids=["", "overwrite"])
def test_an_image_of_a_table_is_not_the_output_of_another(
    refuse: Refuse, image: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    (tmp_path / "b.tif").write_bytes(image.read_bytes()[::-1])
    table = chain(tmp_path, ["cells.tif,b.tif", "b.tif,c.tif"])
    error = refuse("segment", table, "-o", tmp_path / "out", *options)
    assert "b.tif is the image itself: choose another name" in error
    assert not (tmp_path / "c.tif").exists()
    assert list((tmp_path / "out").iterdir()) == []


def test_an_image_that_another_row_would_make_is_refused(
    refuse: Refuse, image: Path, tmp_path: Path
) -> None:
    table = chain(tmp_path, ["cells.tif,b.tif", "b.tif,c.tif"])
    assert "b.tif is the image itself" in refuse("segment", table, "-o", tmp_path / "out")


def test_the_table_of_a_batch_is_not_its_report(
    refuse: Refuse, image: Path, tmp_path: Path
) -> None:
    table = chain(tmp_path, ["cells.tif,"]).rename(tmp_path / "report.csv")
    error = refuse("segment", table, "-o", tmp_path, "--overwrite")
    assert "report.csv is the table of images itself" in error


@pytest.mark.parametrize("link", [os.symlink, os.link], ids=["symbolic", "hard"])
@pytest.mark.parametrize("name", ["b.tif", "cells.tif"])
def test_links_to_images_are_the_images(
    refuse: Refuse, image: Path, tmp_path: Path, link: Callable[[Path, Path], None], name: str
) -> None:
    (tmp_path / "b.tif").write_bytes(image.read_bytes()[::-1])
    link(tmp_path / name, tmp_path / "link.tif")
    table = chain(tmp_path, ["cells.tif,link.tif", "b.tif,c.tif"])
    error = refuse("segment", table, "-o", tmp_path / "out", "--overwrite")
    assert f"link.tif is the image itself ({tmp_path / name}): choose another name" in error


@pytest.mark.parametrize("option", ["--measure", "--tracks"])
@pytest.mark.parametrize("link", [None, os.symlink, os.link], ids=["", "symbolic", "hard"])
def test_points_are_not_replaced_by_tables(
    refuse: Refuse,
    image: Path,
    clicks: Path,
    tmp_path: Path,
    option: str,
    link: Callable[[Path, Path], None] | None,
) -> None:
    output = clicks if link is None else tmp_path / "link.csv"
    if link is not None:
        link(clicks, output)
    words = ["segment", image, "-o", tmp_path / "l.tif", "--points", clicks, "--overwrite"]
    error = refuse(*words, option, output)
    assert f"{output} is the file of points itself" in error


def test_boxes_are_not_replaced_by_a_table_of_the_batch(
    refuse: Refuse, image: Path, tmp_path: Path
) -> None:
    (tmp_path / "one.csv").write_text("index,shape-type,vertex-index,axis-0,axis-1\n")
    table = tmp_path / "table.csv"
    table.write_text("image,output,boxes\ncells.tif,one.tif,one.csv\n")
    words = ["segment", table, "-o", tmp_path / "out", "--measure", ".csv", "--overwrite"]
    assert "one.csv is the file of boxes itself" in refuse(*words)


def test_a_report_of_others_is_not_replaced(
    refuse: Refuse, cli: Run, image: Path, weights: Path, tmp_path: Path
) -> None:
    words = ["segment", image, image, "-o", tmp_path / "out", "--model", weights]
    (tmp_path / "out").mkdir()
    report = tmp_path / "out" / "report.csv"
    report.write_text("patient,result\n1,2\n")
    assert "report.csv is not a report of napari-sam" in refuse(*words, "--overwrite")
    report.unlink()
    for _ in range(2):  # a report of our own is replaced
        assert cli(*words)[0] == 0
    assert report.read_text().startswith("file,output,status,")


def test_a_refused_output_is_named_as_the_user_did(
    refuse: Refuse, store: Path, weights: Path
) -> None:
    output = store / "labels" / "cells" / "deep"
    error = refuse("segment", store, "-o", output, "--model", weights)
    assert error.startswith(f"napari-sam: {output} is inside the image {store}")


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("nuclei_classes.csv", "table of classes"),
        ("link.csv", "label image"),
        ("cells.csv", "image"),
    ],
)
def test_measure_replaces_nothing_that_it_reads(
    refuse: Refuse, image: Path, labels: Path, tmp_path: Path, name: str, role: str
) -> None:
    os.symlink(labels, tmp_path / "link.csv")
    os.link(image, tmp_path / "cells.csv")
    words = ["measure", labels, "--image", image, "--overwrite"]
    error = refuse(*words, "-o", tmp_path / "new.geojson", "-o", tmp_path / name)
    assert f"{name} is the {role} itself" in error


def test_replay_replaces_neither_image_nor_journal_nor_weights(
    refuse: Refuse, image: Path, journal: Path, weights: Path, tmp_path: Path
) -> None:
    os.link(journal, tmp_path / "journal.tif")
    copy = tmp_path / "weights.safetensors"
    copy.write_bytes(weights.read_bytes())
    os.symlink(copy, tmp_path / "weights.tif")
    names = {"cells.tif": "image", "journal.tif": "journal", "weights.tif": "file of weights"}
    for name, role in names.items():
        words = ["replay", journal, "-o", tmp_path / name, "--model", copy, "--overwrite"]
        assert f"the {role} itself" in refuse(*words)


def test_no_export_and_no_labels_replace_a_zarr(
    refuse: Refuse, store: Path, image: Path, tmp_path: Path
) -> None:
    os.symlink(store, tmp_path / "link.zarr")
    for output in (store, tmp_path / "link.zarr"):
        words = [store, output, "--model", "vit_b", "--overwrite"]
        assert "image itself" in refuse("cache", "export-micro-sam", *words)
        assert "image itself" in refuse("segment", store, "-o", output, "--overwrite")
    for output in (store / "0", store / "0" / "l.ome.zarr", store / "l.ome.tif"):
        words = ["segment", store, "-o", output, "--overwrite"]
        assert "is inside the image" in refuse(*words)
    words = ["segment", store, "-o", tmp_path / "l.tif", "--measure", store / "cells.csv"]
    assert "cells.csv is inside the image" in refuse(*words)
    words = ["segment", store / "0", "-o", store, "--overwrite"]
    assert "image.zarr holds the image" in refuse(*words)


def test_labels_go_into_the_image_where_the_format_has_them(
    cli: Run, refuse: Refuse, store: Path, weights: Path
) -> None:
    before = digests(store)
    output = store / "labels" / "cells"
    for options in ((), ("--overwrite",)):
        words = ["segment", store, "-o", output, "--model", weights, "--json", *options]
        status, out, _ = cli(*words)
        assert status == 0
        assert json.loads(out)["files"] == [str(output)]
    assert {name: digest for name, digest in digests(store).items() if name in before} == before
    words = ["segment", output, "-o", output, "--overwrite"]
    assert "is the image itself" in refuse(*words)


def test_points_in_a_folder_that_would_be_replaced_are_not_lost(
    refuse: Refuse, cli: Run, image: Path, clicks: Path, weights: Path, tmp_path: Path
) -> None:
    output = tmp_path / "l.ome.zarr"
    words = ["segment", image, "-o", output, "--model", weights, "--overwrite", "--points"]
    assert cli(*words, clicks)[0] == 0
    moved = clicks.rename(output / "clicks.csv")
    assert f"{output} holds the file of points {moved}" in refuse(*words, moved)


@pytest.fixture
def split(tmp_path: Path) -> tuple[Path, Path]:
    """An OME-TIFF of two planes in two files."""
    paths = tmp_path / "z0.ome.tif", tmp_path / "z1.ome.tif"
    data = "".join(
        f'<TiffData FirstZ="{z}" IFD="0" PlaneCount="1"><UUID FileName="{path.name}">'
        f"urn:uuid:00000000-0000-0000-0000-00000000000{z}</UUID></TiffData>"
        for z, path in enumerate(paths)
    )
    for z, path in enumerate(paths):
        xml = (
            '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" '
            f'UUID="urn:uuid:00000000-0000-0000-0000-00000000000{z}"><Image ID="Image:0">'
            '<Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint8" SizeX="64" SizeY="48" '
            f'SizeZ="2" SizeC="1" SizeT="1"><Channel ID="Channel:0:0" SamplesPerPixel="1"/>{data}'
            "</Pixels></Image></OME>"
        )
        pixels = np.full((48, 64), z + 1, np.uint8)
        tifffile.imwrite(path, pixels, description=xml, metadata=None)
    return paths


def test_no_file_of_an_image_in_several_files_is_replaced(
    refuse: Refuse, image: Path, split: tuple[Path, Path], tmp_path: Path
) -> None:
    assert read_image(split[0]).data.shape == (2, 48, 64)
    os.symlink(split[1], tmp_path / "link.tif")
    for name in ("z1.ome.tif", "link.tif"):
        words = ["-o", tmp_path / name, "--overwrite"]
        assert f"is a part of the image {split[0]}" in refuse("segment", split[0], *words)
    table = chain(tmp_path, ["cells.tif,z1.ome.tif", "z0.ome.tif,labels.tif"])
    error = refuse("segment", table, "-o", tmp_path / "out", "--overwrite")
    assert "z1.ome.tif is a part of the image" in error


def test_the_demo_does_not_replace_its_weights(
    refuse: Refuse, weights: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "overlay.png"
    copy.write_bytes(weights.read_bytes())
    error = refuse("demo", "-o", tmp_path, "--model", copy, "--overwrite")
    assert "overlay.png is the file of weights itself" in error


def test_two_outputs_are_two_files(
    refuse: Refuse, image: Path, labels: Path, tmp_path: Path
) -> None:
    twice = tmp_path / "cells.csv"
    assert "cells.csv is named for two outputs: " in refuse(
        "measure", labels, "-o", twice, "-o", tmp_path / "." / "cells.csv"
    )
    words = ["segment", image, "-o", tmp_path / "l.ome.zarr"]
    assert "cells.csv is named for two outputs: " in refuse(
        *words, "--tracks", twice, "--measure", twice
    )
    assert "cells.csv lies inside another output, " in refuse(
        *words, "--measure", tmp_path / "l.ome.zarr" / "cells.csv"
    )
    os.symlink(twice, tmp_path / "link.csv")
    assert f"link.csv is named for two outputs ({twice}): " in refuse(
        "measure", labels, "-o", twice, "-o", tmp_path / "link.csv"
    )


def test_two_images_of_a_table_have_two_tables_of_measurements(
    refuse: Refuse, image: Path, tmp_path: Path
) -> None:
    (tmp_path / "b.tif").write_bytes(image.read_bytes())
    table = chain(tmp_path, ["cells.tif,l.ome.zarr", "b.tif,l.tif"])
    error = refuse("segment", table, "-o", tmp_path / "out", "--measure", ".csv")
    assert "l.csv is named for two outputs" in error


def test_a_session_saves_neither_labels_nor_tracks_over_the_image(
    weights: Path, tmp_path: Path
) -> None:
    path = tmp_path / "film.tif"
    tifffile.imwrite(path, np.zeros((2, 64, 64), np.uint8), metadata={"axes": "TYX"})
    os.link(path, tmp_path / "film.csv")
    before = digests(tmp_path)
    session = Session.open(path, model=str(weights), cache_dir=False)
    for name in ("film.tif", "film.csv"):
        with pytest.raises(OutputError, match="is the image itself"):
            session.save(tmp_path / name, overwrite=True)
    assert digests(tmp_path) == before


def test_other_files_are_free(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.tif").write_bytes(b"a")
    inputs = Inputs({tmp_path / "folder" / "a.tif": "image", tmp_path / "gone.csv": "points"})
    Inputs({tmp_path / "folder": "image"}).check([tmp_path / "folder" / "b.tif"])  # no zarr
    free = ["folder/a_labels.tif", "folder/A.csv", "a.tif", "new/deep/b.tif"]
    inputs.check(tmp_path / name for name in free)
