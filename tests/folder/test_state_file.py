"""The state of a folder is one document: written whole or not at all, and never lost."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from napari_sam.errors import OutputError
from napari_sam.folder.image_list import FolderImage
from napari_sam.folder.labels_place import check_unchanged, labels_path, make_place, stamp_of
from napari_sam.folder.state import FolderState, ImageState, Stage
from napari_sam.folder.state_file import NAME, StateFile

DONE = ImageState(Stage.DONE)
FLAGGED = ImageState(Stage.BEGUN, flagged=True)


@pytest.fixture
def file(tmp_path: Path) -> StateFile:
    (tmp_path / "labels").mkdir()
    return StateFile(tmp_path / "labels", tmp_path)


def test_the_state_comes_back(file: StateFile, tmp_path: Path) -> None:
    assert file.read() == (FolderState(), "")
    states = {"a.tif": DONE, "x/b.tif": FLAGGED, "c.tif": ImageState(problem="no planes")}
    written = file.write(FolderState(), states, current="x/b.tif")
    again, sentence = StateFile(tmp_path / "labels", tmp_path).read()
    assert (again, sentence) == (written, "")
    assert again == FolderState("x/b.tif", states)
    counts = again.count(["a.tif", "x/b.tif", "d.tif"])
    assert (counts.all, counts.done, counts.flagged) == (3, 1, 1)


def test_images_and_labels_may_be_moved_together(file: StateFile, tmp_path: Path) -> None:
    file.write(FolderState(), {"a.tif": DONE})
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "labels").rename(tmp_path / "elsewhere" / "labels")
    moved = StateFile(tmp_path / "elsewhere" / "labels", tmp_path / "elsewhere")
    assert moved.read()[0].of("a.tif") == DONE


def test_two_writers_keep_what_both_have_done(file: StateFile, tmp_path: Path) -> None:
    other = StateFile(tmp_path / "labels", tmp_path)
    state, _ = other.read()
    file.write(FolderState(), {"a.tif": DONE})
    both = other.write(state, {"b.tif": FLAGGED})
    assert both.images == {"a.tif": DONE, "b.tif": FLAGGED}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"version": 1}',
        b'{"version": 1, "images_in": "..", "images": {"a": {"stage": "x"}}}',
    ],
)
def test_a_damaged_document_is_set_aside_and_never_deleted(file: StateFile, content: bytes) -> None:
    file.path.write_bytes(content)
    first_aside = file.path.with_name(f"{NAME}.damaged-1")
    first_aside.write_bytes(b"of an earlier time")
    state, sentence = file.read()
    assert state == FolderState()
    assert sentence.endswith(f"it is {NAME}.damaged-2 now, and all images are untouched")
    assert file.path.with_name(f"{NAME}.damaged-2").read_bytes() == content
    assert first_aside.read_bytes() == b"of an earlier time"
    assert not file.path.exists()


def test_a_document_that_is_damaged_meanwhile_loses_no_state(file: StateFile) -> None:
    state = file.write(FolderState(), {"a.tif": DONE})
    file.path.write_bytes(b"{")
    assert file.write(state, {"b.tif": FLAGGED}).images == {"a.tif": DONE, "b.tif": FLAGGED}
    assert file.path.with_name(f"{NAME}.damaged-1").read_bytes() == b"{"


def test_documents_of_other_images_and_of_later_versions_are_left_alone(
    file: StateFile, tmp_path: Path
) -> None:
    file.write(FolderState(), {"a.tif": DONE})
    before = file.path.read_bytes()
    other = StateFile(tmp_path / "labels", tmp_path / "others")
    with pytest.raises(OutputError, match="has the labels of other images"):
        other.read()
    with pytest.raises(OutputError, match="has the labels of other images"):
        other.write(FolderState(), {})
    assert file.path.read_bytes() == before
    newer = json.dumps({"version": 2, "images_in": "..", "images": []})
    file.path.write_text(newer, encoding="utf-8")
    with pytest.raises(OutputError, match="newer napari-sam: update"):
        file.read()
    assert file.path.read_text(encoding="utf-8") == newer


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of a process there")
def test_a_full_disk_leaves_the_document_as_it_was(file: StateFile, tmp_path: Path) -> None:
    state = file.write(FolderState(), {"a.tif": DONE})
    code = f"""
import resource, signal
from pathlib import Path
from napari_sam.errors import OutputError
from napari_sam.folder.state import ImageState
from napari_sam.folder.state_file import StateFile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
file = StateFile(Path({str(file.path.parent)!r}), Path({str(tmp_path)!r}))
state, _ = file.read()
changes = {{f"{{number}}.tif": ImageState(flagged=True) for number in range(5000)}}
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    file.write(state, changes)
except OutputError as error:
    print(error)
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.startswith(f"{file.path} cannot be written (File too large)")
    assert file.read() == (state, "")
    assert [path.name for path in file.path.parent.iterdir()] == [NAME]


def test_a_folder_that_vanished_is_not_made_anew(file: StateFile, tmp_path: Path) -> None:
    state = file.write(FolderState(), {"a.tif": DONE})
    file.path.unlink()
    file.path.parent.rmdir()
    with pytest.raises(OutputError, match="labels does not exist: create it"):
        file.write(state, {"b.tif": DONE})
    with pytest.raises(OutputError, match="gone does not exist: create it"):
        make_place(tmp_path / "gone" / "labels")
    assert list(tmp_path.iterdir()) == []


def test_labels_keep_their_format_and_foreign_files_stay(tmp_path: Path) -> None:
    image = FolderImage("a.tif", tmp_path / "a.tif", "a_labels")
    path = labels_path(tmp_path, image)
    assert path == tmp_path / "a_labels.ome.tif"
    check_unchanged(path, stamp_of(path))
    (tmp_path / "a_labels.ome.zarr").mkdir()
    assert labels_path(tmp_path, image) == tmp_path / "a_labels.ome.zarr"
    path.write_bytes(b"labels")
    assert labels_path(tmp_path, image) == path
    stamp = stamp_of(path)
    check_unchanged(path, stamp)
    path.write_bytes(b"other labels")
    for earlier in (stamp, None):
        with pytest.raises(OutputError, match="holds other labels than those"):
            check_unchanged(path, earlier)
    path.unlink()
    check_unchanged(path, stamp)
