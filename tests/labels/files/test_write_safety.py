"""Saving never loses what was there, never leaves half a file, and says what to do."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

from napari_sam.errors import LabelError, OutputError
from napari_sam.labels import SUFFIXES, iter_write_labels, write_labels

pytestmark = pytest.mark.long  # processes that are killed, and disks that are full

NAMES = ["labels.tif", "labels.ome.tif", "labels.ome.zarr"]
OLD = np.full((1000, 800), 3, np.uint32)


@pytest.fixture
def new() -> np.ndarray:
    """Labels that do not compress."""
    return np.random.default_rng(0).integers(0, 60_000, (3, 1000, 800), np.uint16)


def read(path: Path) -> np.ndarray:
    if path.name.endswith(".zarr"):
        return zarr.open_group(path, mode="r")["0"][:]
    return tifffile.imread(path)


def run(code: str, *arguments: object) -> "subprocess.Popen[str]":
    source = Path(__file__).parents[3] / "src"
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(source)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("name", NAMES)
def test_what_exists_is_replaced_only_when_asked(tmp_path, new, name):
    write_labels(tmp_path / name, OLD)
    with pytest.raises(OutputError, match=r"exists already: .* --overwrite \(overwrite=True\)"):
        write_labels(tmp_path / name, new)
    assert (read(tmp_path / name) == OLD).all()
    write_labels(tmp_path / name, new, overwrite=True)
    assert (read(tmp_path / name) == new).all()
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("existing", [False, True])
def test_closing_half_way_leaves_what_was_there(tmp_path, new, name, existing):
    if existing:
        write_labels(tmp_path / name, OLD)
    steps = iter_write_labels(tmp_path / name, new, overwrite=True)
    done, total = next(steps)
    assert done < total
    assert len(list(tmp_path.iterdir())) == 1 + existing
    steps.close()
    assert [entry.name for entry in tmp_path.iterdir()] == [name] * existing
    if existing:
        assert (read(tmp_path / name) == OLD).all()


@pytest.mark.parametrize("name", NAMES)
def test_labels_that_fail_half_way_leave_what_was_there(tmp_path, new, name):
    write_labels(tmp_path / name, OLD)
    labels = new.astype(np.int64)
    labels[2, 999, 799] = -1
    with pytest.raises(LabelError, match="label -1 cannot be saved"):
        write_labels(tmp_path / name, labels, overwrite=True)
    assert (read(tmp_path / name) == OLD).all()
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


FULL = """
import resource, sys
import numpy as np
from napari_sam.errors import OutputError
from napari_sam.labels import write_labels

labels = np.random.default_rng(0).integers(0, 60_000, (3, 1000, 800), np.uint16)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
try:
    write_labels(sys.argv[1], labels, overwrite=True)
except OutputError as error:
    print(error)
"""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("existing", [False, True])
def test_a_file_that_the_disk_does_not_take(tmp_path, name, existing):
    if existing:
        write_labels(tmp_path / name, OLD)
    process = run(FULL, tmp_path / name)
    output, errors = process.communicate()
    assert errors == ""
    assert process.returncode == 0
    assert re.fullmatch(r".* cannot be written \(File too large\): .*another folder.*\n", output)
    assert [entry.name for entry in tmp_path.iterdir()] == [name] * existing
    if existing:
        assert (read(tmp_path / name) == OLD).all()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB, where disks may be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a small disk needs more rights; the file size limit is tested anyway")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk(small_disk, new, name):
    write_labels(small_disk / name, OLD[:300, :300])
    with pytest.raises(OutputError, match=r"No space left on device\): free space there"):
        write_labels(small_disk / name, new, overwrite=True)
    assert [entry.name for entry in small_disk.iterdir()] == [name]
    assert (read(small_disk / name) == 3).all()


SLOW = """
import sys, time
import numpy as np
from napari_sam.labels import iter_write_labels

