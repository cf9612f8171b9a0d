"""What was accepted is written down as it happens, and is never lost."""

import base64
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import tracemalloc
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_sam.errors import JournalError
from napari_sam.journal.content import Content
from napari_sam.journal.damaged import damage_warning
from napari_sam.journal.entry import (
    ACCEPTED,
    DISCARDED,
    PAINTED,
    RATED,
    RELATED,
    RETURNED,
    SAVED,
    UNDONE,
    Entry,
    Origin,
)
from napari_sam.journal.journal import Journal, lost_journals, new_journal
from napari_sam.journal.prompt_record import from_record, to_record
from napari_sam.journal.read import read_lines, read_subject
from napari_sam.journal.subject import Subject
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
    assert journal.content().ratings == {}


def test_of_each_object_the_last_rating_counts(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl", SUBJECT)
    assert journal.content().ratings == {}
    ratings = ({1: {"score": 0.5}, 2: {"score": 0.7}}, {2: None, 3: None}, {1: {"score": 0.4}})
    for one in ratings:
        journal.append(Entry(RATED, ratings=one))
    assert journal.content().ratings == {1: {"score": 0.4}}


def test_mothers_come_with_daughters_and_change_apart_from_them(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl", SUBJECT)
    for entry in (accepted(1), replace(accepted(2), parent=1), Entry(SAVED)):
        journal.append(entry)
    assert journal.content().parents == {2: 1}
    journal.append(Entry(RELATED, parents={2: 0, 5: 4}))
    assert journal.content().parents == {5: 4}
    assert not journal.unsaved()  # no label changed
    journal.append(Entry(RELATED, parents={2: 1, 5: 0}))
    assert journal.content().parents == {2: 1}
    journal.append(Entry(UNDONE))  # of the daughter; what was said apart from her stands
    assert journal.content().parents == {2: 1}
    journal.append(Entry(DISCARDED))
    assert journal.content().parents == {}
    journal.append(Entry(RETURNED))
    assert journal.content().parents == {2: 1}
    journal.append(Entry(RELATED, parents={2**32: 1}))
    (damaged,) = journal.content().damaged
    assert "a label that cannot be: 4294967296" in damaged.reason


def test_the_journal_of_a_file_whose_name_is_no_unicode_is_read(tmp_path: Path) -> None:
    name = os.fsdecode(b"lat\xb5.tif")
    subject = replace(SUBJECT, name=name, path=f"/data/{name}")
    entry = accepted(1)
    Journal(tmp_path / "j.jsonl", subject).append(entry)
    assert read_subject(tmp_path / "j.jsonl") == subject
    (again,) = read_lines(tmp_path / "j.jsonl")
    assert isinstance(again, Entry)
    assert (again.label, again.edits) == (entry.label, entry.edits)


def newest_lost(subject: Subject, folder: Path) -> Journal | None:
    return next(lost_journals(subject, folder), None)


def test_the_newest_journal_of_the_same_image_is_found(tmp_path: Path) -> None:
    assert newest_lost(SUBJECT, tmp_path) is None
    journal = new_journal(SUBJECT, tmp_path)
    assert not journal.path.exists()
    journal.append(accepted(1))
    moved = Subject("other.tif", "/elsewhere/other.tif", "ZYX", (3, 40, 50), "abc")
    assert newest_lost(moved, tmp_path) is None  # it has a writer
    journal.close()
    again = newest_lost(moved, tmp_path)
    assert again is not None
    assert again.path == journal.path
    assert newest_lost(moved, tmp_path) is None  # somebody is asked about it already
    again.close()
    other = Subject("cells.tif", "/data/cells.tif", "ZYX", (3, 40, 50), "xyz")
    assert newest_lost(other, tmp_path) is None
    fresh = new_journal(SUBJECT, tmp_path)
    assert fresh.path != journal.path
    fresh.append(accepted(2))
    fresh.close()
    newest = newest_lost(SUBJECT, tmp_path)
    assert newest is not None
    assert newest.path == fresh.path


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
            list(read_lines(tmp_path / "j.jsonl"))
    with pytest.raises(JournalError, match="cannot be read"):
        read_subject(tmp_path / "none.jsonl")


# --- damage ----------------------------------------------------------------------------------

MANY = [replace(accepted(label), time=f"at {label}") for label in (1, 2, 3)]


def written(path: Path, entries: list[Entry], **damage: Any) -> Content:
    """Content of a journal whose third line has other fields, or other fields of its edit."""
    head, *lines = [SUBJECT.to_line(), *(entry.to_line() for entry in entries)]
    record = json.loads(lines[1])
    for name, value in damage.items():
        edits = record["edits"] or [{}]
        place = edits[0] if name in edits[0] else record
        place[name] = value
    lines[1] = json.dumps(record, separators=(",", ":")) + "\n"
    path.write_text(head + "".join(lines))
    return Journal(path, SUBJECT).content()


def packed(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content, 9)).decode()


LABELS = np.zeros(6, np.uint32).tobytes()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ({"kind": "eaten"}, "unknown kind"),
        ({"label": "x"}, "label"),
        ({"label": -2}, "label"),
        ({"label": 1 << 32}, "label"),
        ({"parent": 1.5}, "parent"),
        ({"time": None}, "time"),
        ({"edits": [{"plane": [0]}]}, "bbox"),
        ({"edits": 3}, "edits"),
        ({"ratings": 3}, "ratings"),
        ({"classes": {"classes": [{"name": ""}]}}, "class"),
        ({"prompts": [{"point": [1, float("nan"), 2], "label": 1}]}, "prompt"),
        ({"prompts": [{"point": [1, 2], "label": 1}]}, "prompt"),
        ({"prompts": [{"mask": "", "plane": [1], "start": [0, 0], "shape": [9, 9]}]}, "prompt"),
        ({"plane": [-1]}, "outside"),
        ({"plane": [3]}, "outside"),
        ({"plane": []}, "outside"),
        ({"bbox": [5, 6, 41, 9]}, "outside"),
        ({"bbox": [-1, 6, 1, 9]}, "outside"),
        ({"bbox": [7, 6, 5, 9]}, "no labels"),
        ({"bbox": [5, 6, 7, 10]}, "do not fill"),
        ({"dtype": "<f4"}, "no labels"),
        ({"dtype": "<u8"}, "do not fill"),
        ({"dtype": "O"}, "no labels"),
        ({"mask": "AAAA"}, "damaged"),
        ({"mask": "\u00e4"}, "damaged"),
        ({"new": packed(LABELS[:-4])}, "do not fill"),
        ({"new": packed(LABELS + b"1234")}, "do not fill"),
        ({"dtype": "<i4", "new": packed(np.full(6, -1, np.int32).tobytes())}, "cannot be"),
    ],
)
def test_a_damaged_entry_is_left_out_and_named_and_the_others_are_had(
    tmp_path: Path, damage: dict[str, Any], reason: str
) -> None:
    content = written(tmp_path / "j.jsonl", MANY, **damage)
    assert [entry.label for entry in content.changes] == [1, 3]
    (damaged,) = content.damaged
    assert damaged.number == 3
    assert reason in damaged.reason
    warning = damage_warning("j.jsonl", content.damaged)
    assert warning.startswith("j.jsonl: a damaged entry is left out: line 3")
    assert ("(label 2)" in warning) is ("label" not in damage)


