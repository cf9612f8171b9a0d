"""What was accepted is written down as it happens, and is never lost."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_sam.errors import JournalError
from napari_sam.journal.entry import ACCEPTED, DISCARDED, RATED, SAVED, UNDONE, Entry, Origin
from napari_sam.journal.journal import Journal, Subject, open_journal, read_entries, read_subject
from napari_sam.journal.prompt_record import from_record, to_record
from napari_sam.labels.edit import LabelEdit
from napari_sam.labels.packed_edit import PackedEdit
from napari_sam.prompts.prompt import BoxPrompt, MaskPrompt, PointPrompt, Prompt

SUBJECT = Subject("cells.tif", "/data/cells.tif", "ZYX", (3, 40, 50), "abc")


def edit(label: int, z: int = 1, y: int = 5, x: int = 6) -> LabelEdit:
    mask = np.array([[True, False, True], [True, True, True]])
    old = np.zeros((2, 3), np.uint32)
    return LabelEdit(
        (z,), (y, x, y + 2, x + 3), mask, old, np.where(mask, label, 0).astype(old.dtype)
    )


def accepted(label: int) -> Entry:
    prompts: tuple[Prompt, ...] = (
        PointPrompt((1, 5.5, 6.25), 0),
        BoxPrompt((1, 2, 3), (1, 9, 8)),
        MaskPrompt((1,), 4, 5, np.eye(7, 9, dtype=bool)),
    )
    return Entry(
        ACCEPTED, (PackedEdit.of(edit(label)),), Origin(prompts, "cells-tiny", "f00"), label
    )


def test_entries_come_back_as_they_were(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "folder" / "j.jsonl", SUBJECT)
    first, second = accepted(1), Entry(ACCEPTED, (PackedEdit.of(edit(2)),), label=2, parent=1)
    journal.append(first)
    journal.append(second)
    one, two = journal.accepted()
    assert (one.label, one.parent, two.parent) == (1, 0, 1)
    assert (one.origin.model, one.origin.weights, one.time) == ("cells-tiny", "f00", first.time)
    assert [to_record(p) for p in one.origin.prompts] == [
        to_record(p) for p in first.origin.prompts
    ]
    labels = np.zeros(SUBJECT.shape, np.uint32)
    for packed in (*one.edits, *two.edits):
        packed.edit().apply(labels)
    assert np.bincount(labels.ravel()).tolist() == [labels.size - 5, 0, 5]
    assert read_subject(journal.path) == SUBJECT


@settings(deadline=None)
@given(st.data())
def test_prompts_survive_json(data: st.DataObject) -> None:
    number = st.floats(-1e6, 1e6)
    place = st.tuples(number, number, number)
    shape = data.draw(st.tuples(st.integers(1, 20), st.integers(1, 20)))
    pixels = np.random.default_rng(data.draw(st.integers(0, 9))).random(shape) < 0.5
    prompt = data.draw(
        st.one_of(
            st.builds(PointPrompt, place, st.integers(0, 1)),
            st.builds(BoxPrompt, place, place),
            st.builds(
                MaskPrompt, st.just((4,)), st.integers(-9, 9), st.integers(-9, 9), st.just(pixels)
            ),
        )
    )
    back = from_record(json.loads(json.dumps(to_record(prompt))))
    if isinstance(prompt, MaskPrompt):
        assert isinstance(back, MaskPrompt)
        assert (back.plane, back.y0, back.x0) == (prompt.plane, prompt.y0, prompt.x0)
        np.testing.assert_array_equal(back.pixels, prompt.pixels)
    else:
        assert back == prompt


def test_what_is_undone_or_discarded_is_gone_and_what_is_saved_is_not_offered(
    tmp_path: Path,
) -> None:
    journal = Journal(tmp_path / "j.jsonl", SUBJECT)
    for entry in (accepted(1), accepted(2), Entry(UNDONE), accepted(3)):
        journal.append(entry)
    assert [entry.label for entry in journal.accepted()] == [1, 3]
    assert journal.unsaved()
    journal.append(Entry(SAVED))
    assert not journal.unsaved()
    journal.append(Entry(RATED, ratings={3: {"score": 0.5}}))
    assert not journal.unsaved()  # a look changes no label
    journal.append(accepted(4))
    assert journal.unsaved()
    assert [entry.label for entry in journal.accepted()] == [1, 3, 4]
    journal.append(Entry(DISCARDED))
    assert journal.accepted() == []
    assert journal.ratings() == {}


def test_of_each_object_the_last_rating_counts(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl", SUBJECT)
    assert journal.ratings() == {}
    ratings = ({1: {"score": 0.5}, 2: {"score": 0.7}}, {2: None, 3: None}, {1: {"score": 0.4}})
    for one in ratings:
        journal.append(Entry(RATED, ratings=one))
    assert journal.ratings() == {1: {"score": 0.4}}


def test_the_newest_journal_of_the_same_image_is_found(tmp_path: Path) -> None:
    journal, unsaved = open_journal(SUBJECT, tmp_path)
    assert not unsaved
    assert not journal.path.exists()
    journal.append(accepted(1))
    moved = Subject("other.tif", "/elsewhere/other.tif", "ZYX", (3, 40, 50), "abc")
    again, unsaved = open_journal(moved, tmp_path)
    assert (again.path, unsaved) == (journal.path, True)
    other = Subject("cells.tif", "/data/cells.tif", "ZYX", (3, 40, 50), "xyz")
    assert not open_journal(other, tmp_path)[1]
    fresh, unsaved = open_journal(SUBJECT, tmp_path, fresh=True)
    assert (fresh.path != journal.path, unsaved) == (True, False)
    fresh.append(accepted(2))
    assert open_journal(SUBJECT, tmp_path)[0].path == fresh.path


@pytest.mark.parametrize(("cut", "left"), [(1, [1, 2]), (2, [1]), (200, [1])])
def test_a_torn_last_line_costs_that_line_alone(tmp_path: Path, cut: int, left: list[int]) -> None:
    journal = Journal(tmp_path / "j.jsonl", SUBJECT)
    for label in (1, 2):
        journal.append(accepted(label))
    content = journal.path.read_bytes()
    journal.path.write_bytes(content[:-cut])
    assert [entry.label for entry in journal.accepted()] == left
    journal.append(accepted(3))
    assert [entry.label for entry in journal.accepted()] == [*left, 3]


def test_files_that_are_no_journals(tmp_path: Path) -> None:
    for content in (b"", b"years of work\n", b"[1]\n", b'{"format": "something else"}\n'):
        (tmp_path / "j.jsonl").write_bytes(content)
        with pytest.raises(JournalError, match="not a journal"):
            list(read_entries(tmp_path / "j.jsonl"))
    with pytest.raises(JournalError, match="cannot be read"):
        read_subject(tmp_path / "none.jsonl")
    journal = Journal(tmp_path / "k.jsonl", SUBJECT)
    journal.append(accepted(1))
    line = json.loads(journal.path.read_text().splitlines()[1])
    for damage in ({"kind": "eaten"}, {"label": "x"}, {"edits": [{"plane": [0]}]}):
        journal.path.write_text(
            journal.path.read_text().splitlines()[0] + "\n" + json.dumps(line | damage) + "\n"
        )
        with pytest.raises(JournalError):
            journal.accepted()


def test_a_journal_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    journal = Journal(tmp_path / "file" / "j.jsonl", SUBJECT)
    with pytest.raises(JournalError, match="cannot be written"):
        journal.append(accepted(1))


ACCEPTING = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_journal import SUBJECT, Journal, accepted
journal = Journal(Path({path!r}), SUBJECT)
label = len(journal.accepted())
while True:
    label += 1
    journal.append(accepted(label))
    print(label, flush=True)
"""


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL there")
def test_nothing_that_was_accepted_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    """Twenty times, at moments that nobody chose; the same journal goes on each time."""
    path = tmp_path / "j.jsonl"
    program = ACCEPTING.format(tests=os.path.dirname(__file__), path=str(path))
    moments = random.Random(0)
    for _ in range(20):
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            told = int(process.stdout.readline())
            time.sleep(moments.uniform(0, 0.05))
            process.send_signal(signal.SIGKILL)
            told = int((process.stdout.read().split() or [told])[-1])
        labels = [entry.label for entry in Journal(path, SUBJECT).accepted()]
        assert labels[:told] == list(range(1, told + 1))
        assert len(labels) - told <= 1  # written, and killed before it was told
