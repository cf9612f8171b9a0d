"""A lesson is in the journal, and replay asks the model that had learned it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from typer.testing import CliRunner

from napari_sam import Session
from napari_sam.cli.app import app
from napari_sam.errors import JournalError
from napari_sam.journal.entry import ACCEPTED, DISCARDED, LEARNED, RETURNED, SAVED, Entry, Origin
from napari_sam.journal.journal import Journal
from napari_sam.journal.lesson_record import LessonRecord
from napari_sam.journal.subject import Subject
from napari_sam.labels.packed_edit import PackedEdit
from napari_sam.labels.paint import paint
from napari_sam.learning.delta import Delta
from napari_sam.learning.delta import Origin as DeltaOrigin
from napari_sam.learning.keep import keep
from napari_sam.masks.mask import Mask
from napari_sam.model.sam import Sam
from napari_sam.prompts.prompt import PointPrompt
from napari_sam.weights.load import save_weights, weights_hash
from tests.tiny import tiny_sam

LESSON = LessonRecord("1a2b", "3c", "cells-tiny", False, 12, 0.5, 0.75, "2026-01-02T03:04:05")
SUBJECT = Subject("a.tif", "/data/a.tif", "YX", (40, 50), "0")
SQUARE = Mask((), (2, 3, 6, 8), np.ones((4, 5), bool), 1.0, 1.0)


def accepted(label: int, origin: Origin = Origin()) -> Entry:
    edit = paint(SQUARE, np.zeros((40, 50), np.uint32), label)
    return Entry(ACCEPTED, (PackedEdit.of(edit),), origin, label)


def test_the_last_lesson_counts_and_goes_with_what_is_discarded(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a.jsonl", SUBJECT)
    assert journal.content().lesson is None
    other = replace(LESSON, delta="4d", quick=True)
    for entry, lesson in (
        (accepted(1), None),
        (Entry(LEARNED, lesson=LESSON), LESSON),
        (Entry(LEARNED, lesson=other), other),
        (Entry(LEARNED), None),
        (Entry(LEARNED, lesson=other), other),
        (Entry(DISCARDED), None),
        (Entry(RETURNED), other),
    ):
        journal.append(entry)
        assert journal.content().lesson == lesson
    journal.append(Entry(SAVED))
    journal.append(Entry(LEARNED, lesson=LESSON))
    assert not journal.unsaved()  # a lesson changes no label


@pytest.mark.parametrize(
    "change", [{"delta": "../../weights"}, {"delta": ""}, {"objects": "many"}, {"base": None}]
)
def test_a_damaged_lesson_is_no_lesson(change: dict[str, object]) -> None:
    with pytest.raises(JournalError, match="the lesson of the journal is damaged") as raised:
        LessonRecord.from_json({**LESSON.to_json(), **change})
    assert "\n" not in str(raised.value)


def test_an_origin_names_weights_and_delta() -> None:
    origin = Origin((), "cells-tiny", "3c")
    assert origin.delta_of("3c") == ""
    assert origin.learned("1a2b").delta_of("3c") == "1a2b"
    assert origin.learned("1a2b").delta_of("other weights") == ""


def inverting(model: Sam) -> Delta:
    """A delta with which the tiny model draws what it left out, and leaves out what it drew."""
    state = model.state_dict()
    names = [n for n in state if "hypernetworks" in n and "layers.2" in n]
    tensors = {name: (-2 * state[name]).numpy().astype(np.float16) for name in names}
    return Delta(DeltaOrigin(weights_hash(model), "tiny", True, 5, 0.6, 0.5, 0.7), tensors)


def test_replay_asks_each_object_of_the_model_that_answered_then(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (40, 50), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", pixels)
    torch.manual_seed(8)  # draws a part of the image
    model = tiny_sam().eval()
    weights = tmp_path / "tiny.safetensors"
    save_weights(model, weights, torch.float32)
    base, delta = weights_hash(model), keep(inverting(model), tmp_path)
    clicks = {1: (PointPrompt((10, 10)),), 2: (PointPrompt((25, 40)),)}
    origins = {
        1: Origin(clicks[1], "tiny", base).learned(delta),
        2: Origin(clicks[2], "tiny", base),
    }
    journal = Journal(tmp_path / "a.jsonl", replace(SUBJECT, path=str(tmp_path / "a.tif")))
    for label, origin in origins.items():
        journal.append(accepted(label, origin))
    # With a cache, as replay has one: it rounds embeddings.
    session = Session.open(tmp_path / "a.tif", model=weights, device="cpu")
    unlearned = session.predict_objects({1: clicks[1]})[1]
    for label, learned in ((1, inverting(model)), (2, None)):
        session.use(learned)
        session.commit(session.predict_objects({label: clicks[label]})[label], label)
    assert unlearned.area != (session.labels[:] == 1).sum()
    words = ["replay", str(journal.path), "-o", str(tmp_path / "labels.tif"), "--json"]
    words += ["--model", str(weights), "--device", "cpu"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["objects"] == 2
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "labels.tif"), session.labels[:])
    (tmp_path / f"{delta}.safetensors").unlink()
    result = CliRunner().invoke(app, [*words, "--overwrite"])
    assert result.exit_code == 1
    assert "cannot be read" in str(result.exception)
