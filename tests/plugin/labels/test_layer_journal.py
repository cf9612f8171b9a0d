"""At every moment the journal of a Labels layer replays to what is on the screen.

It belongs to that layer and that image alone, and has one writer: over random actions of the dock,
of napari's own tools, with copies, two viewers, closed docks and crashes.
"""

import random
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.layers import Image, Labels
from napari.layers._layer_actions import _duplicate_layer
from napari.utils.notifications import notification_manager

from napari_sam.errors import JournalError, LabelError
from napari_sam.journal.entry import Entry
from napari_sam.journal.journal import Journal, new_journal
from napari_sam.labels.strokes.edit_by_stroke import edit_by_stroke
from napari_sam.labels.strokes.stroke_action import StrokeAction
from napari_sam.plugin.image.image_sample import old_sample_of
from napari_sam.plugin.image.image_source import read_image_layer
from napari_sam.plugin.labels.acceptance import Acceptance
from napari_sam.plugin.labels.journals import journal_of
from napari_sam.plugin.layers.conventions import JOURNAL_KEY
from napari_sam.plugin.results.writers import write_labels_layer
from napari_sam.plugin.workspace import Workspace
from tests.plugin.bench import Open, picture
from tests.plugin.journals import crash, replayed
from tests.plugin.scene import LayersAlone, mask_at

SHAPE = (2, 16, 18)
PIXELS = np.random.default_rng(0).integers(0, 255, SHAPE, dtype=np.uint8)

TOOLS = ("paint", "erase", "fill", "fill_away", "at_once", "3d")
WEIGHTS = {
    "accept": 6,
    "paint": 6,
    "go_back": 6,
    "go_back_in_napari": 2,
    "erase": 1,
    "stroke": 4,
    "reopen": 2,
    "answer": 1,
    "delete": 1,
    "duplicate": 1,
    "save": 1,
    "show": 1,
    "other_viewer": 1,
    "crash": 1,
}
"""By action of :class:`AnyOrder`, how often it comes."""


class Seat:
    """A viewer without a window, with an image, and a dock that is opened and closed."""

    def __init__(self, pixels: np.ndarray = PIXELS, **image: Any) -> None:
        self.viewer: Any = LayersAlone()
        options = {"name": "cells", "axis_labels": ("z", "y", "x")} | image
        self.image = self.viewer.add_layer(Image(pixels, **options))
        self.viewer.layers.events.removed.connect(self._removed)
        self.work: Workspace | None = None
        self.open()

    def _removed(self, event: Any) -> None:
        if self.work is not None and self.work.owns(event.value):
            self.work.forget(event.value)

    def open(self) -> None:
        source = read_image_layer(self.image, (0.0,) * self.image.ndim, auto_contrast=False)
        self.work = Workspace(self.viewer, self.image, source, lambda layer: None)

    def close(self) -> None:
        work, self.work = self.work, None
        if work is not None:
            work.close()

    @property
    def layers(self) -> list[Labels]:
        """Labels layers for objects: made by the dock, and copies of them."""
        return [each for each in self.viewer.layers if each.name.startswith("SAM labels")]

    @property
    def labels(self) -> Labels | None:
        """The layer that the dock made, if it is there."""
        return next((layer for layer in self.layers if layer.name == "SAM labels"), None)

    def accept(self, place: tuple[int, int, int] = (0, 2, 3), label: int = 0) -> int:
        assert self.work is not None
        z, y, x = place
        mask = mask_at((z,), y, x, [[1, 1, 0], [1, 1, 1], [0, 1, 1]])
        return self.work.writer.accept([mask], how=Acceptance(label=label))[0]

    def paint(self, tool: str, place: tuple[int, int, int], label: int) -> None:
        layer = self.labels
        assert layer is not None
        layer.brush_size, layer.n_edit_dimensions = 5, 3 if tool == "3d" else 2
        if tool == "at_once":  # a script's call: napari tells of it before the pixels change
            layer.paint(place, label)
            return
        with layer.block_history():
            if tool.startswith("fill"):
                layer.fill(place, 0 if tool == "fill_away" else label)
            else:
                for step in range(3):
                    at = (place[0], place[1] + step, place[2] + step)
                    layer.paint(at, 0 if tool == "erase" else label)