@pytest.mark.parametrize(
    "damage", [{"plane": [2]}, {"bbox": [4, 6, 6, 9]}, {"label": 3}, {"parent": 1}, {"edits": []}]
)
def test_a_change_to_other_fields_that_could_be_is_found_by_the_checksum(
    tmp_path: Path, damage: dict[str, Any]
) -> None:
    content = written(tmp_path / "j.jsonl", MANY, **damage)
    assert [entry.label for entry in content.changes] == [1, 3]
    (damaged,) = content.damaged
    assert (damaged.number, damaged.kind) == (3, ACCEPTED)
    assert "its checksum does not fit" in damaged.reason


def test_lines_in_another_order_and_of_older_versions_have_no_wrong_checksum(
    tmp_path: Path,
) -> None:
    path = tmp_path / "j.jsonl"
    records = [json.loads(entry.to_line()) for entry in MANY]
    other_order = dict(reversed(records[0].items()))
    older = {name: value for name, value in records[1].items() if name != "crc32"}
    lines = [json.dumps(other_order, indent=None), json.dumps(older), json.dumps(records[2])]
    path.write_text(SUBJECT.to_line() + "\n".join(lines) + "\n")
    content = Journal(path, SUBJECT).content()
    assert content.damaged == ()
    assert [entry.time for entry in content.changes] == ["at 1", "at 2", "at 3"]


