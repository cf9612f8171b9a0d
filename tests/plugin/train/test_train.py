"""Training in the dock: by button, name and minutes, in the background, to an entry of the list."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QInputDialog, QLineEdit

from napari_sam.finetuning.schedule import Schedule
from napari_sam.weights.store import ModelStore
from tests.learning.rings import rings
from tests.plugin.bench import Bench, Open


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of weights of the test's own."""
    monkeypatch.setenv("NAPARI_SAM_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def two_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Courses of two steps instead of minutes."""
    monkeypatch.setattr(Schedule, "progress", lambda self, step, seconds: step / 2)


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Courses of minutes, for what is stopped before."""
    monkeypatch.setattr(Schedule, "progress", lambda self, step, seconds: step / 10_000)


@pytest.fixture
def labelled(open_dock: Open) -> Bench:
    """Two images with labels of rings."""
    bench = open_dock()
    for number in range(2):
        image, labels = rings(number, 128)
        bench.viewer.add_image(image, name=f"rings {number}")
        bench.wait(lambda n=number: in_use(bench) == f"rings {n}")
        bench.layer("labels").data = labels.astype(bench.layer("labels").data.dtype)
    return bench


def in_use(bench: Bench) -> str:
    QApplication.processEvents()
    work = bench.controller.workspace
    return "" if work is None else str(work.image.name)


def row_of(bench: Bench) -> Any:
    return bench.dock.learn_box.train_row


def press(button: Any) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def train(bench: Bench, name: str) -> None:
    """Press the button, and type a name into the dialog."""

    def type_name() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QInputDialog)
        field = dialog.findChild(QLineEdit)
        QTest.keyClicks(field, name)
        QTest.keyClick(field, Qt.Key.Key_Return)

    QTimer.singleShot(200, type_name)
    press(row_of(bench).button)


def train_and_stop(bench: Bench) -> None:
    """Begin a training, and stop it."""
    train(bench, "my-rings")
    bench.wait(lambda: row_of(bench).line.text().startswith("Training my-rings"))
    press(row_of(bench).button)
    bench.wait(ended(bench))


def ended(bench: Bench) -> Callable[[], bool]:
    return lambda: row_of(bench).button.text().startswith("Train on")


def test_a_model_is_trained_and_in_the_list(
    labelled: Bench, two_steps: None, gated_model: Any
) -> None:
    before = {name: tensor.clone() for name, tensor in gated_model.state_dict().items()}
    train(labelled, "my-rings")
    labelled.wait(ended(labelled))
    assert "On images kept apart, one click: IoU" in row_of(labelled).line.text()
    assert "Trained on 4 objects" in row_of(labelled).line.text()
    stored = ModelStore().find("my-rings")
    assert stored is not None
    assert stored.weights.with_name("results.html").as_uri() in row_of(labelled).line.text()
    box = labelled.dock.model_row.models
    assert "✓ my-rings" in [box.itemText(i) for i in range(box.count())]
    after = gated_model.state_dict()
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_a_training_is_stopped_and_goes_on(
    labelled: Bench, endless: None, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = row_of(labelled)
    train_and_stop(labelled)
    assert "To go on from here" in row.line.text()
    progress = models / "training" / "my-rings" / "progress.safetensors"
    assert progress.exists()
    assert ModelStore().find("my-rings") is None
    monkeypatch.setattr(Schedule, "progress", lambda self, step, seconds: 1.0 if step else 0.0)
    train(labelled, "my-rings")
    labelled.wait(ended(labelled))
    assert ModelStore().find("my-rings") is not None
    assert not progress.exists()


def test_a_stopped_training_begins_anew_with_more_labels(
    labelled: Bench, endless: None, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = row_of(labelled)
    train_and_stop(labelled)
    layers = [layer for layer in labelled.viewer.layers if layer.name.startswith("SAM labels")]
    assert len(layers) == 2
    for layer in layers:
        layer.data[2:9, 2:9] = 90
    monkeypatch.setattr(Schedule, "progress", lambda self, step, seconds: 1.0 if step else 0.0)
    train(labelled, "my-rings")
    labelled.wait(ended(labelled))
    assert "Trained on 5 objects" in row.line.text()


def test_what_cannot_be_trained_is_said(
    open_dock: Open, two_steps: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = open_dock(rings(0, 128)[0])
    said: list[str] = []
    bench.controller.desk.status_changed.connect(said.append)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("napari_sam.plugin.desk.show_error", lambda text: None)
        train(bench, "mine")
        bench.wait(ended(bench))
        bench.wait(lambda: said)
        assert "there is no object to train on" in said[-1]
        train(bench, "../mine")
        bench.wait(lambda: "cannot be the name of a model" in said[-1])
    assert row_of(bench).line.text() == ""


def test_closing_the_dock_ends_a_training(labelled: Bench, endless: None) -> None:
    train(labelled, "my-rings")
    labelled.wait(lambda: row_of(labelled).line.text().startswith("Training my-rings"))
    runner = labelled.controller.training._runner
    labelled.controller.close()
    labelled.wait(lambda: not runner.busy)
    assert ModelStore().find("my-rings") is None