def save(layer: Labels, folder: Path) -> None:
    data, attributes, _ = layer.as_layer_data_tuple()
    for number in range(1000):
        path = folder / f"labels {number}.ome.tif"
        if not path.exists():
            write_labels_layer(str(path), data, attributes)
            return


def last_warning() -> str:
    return notification_manager.records[-1].message


@pytest.fixture
def journals(tmp_path: Path, own_journals: None) -> Path:
    return tmp_path / "journals"


# --- one after the other ---------------------------------------------------------------------


def test_a_live_journal_is_offered_to_nobody(journals: Path) -> None:
    first = Seat()
    first.accept()
    second = Seat()  # another viewer
    copy = first.viewer.add_layer(Image(PIXELS, name="copy", axis_labels=("z", "y", "x")))
    other = read_image_layer(copy, (0.0,) * 3, auto_contrast=False)
    beside = Workspace(first.viewer, copy, other, lambda layer: None)
    for work in (second.work, beside):
        assert not work.keeping.offered
        work.writer.accept([mask_at((1,), 5, 5, [[1]])])
    assert len(list(journals.glob("*.jsonl"))) == 3
    for layer in (first.labels, second.labels, beside.labels):
        np.testing.assert_array_equal(replayed(layer), layer.data)


def test_what_was_deleted_cannot_be_undone_and_its_journal_is_not_gone_on_with(
    journals: Path,
) -> None:
    seat = Seat()
    seat.accept((0, 2, 3))
    gone = seat.labels
    before = gone.data.copy()
    seat.viewer.layers.remove(gone)
    assert not seat.work.undo()
    assert not seat.work.undo_labels()
    assert not seat.work.redo()
    assert seat.accept((1, 8, 9)) == 1
    assert seat.work.keeping.journal.journal.path != Path(gone.metadata[JOURNAL_KEY])
    np.testing.assert_array_equal(replayed(seat.labels), seat.labels.data)
    save(seat.labels, journals)
    again = Seat()  # what was in no file is offered
    assert again.work.keeping.offered
    again.work.restore()
    np.testing.assert_array_equal(again.labels.data, before)


def test_undo_in_a_reopened_dock_is_in_the_journal(journals: Path) -> None:
    seat = Seat()
    seat.accept((0, 2, 3))
    seat.accept((1, 4, 5))
    seat.close()
    seat.open()
    assert seat.work.undo_labels()
    assert np.unique(seat.labels.data).tolist() == [0, 1]
    journal = seat.work.keeping.journal.journal
    assert [entry.label for entry in journal.accepted()] == [1]
    np.testing.assert_array_equal(replayed(seat.labels), seat.labels.data)
    assert seat.work.redo()
    assert [entry.label for entry in journal.accepted()] == [1, 2]
    seat.close()
    seat.labels.undo()  # napari's own key, without a dock
    assert [entry.label for entry in journal.accepted()] == [1]


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("is_open", [True, False])
def test_strokes_of_napari_come_back_after_a_crash(
    journals: Path, tool: str, is_open: bool
) -> None:
    seat = Seat()
    seat.accept((0, 5, 5))
    save(seat.labels, journals)
    if not is_open:
        seat.close()
    seat.paint(tool, (0, 6, 6), 7)
    painted = seat.labels.data.copy()
    crash()
    again = Seat()
    assert again.work.keeping.offered  # corrections after a save
    again.work.restore()
    np.testing.assert_array_equal(again.labels.data, painted)
    assert again.work.undo()
    assert not again.labels.data.any()
    assert again.work.redo()
    np.testing.assert_array_equal(again.labels.data, painted)