def test_a_record_that_unpacks_to_gigabytes_is_refused_without_unpacking(tmp_path: Path) -> None:
    bomb = packed(bytes(1 << 28))  # 0.3 MB
    tracemalloc.start()
    content = written(tmp_path / "j.jsonl", MANY, new=bomb, old=bomb, mask=bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [entry.label for entry in content.changes] == [1, 3]
    assert peak < 16 << 20


@pytest.mark.parametrize("damage", [{"mask": "AAAA"}, {"kind": "eaten"}])
def test_undo_after_a_damaged_entry_takes_back_that_entry(
    tmp_path: Path, damage: dict[str, Any]
) -> None:
    undone = [*MANY, Entry(UNDONE), Entry(UNDONE)]  # the third and the damaged second
    assert [e.label for e in written(tmp_path / "j.jsonl", undone, **damage).changes] == [1]
    more = [*undone, Entry(UNDONE)]
    assert written(tmp_path / "j.jsonl", more, **damage).changes == ()


def test_damage_in_an_undo_does_not_bring_the_object_back(tmp_path: Path) -> None:
    entries = [accepted(1), Entry(UNDONE), accepted(3)]
    content = written(tmp_path / "j.jsonl", entries, label="x", model=None, time=5)
    assert [entry.label for entry in content.changes] == [3]
    assert content.damaged == ()


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_any_damaged_character_costs_its_own_line_at_most(data: st.DataObject) -> None:
    """Bytes of the third line are replaced, removed or doubled: the others are had, whole."""
    lines = [entry.to_line().encode() for entry in MANY]
    line = lines[1][:-1]
    place = data.draw(st.integers(0, len(line) - 1))
    wrong = [b"", b"x", b"9", b'"', b"}", b"{", b"\\", b"\xff", b"A", b"-"]
    new = data.draw(st.sampled_from(wrong))
    lines[1] = line[:place] + new + line[place + 1 :] + b"\n"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "j.jsonl"
        path.write_bytes(SUBJECT.to_line().encode() + b"".join(lines))
        content = Journal(path, SUBJECT).content()
        offered = Journal(path, SUBJECT).unsaved()
    intact = [entry.time for entry in (MANY[0], MANY[2])]
    assert [e.time for e in content.changes if e.time in intact] == intact
    assert len(content.changes) + len(content.damaged) == 3
    assert all(each.number == 3 for each in content.damaged)
    assert offered
    labels = np.zeros(SUBJECT.shape, np.uint32)
    for entry in content.changes:
        entry.apply(labels)


def test_painted_pixels_are_changes_that_undo_takes_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl", SUBJECT)
    journal.append(accepted(1))
    journal.append(Entry(PAINTED, (PackedEdit.of(edit(9, y=20)),)))
    assert [entry.kind for entry in journal.content().changes] == [ACCEPTED, PAINTED]
    assert [entry.label for entry in journal.accepted()] == [1]
    journal.append(Entry(SAVED))
    journal.append(Entry(PAINTED, (PackedEdit.of(edit(0, y=20)),)))
    assert journal.unsaved()  # corrections after a save
    journal.append(Entry(UNDONE))
    assert len(journal.content().changes) == 2


def test_heads_that_are_damaged_or_of_another_image_are_refused(tmp_path: Path) -> None:
    path = new_journal(SUBJECT, tmp_path).path
    for field, value in {"shape": None, "axes": 3, "name": []}.items():
        path.write_text(json.dumps(json.loads(SUBJECT.to_line()) | {field: value}) + "\n")
        with pytest.raises(JournalError, match=f"{field}.*first line"):
            read_subject(path)
    other = replace(SUBJECT, sample="xyz")  # under the file name of the image
    path.write_text(other.to_line() + accepted(1).to_line())
    assert newest_lost(SUBJECT, tmp_path) is None


HOLDING = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_journal import SUBJECT, Journal, accepted
journal = Journal(Path({path!r}), SUBJECT)
journal.append(accepted(1))
print("ready", flush=True)
input()
"""


def test_a_journal_has_one_writer_until_its_process_ends(tmp_path: Path) -> None:
    path = new_journal(SUBJECT, tmp_path).path
    program = HOLDING.format(tests=os.path.dirname(__file__), path=str(path))
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"ready"
        assert newest_lost(SUBJECT, tmp_path) is None
        with pytest.raises(JournalError, match="another writer"):
            Journal(path, SUBJECT).append(accepted(2))
        process.kill()
    lost = newest_lost(SUBJECT, tmp_path)
    assert lost is not None
    assert lost.path == path
    lost.append(accepted(2))
    assert [entry.label for entry in lost.accepted()] == [1, 2]


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