labels = np.random.default_rng(0).integers(0, 60_000, (3, 1000, 800), np.uint16)
for step in iter_write_labels(sys.argv[1], labels, overwrite=True):
    print(*step, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("name", NAMES)
def test_a_killed_process_leaves_what_was_there(tmp_path, new, name):
    write_labels(tmp_path / name, OLD)
    process = run(SLOW, tmp_path / name)
    assert process.stdout.readline().startswith("1 ")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert (read(tmp_path / name) == OLD).all()
    (left,) = (entry for entry in tmp_path.iterdir() if entry.name != name)
    assert left.name.startswith(f".{name}.")
    write_labels(tmp_path / name, new, overwrite=True)
    assert left.exists(), "it may be the work of a process that is still running"
    yesterday = time.time() - 25 * 3600
    for path in (left, *left.rglob("*")):
        os.utime(path, (yesterday, yesterday))
    write_labels(tmp_path / name, new, overwrite=True)
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    assert (read(tmp_path / name) == new).all()


@pytest.mark.parametrize("name", NAMES)
def test_an_interrupted_program_ends(tmp_path, name):
    process = run(SLOW, tmp_path / name)
    assert process.stdout.readline().startswith("1 ")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_folder(tmp_path, name):
    with pytest.raises(OutputError, match="results does not exist: create it"):
        write_labels(tmp_path / "results" / name, OLD)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def read_only() -> Iterator[Path]:
    """A folder that this process cannot write to, even when it is the administrator's."""
    folder = Path(tempfile.mkdtemp())
    user = os.geteuid()
    try:
        folder.chmod(0o555)
        if user == 0:
            os.seteuid(65534)
        yield folder
    finally:
        if user == 0:
            os.seteuid(0)
        folder.chmod(0o755)
        folder.rmdir()


@pytest.mark.parametrize("name", NAMES)
def test_a_read_only_folder(tmp_path, read_only, name):
    with pytest.raises(OutputError, match=r"Permission denied\): choose a folder that you may"):
        write_labels(read_only / name, OLD)
    assert not list(read_only.iterdir())


@pytest.mark.parametrize("name", ["labels", "labels.png", "labels.tif.gz", ".ome.zarr", "a.ome"])
def test_unknown_suffixes(tmp_path, name):
    with pytest.raises(OutputError, match="does not say how to save") as error:
        write_labels(tmp_path / name, OLD)
    assert all(suffix in str(error.value) for suffix in SUFFIXES)
    assert not list(tmp_path.iterdir())


def test_suffixes_in_capitals(tmp_path):
    write_labels(tmp_path / "A.OME.TIF", OLD)
    with tifffile.TiffFile(tmp_path / "A.OME.TIF") as tiff:
        assert tiff.is_ome


def test_folders_of_other_programs_are_never_replaced(tmp_path):
    folder = tmp_path / "thesis.zarr"
    folder.mkdir()
    (folder / "chapter1.txt").write_text("three years")
    with pytest.raises(OutputError, match="is a folder of another program, not a zarr"):
        write_labels(folder, OLD, overwrite=True)
    assert (folder / "chapter1.txt").read_text() == "three years"


def test_zarr_images_are_never_replaced(tmp_path):
    array = zarr.create_array(tmp_path / "raw.zarr", shape=(4, 4), dtype="uint8")
    array[:] = 7
    with pytest.raises(OutputError, match="is a zarr that is not a label image"):
        write_labels(tmp_path / "raw.zarr", OLD, overwrite=True)
    assert (zarr.open_array(tmp_path / "raw.zarr", mode="r")[:] == 7).all()


def test_an_empty_folder_may_be_replaced(tmp_path):
    (tmp_path / "a.zarr").mkdir()
    write_labels(tmp_path / "a.zarr", OLD, overwrite=True)
    assert (read(tmp_path / "a.zarr") == OLD).all()


@pytest.mark.parametrize(
    ("name", "message"),
    [("a.zarr", "is a file, not a zarr folder"), ("a.tif", "is not a file: choose another name")],
)
def test_files_and_folders_do_not_replace_each_other(tmp_path, name, message):
    if name == "a.zarr":
        (tmp_path / name).write_text("x")
    else:
        (tmp_path / name).mkdir()
    with pytest.raises(OutputError, match=message):
        write_labels(tmp_path / name, OLD, overwrite=True)


def test_the_image_itself_is_never_replaced(tmp_path):
    tifffile.imwrite(tmp_path / "cells.tif", OLD)
    os.symlink(tmp_path / "cells.tif", tmp_path / "link.tif")
    for name in ("cells.tif", "link.tif"):
        with pytest.raises(OutputError, match="is the image itself: choose another name"):
            write_labels(tmp_path / name, OLD, source=tmp_path / "cells.tif", overwrite=True)
    assert (tifffile.imread(tmp_path / "cells.tif") == OLD).all()


def test_a_link_goes_on_pointing_to_the_labels(tmp_path):
    write_labels(tmp_path / "a.tif", OLD)
    os.symlink(tmp_path / "a.tif", tmp_path / "link.tif")
    write_labels(tmp_path / "link.tif", OLD + 1, overwrite=True)
    assert (tmp_path / "link.tif").is_symlink()
    assert (read(tmp_path / "a.tif") == 4).all()


def test_labels_may_be_saved_over_the_file_that_they_are_read_from(tmp_path, new):
    write_labels(tmp_path / "a.zarr", new)
    labels = zarr.open_array(tmp_path / "a.zarr" / "0", mode="r")
    write_labels(tmp_path / "a.zarr", labels, overwrite=True)
    assert (read(tmp_path / "a.zarr") == new).all()


def test_a_long_name(tmp_path):
    name = "x" * (255 - len(".ome.tif")) + ".ome.tif"
    write_labels(tmp_path / name, OLD)
    assert (read(tmp_path / name) == OLD).all()
    with pytest.raises(OutputError, match="choose a shorter name"):
        write_labels(tmp_path / f"x{name}", OLD)