def test_a_stroke_is_undone_in_the_journal_as_a_step(journals: Path) -> None:
    seat = Seat()
    seat.accept((0, 5, 5))
    seat.paint("paint", (0, 6, 6), 7)
    assert seat.work.undo()
    assert seat.work.undo()
    assert seat.work.keeping.journal.journal.content().changes == ()
    assert seat.work.redo()
    assert seat.work.redo()
    np.testing.assert_array_equal(replayed(seat.labels), seat.labels.data)


def test_a_copy_of_the_layer_is_no_original(journals: Path, tmp_path: Path) -> None:
    seat = Seat()
    seat.accept()
    original = seat.labels
    seat.viewer.layers.selection = {original}
    _duplicate_layer(seat.viewer.layers)
    copy = seat.layers[1]
    assert journal_of(copy) is None
    save(copy, tmp_path)
    assert seat.work.keeping.journal.journal.unsaved()
    seat.viewer.layers.move(seat.viewer.layers.index(copy), 0)
    seat.close()
    seat.open()
    assert seat.work.labels is original
    seat.viewer.layers.remove(original)
    before = copy.data.copy()
    seat.accept((1, 8, 9))
    np.testing.assert_array_equal(copy.data, before)  # perhaps a backup
    save(seat.labels, tmp_path)
    assert not seat.work.keeping.journal.journal.unsaved()


def test_labels_from_elsewhere_begin_the_journal_with_what_they_have(journals: Path) -> None:
    seat = Seat()
    layer = seat.labels
    seat.close()
    layer = Labels(np.zeros(SHAPE, np.uint32), name="SAM labels", metadata=layer.metadata)
    layer.metadata.pop("napari-sam-layer")
    layer.data[1, 3:6, 2:9] = 4
    seat.viewer.add_layer(layer)
    seat.open()
    assert seat.work.labels is layer
    assert not journals.exists()  # nothing can be lost yet
    assert seat.accept((0, 2, 3)) == 5
    seat.paint("paint", (1, 4, 4), 9)
    np.testing.assert_array_equal(replayed(layer), layer.data)
    for _ in range(2):
        assert seat.work.undo()
        np.testing.assert_array_equal(replayed(layer), layer.data)
    assert np.unique(layer.data).tolist() == [0, 4]


def test_pixels_that_a_script_changed_are_found_at_the_next_save(
    journals: Path, tmp_path: Path
) -> None:
    seat = Seat()
    seat.accept()
    seat.labels.data[1, 2:4, 2:4] = 8
    seat.labels.refresh()
    save(seat.labels, tmp_path)
    np.testing.assert_array_equal(replayed(seat.labels), seat.labels.data)
    seat.labels.data = np.roll(seat.labels.data, 2, axis=2)
    np.testing.assert_array_equal(replayed(seat.labels), seat.labels.data)


def test_a_lost_journal_is_restored_beside_labels_that_came_first(journals: Path) -> None:
    seat = Seat()
    seat.accept((0, 2, 3))
    seat.accept((0, 9, 9))
    lost = seat.labels.data.copy()
    crash()
    again = Seat()
    again.accept((0, 3, 4))  # without an answer
    own = again.labels.data.copy()
    again.work.restore()
    after = again.labels.data.copy()
    np.testing.assert_array_equal(after[own > 0], own[own > 0])
    free = own == 0
    np.testing.assert_array_equal(after[free] > 0, lost[free] > 0)
    assert np.unique(after).tolist() == [0, 1, 2, 3]  # no label holds two objects
    np.testing.assert_array_equal(replayed(again.labels), after)
    assert again.work.undo()
    np.testing.assert_array_equal(again.labels.data, own)
    crash()
    last = Seat()
    last.work.restore()
    np.testing.assert_array_equal(last.labels.data, own)


