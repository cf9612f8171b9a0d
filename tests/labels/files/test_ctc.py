"""Folders of the Cell Tracking Challenge: exact content, read back by traccuracy and by us."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_sam.errors import LabelError, OutputError
from napari_sam.labels.files.read_ctc import read_ctc
from napari_sam.labels.files.write_ctc import RESULT, TRUTH, CtcLayout, write_ctc


def write(folder: Path, labels, parents, **options) -> list[tuple[int, int]]:
    return list(write_ctc(folder, labels, parents, **options))


def movie() -> np.ndarray:
    """4 divides into 7 and 70000 after frame 1; 2 is missing in frame 2."""
    labels = np.zeros((4, 10, 12), np.uint32)
    labels[:2, 1:4, 1:4] = 4
    labels[2:, 1:3, 1:3] = 7
    labels[2:, 1:3, 5:7] = 70_000
    labels[[0, 1, 3], 6:9, 6:9] = 2
    return labels


@pytest.mark.parametrize("layout", [RESULT, TRUTH])
def test_masks_and_table_are_those_of_the_challenge(tmp_path: Path, layout: CtcLayout) -> None:
    folder = tmp_path / "01"
    steps = write(folder, movie(), {7: 4, 70_000: 4}, layout=layout)
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted([*(f"{layout.mask}00{t}.tif" for t in range(4)), layout.table])
    # a gap ends a track, and the part behind it is a child alone
    expected = "1 0 1 0\n2 0 1 0\n3 2 3 2\n4 2 3 2\n5 3 3 1\n"
    assert (folder / layout.table).read_text() == expected
    masks = np.stack([tifffile.imread(folder / f"{layout.mask}00{t}.tif") for t in range(4)])
    assert masks.dtype == np.uint16
    numbers = {2: 1, 4: 2, 7: 3, 70_000: 4}
    for label, number in numbers.items():
        np.testing.assert_array_equal(masks[:3] == number, movie()[:3] == label)
    np.testing.assert_array_equal(masks[3] == 5, movie()[3] == 2)


@pytest.mark.long
def test_the_loader_of_traccuracy_finds_nothing_to_complain_of(tmp_path: Path) -> None:
    from traccuracy.loaders import load_ctc_data

    write(tmp_path / "01_RES", movie(), {7: 4, 70_000: 4})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        loaded = load_ctc_data(
            str(tmp_path / "01_RES"), str(tmp_path / "01_RES" / "res_track.txt"), run_checks=True
        )
    assert loaded.graph.number_of_nodes() == 2 + 2 + 2 + 3
    assert len(loaded.get_divisions()) == 1


@pytest.mark.parametrize("place", ["", "01_GT/TRA"])
def test_folders_are_read_back_frame_by_frame(tmp_path: Path, place: str) -> None:
    volume = np.repeat(movie()[:, None], 3, axis=1)
    (tmp_path / "01_GT").mkdir()
    write(tmp_path / "01_GT" / "TRA", volume, {7: 4, 70_000: 4}, layout=TRUTH)
    read = read_ctc(tmp_path / (place or "01_GT"))
    assert dict(read.parents) == {3: 2, 4: 2, 5: 1}
    assert (read.labels.shape, read.labels.ndim, read.labels.dtype) == ((4, 3, 10, 12), 4, "uint16")
    np.testing.assert_array_equal(read.labels[:] > 0, volume > 0)
    np.testing.assert_array_equal(read.labels[2, 1, 1:3, 5:7], np.full((2, 2), 4))


def test_more_tracks_than_16_bits_hold_are_refused_and_nothing_is_left(tmp_path: Path) -> None:
    labels = np.arange(2 * 256 * 256, dtype=np.uint32).reshape(2, 256, 256)
    with pytest.raises(LabelError, match=r"more than 65535 tracks.*16 bits.*--as geff"):
        write(tmp_path / "many", labels, {})
    assert list(tmp_path.iterdir()) == []
    write(tmp_path / "most", labels[:1], {})
    assert tifffile.imread(tmp_path / "most" / "mask000.tif").max() == 65_535


def test_only_an_older_folder_of_masks_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "01_RES"
    target.mkdir()
    write(target, movie(), {})  # an empty folder is free
    with pytest.raises(OutputError, match="exists already"):
        write(target, movie(), {})
    write(target, movie()[:2], {}, overwrite=True)
    assert len(list(target.iterdir())) == 3
    foreign = tmp_path / "thesis"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("all of it")
    with pytest.raises(OutputError, match="not a folder of the Cell Tracking Challenge"):
        write(foreign, movie(), {}, overwrite=True)
    with pytest.raises(OutputError, match="does not exist"):
        write(tmp_path / "no" / "01_RES", movie(), {})
    steps = write_ctc(target, movie(), {}, overwrite=True)
    next(steps)
    steps.close()  # the user cancels
    assert len(list(target.iterdir())) == 3
    assert {path.name for path in tmp_path.iterdir()} == {"01_RES", "thesis"}


def test_damage_is_told_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match=r"neither res_track.txt nor man_track.txt"):
        read_ctc(tmp_path)
    folder = tmp_path / "01_RES"
    write(folder, movie(), {})
    (folder / "res_track.txt").write_text("1 0 1 0\n2 zero 1 0\n")
    with pytest.raises(LabelError, match=r"res_track.txt, line 2 is not four numbers"):
        read_ctc(folder)
    (folder / "res_track.txt").write_text("1 0 1 0\n")
    (folder / "mask002.tif").write_bytes(b"no image")
    with pytest.raises(LabelError, match=r"mask002.tif cannot be read"):
        read_ctc(folder).labels[2]
    tifffile.imwrite(folder / "mask002.tif", np.zeros((3, 4), np.uint16))
    with pytest.raises(LabelError, match=r"mask002.tif has the shape \(3, 4\)"):
        read_ctc(folder).labels[2]
    (folder / "mask001.tif").unlink()
    with pytest.raises(LabelError, match="no mask of frame 1"):
        read_ctc(folder)