def test_a_damaged_entry_is_named_and_the_others_are_restored(journals: Path) -> None:
    seat = Seat()
    seat.accept((0, 2, 3))
    seat.accept((0, 9, 9))
    seat.accept((1, 4, 4))
    crash()
    (path,) = journals.glob("*.jsonl")
    lines = path.read_text().splitlines()
    lines[2] = lines[2].replace('"plane":[0]', '"plane":[-1]')
    path.write_text("\n".join(lines) + "\n")
    again = Seat()
    again.work.restore()
    assert "left out: line 3 (label 2)" in last_warning()
    assert np.unique(again.labels.data).tolist() == [0, 1, 3]
    again.accept((1, 10, 10))
    np.testing.assert_array_equal(replayed(again.labels), again.labels.data)


def test_what_a_full_disk_refused_is_written_later(
    journals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat = Seat()
    seat.accept((0, 2, 3))
    append = Journal.append

    def full(self: Journal, entry: Entry) -> None:
        raise JournalError("the disk is full")

    monkeypatch.setattr(Journal, "append", full)
    seat.accept((0, 9, 9))
    assert "full" in last_warning()
    seat.paint("paint", (1, 4, 4), 9)
    seat.work.undo()
    monkeypatch.setattr(Journal, "append", append)
    seat.accept((1, 10, 10))
    np.testing.assert_array_equal(replayed(seat.labels), seat.labels.data)
    while seat.work.undo():
        np.testing.assert_array_equal(replayed(seat.labels), seat.labels.data)
    assert not seat.labels.data.any()


def test_an_object_below_a_script_s_pixels_is_undone_without_them(journals: Path) -> None:
    seat = Seat()
    seat.accept((0, 2, 3))
    seat.labels.data[1, 2:4, 2:4] = 8
    seat.work.keeping.journal.compare()
    for name in ("undo", "redo", "undo"):
        assert getattr(seat.work, name)()
        np.testing.assert_array_equal(replayed(seat.labels), seat.labels.data)
    assert np.unique(seat.labels.data).tolist() == [0, 8]


def test_an_undo_that_napari_did_by_itself_is_not_done_twice(journals: Path) -> None:
    seat = Seat()
    seat.accept((0, 2, 3))
    first = seat.labels.data.copy()
    seat.accept((1, 4, 5))
    seat.labels.undo()
    np.testing.assert_array_equal(seat.labels.data, first)
    assert seat.work.undo()
    assert not seat.labels.data.any()
    assert seat.work.redo()
    np.testing.assert_array_equal(seat.labels.data, first)
    seat.labels.redo()
    assert seat.work.undo()
    np.testing.assert_array_equal(seat.labels.data, first)


@pytest.mark.parametrize("steps", [1, 2])
def test_an_undo_of_a_hidden_layer_is_in_the_journal(journals: Path, steps: int) -> None:
    seat = Seat()
    seat.accept((0, 2, 3))
    seat.accept((1, 4, 5))
    seat.close()
    seat.labels.visible = False  # napari draws nothing, and tells nothing
    for _ in range(steps - 1):
        seat.labels.undo()
    seat.open()
    assert seat.work.undo()
    assert seat.labels.data.any() == (steps == 1)
    np.testing.assert_array_equal(replayed(seat.labels), seat.labels.data)
    seat.labels.visible = True
    np.testing.assert_array_equal(replayed(seat.labels), seat.labels.data)
    assert seat.work.redo()
    np.testing.assert_array_equal(replayed(seat.labels), seat.labels.data)


def test_an_object_is_accepted_into_a_hidden_layer(open_dock: Open) -> None:
    bench = open_dock(picture(3, 40, 48), show=True, axis_labels=("z", "y", "x"))
    labels = bench.layer("labels")
    labels.visible = False
    bench.viewer.dims.set_point(0, 1)
    for plane in (1, 2):
        bench.add(plane, 20, 20)
        bench.idle()
        bench.accept()
        assert labels.data[plane].any()
        np.testing.assert_array_equal(replayed(labels), labels.data)
    bench.undo_labels()
    assert not labels.data[2].any()
    np.testing.assert_array_equal(replayed(labels), labels.data)
    labels.visible = True
    bench.undo_labels()
    assert not labels.data.any()
    np.testing.assert_array_equal(replayed(labels), labels.data)


def test_an_error_between_journal_and_layer_leaves_the_journal_right(
    journals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat = Seat()
    seat.accept((0, 2, 3))

    def failing(edit: Any, in_history: bool) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(seat.work.labels_layer, "paint", failing)
    with pytest.raises(RuntimeError, match="out of memory"):
        seat.accept((1, 4, 5))
    np.testing.assert_array_equal(replayed(seat.labels), seat.labels.data)
    assert np.unique(seat.labels.data).tolist() == [0, 1]


# --- older journals ------------------------------------------------------------------------------


def old_journal(folder: Path, pixels: np.ndarray) -> Path:
    """A journal as it was written before: the file name and the head have the old sample."""
    seat = Seat(pixels)
    seat.accept((0, 2, 3))
    sample = old_sample_of(seat.work.source)[0]
    journal = new_journal(replace(seat.work.keeping.journal.journal.subject, sample=sample), folder)
    journal.append(seat.work.keeping.journal.journal.content().changes[0])
    crash()
    journal.close()
    for path in folder.glob("*.jsonl"):
        if path != journal.path:
            path.unlink()
    return journal.path


def test_an_old_journal_is_recognised_by_pixels_that_tell_images_apart(journals: Path) -> None:
    path = old_journal(journals, PIXELS)
    seat = Seat()
    assert seat.work.keeping.offered
    seat.work.restore()
    assert np.count_nonzero(seat.labels.data) == 7
    assert seat.accept((1, 4, 5)) == 2
    journal = seat.work.keeping.journal.journal
    assert [entry.label for entry in journal.accepted()] == [1, 2]
    assert Journal(path, None).accepted() == []  # in the layer's own journal now


def test_an_old_journal_of_black_pixels_is_named_and_left_alone(journals: Path) -> None:
    path = old_journal(journals, np.zeros(SHAPE, np.uint8))
    seat = Seat(np.zeros(SHAPE, np.uint8))
    assert not seat.work.keeping.offered
    assert path.name in last_warning()
    assert Journal(path, None).unsaved()


# --- in any order ----------------------------------------------------------------------------


class AnyOrder:
    """Random actions on one or two viewers of an image; after each, :meth:`check`."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.random, self.folder = random.Random(seed), folder
        self.seats = [Seat()]
        self.now = self.seats[0]

    def act(self) -> str:
        """Do any action; returns its name."""
        names = [name for name, weight in WEIGHTS.items() for _ in range(weight)]
        name = self.random.choice(names)
        getattr(self, name)()
        return name

    @property
    def place(self) -> tuple[int, int, int]:
        return tuple(self.random.randint(0, most) for most in (1, 12, 14))

    # the dock

    def accept(self) -> None:
        if self.now.work is not None:
            self.now.accept(self.place, self.random.choice([0, 0, 0, 1, 2]))

    def erase(self) -> None:
        if self.now.work is not None:
            boxes = {(0,): (0, 0, 16, 18), (1,): (0, 0, 16, 18)}
            self.now.work.writer.erase(self.random.randint(1, 4), boxes)

    def stroke(self) -> None:
        if self.now.work is not None:
            labels = self.now.work.labels_layer.plain()
            index = np.argwhere(np.asarray(labels))
            plane, *place = self.random.choice(index.tolist()) if len(index) else self.place
            far = [(self.random.randint(-6, 6), self.random.randint(-6, 6)) for _ in range(3)]
            points = np.add(place, [far[0], (0, 0), *far[1:]])
            action = self.random.choice([None, *StrokeAction])
            with suppress(LabelError):  # most lines change nothing
                change = edit_by_stroke(
                    labels, points, (plane,), action, axis=self.random.choice([None, 0])
                )
                self.now.work.writer.reshape(change)

    def go_back(self) -> None:
        if self.now.work is not None:
            getattr(self.now.work, self.random.choice(["undo", "undo", "redo", "undo_labels"]))()

    def reopen(self) -> None:
        if self.now.work is None:
            self.now.open()
        else:
            self.now.close()

    def answer(self) -> None:
        work = self.now.work
        if work is None or not work.keeping.offered:
            return
        if self.random.random() < 0.3:
            work.keeping.discard()
            return
        labels = work.labels_layer.ensure()
        before = labels.data.copy()
        work.restore()
        own = before > 0
        np.testing.assert_array_equal(labels.data[own], before[own])
        restored = np.unique(labels.data[~own])
        assert not set(restored[restored > 0]) & set(np.unique(before[own]))

    # napari

    def paint(self) -> None:
        if self.now.labels is not None:
            self.now.paint(self.random.choice(TOOLS), self.place, self.random.randint(1, 5))

    def go_back_in_napari(self) -> None:
        if self.now.labels is not None and self.now.labels.visible:
            getattr(self.now.labels, self.random.choice(["undo", "undo", "redo"]))()

    def show(self) -> None:
        if self.now.labels is not None:
            self.now.labels.visible = not self.now.labels.visible

    def delete(self) -> None:
        if self.now.layers:
            self.now.viewer.layers.remove(self.random.choice(self.now.layers))

    def duplicate(self) -> None:
        if self.now.labels is not None and len(self.now.layers) < 3:
            self.now.viewer.layers.selection = {self.now.labels}
            _duplicate_layer(self.now.viewer.layers)

    def save(self) -> None:
        if self.now.layers:
            layer = self.random.choice(self.now.layers)
            before = {each: journal.journal.unsaved() for each, journal in self.journals()}
            save(layer, self.folder)
            for each, journal in self.journals():
                assert journal.journal.unsaved() is (before[each] and each is not layer)

    def other_viewer(self) -> None:
        if len(self.seats) < 2:
            self.seats.append(Seat())
        self.now = self.seats[self.now is self.seats[0]]

    def crash(self) -> None:
        """A kill: of all layers with unsaved changes, the last labels are offered."""
        shown = {
            journal.journal.path: layer.data.copy()
            for layer, journal in self.journals()
            if journal.journal.unsaved()
        }
        crash()
        self.seats = [Seat()]
        self.now = self.seats[0]
        keeping = self.now.work.keeping
        assert keeping.offered or not shown
        if keeping.offered and keeping._lost.path in shown:
            path = keeping._lost.path
            self.now.work.restore()
            np.testing.assert_array_equal(self.now.labels.data, shown[path])

    # what is always so

    def journals(self) -> list[Any]:
        layers = [layer for seat in self.seats for layer in seat.layers]
        pairs = [(layer, journal_of(layer)) for layer in layers]
        return [(layer, journal) for layer, journal in pairs if journal is not None]

    def check(self) -> None:
        paths = [journal.journal.path for _, journal in self.journals()]
        assert len(set(paths)) == len(paths)
        for layer, journal in self.journals():
            np.testing.assert_array_equal(replayed(layer), layer.data)
            if journal.started:
                assert not Journal(journal.journal.path, journal.journal.subject).claim()
        for seat in self.seats:
            assert seat.labels is None or journal_of(seat.labels) is not None


@pytest.mark.parametrize("seed", range(4))
def test_the_journal_replays_to_the_screen_whatever_happens(
    journals: Path, tmp_path: Path, seed: int
) -> None:
    crash()  # what other tests left
    world, names = AnyOrder(seed, tmp_path), []
    for _ in range(60):
        names.append(world.act())
        try:
            world.check()
        except AssertionError as error:
            raise AssertionError(f"after {names}") from error
