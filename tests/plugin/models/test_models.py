"""Choosing a model in the dock: the list, downloads that can be watched and cancelled, failures."""

import hashlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from napari.settings import get_plugin_settings
from napari.utils.notifications import notification_manager
from npe2 import PluginManifest
from qtpy.QtCore import QPoint, QPointF, Qt, QThreadPool
from qtpy.QtGui import QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

import napari_sam
from napari_sam.model.sam import Sam
from napari_sam.plugin.commands import SamWidget
from napari_sam.plugin.models.model_list import list_models
from napari_sam.plugin.settings import PLUGIN, Settings, read_settings
from napari_sam.weights import catalogue, checksum
from napari_sam.weights.card import ModelCard, WeightsFile
from napari_sam.weights.import_weights import import_weights
from napari_sam.weights.load import save_weights
from tests.plugin.bench import Bench, picture
from tests.tiny import tiny_sam
from tests.weights.http_site import Page, Site, serve

SLOW = 0.05
"""Seconds after every 1000 bytes: a minute for the whole file, unless the page is hurried up."""


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of weights, empty."""
    monkeypatch.setenv("NAPARI_SAM_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("MICROSAM_CACHEDIR", str(tmp_path / "micro-sam"))
    monkeypatch.setenv("no_proxy", "*")
    return tmp_path / "models"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Weights of another model than the one that the dock is opened with."""
    torch.manual_seed(1)
    save_weights(tiny_sam(), tmp_path / "mine.safetensors")
    return tmp_path / "mine.safetensors"


@pytest.fixture
def other(file: Path) -> Sam:
    """The model in the file."""
    return napari_sam.load_model(file)


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as site:
        yield site


@pytest.fixture
def page(site: Site, file: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    """The page of a model ``tiny_lm``, published for the time of a test; slow."""
    content = file.read_bytes()
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    url = site.add("/w", content, drip=SLOW)
    published = WeightsFile("tiny_lm.safetensors", (url,), digest, len(content))
    card = ModelCard("tiny_lm", "cells", "tiny", "CC0", "For tests.", (published,))
    monkeypatch.setitem(catalogue.MODELS, card.name, card)
    monkeypatch.setitem(catalogue._BY_NAME, card.name, card)
    return site.pages["/w"]


class ModelBench(Bench):
    """A viewer with the dock in it, and a user at the list of models."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.texts: list[str] = []
        show = self.dock.model_row.show_model

        def noting(text: str) -> None:
            self.texts.append(text)
            show(text)

        self.dock.model_row.show_model = noting

    def choose(self, start: str) -> None:
        """Open the list with the mouse and take the entry that starts with a text."""
        box = self.dock.model_row.models
        QTest.mouseClick(box, Qt.MouseButton.LeftButton, pos=box.rect().center())
        self.wait(box.view().isVisible)
        texts = [box.itemText(i).lstrip("✓↓ ") for i in range(box.count())]
        row = next(i for i, text in enumerate(texts) if text.startswith(start))
        # Taken with the Enter key: the real pointer, which lies anywhere, moves a mouse's choice.
        box.view().setCurrentIndex(box.model().index(row, 0))
        with self.qtbot.waitSignal(box.activated) as taken:
            QTest.keyClick(box.view(), Qt.Key.Key_Return)
        assert taken.args == [row]
        self.wait(lambda: not box.view().isVisible())

    def idle(self) -> None:
        super().idle()
        self.wait(lambda: not self.controller.models.busy)
        super().idle()

    def downloading(self) -> None:
        """Until the dock shows how far the download is."""
        self.wait(lambda: "Downloading tiny_lm" in self.dock.model_row.model.text())

    def answer(self, model: Sam) -> np.ndarray:
        """What a model answers to the clicks that are there."""
        self.model = model
        return self.expected(points=list(self.layer("points").data))


Open = Callable[..., ModelBench]


@pytest.fixture
def open_dock(make_napari_viewer_proxy: Any, tiny_model: Sam, qtbot: Any) -> Iterator[Open]:
    benches = []

    def opened() -> ModelBench:
        viewer = make_napari_viewer_proxy(show=True)
        viewer.add_image(picture(96, 128), name="cells")
        benches.append(ModelBench(viewer, tiny_model, qtbot))
        viewer.reset_view()
        QApplication.processEvents()
        return benches[-1]

    yield opened
    for bench in benches:
        bench.controller.close()
        bench.wait(lambda bench=bench: not bench.controller.runner.busy)


def notifications() -> list[str]:
    return [str(record.message) for record in notification_manager.records]


# --- the list --------------------------------------------------------------------------------


def test_models_that_are_here_come_first(file: Path, page: Page) -> None:
    import_weights(file, name="my-organoids")
    listed = list_models("cells-tiny")
    texts = [entry.text for entry in listed]
    assert texts[:3] == ["✓ cells-tiny", "✓ my-organoids", "vit_b (375 MB, will be downloaded)"]
    assert "vit_b_lm (413 MB, will be downloaded)" in texts
    assert len(listed) == len(catalogue.MODELS) + 1
    tips = {entry.model: entry.tip for entry in listed}
    for words in ("Light microscopy", "micro-sam", "CC-BY-4.0"):
        assert words in tips["vit_b_lm"]
    assert "cells" in tips["my-organoids"]


def test_the_model_in_use_is_listed_whatever_it_is(file: Path, tiny_model: Sam) -> None:
    assert list_models(tiny_model)[0].text == "✓ tiny-random"
    assert list_models(str(file))[0].text == "✓ mine.safetensors"
    assert list_models("gone.pt")[0].text == "gone.pt (not found)"
    assert "↓ vit_b_lm" in [entry.text for entry in list_models("cells-tiny", "VIT-B-LM")]


def test_listing_reads_no_weights(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models.mkdir()
    (models / "sam_vit_b_01ec64.pth").write_bytes(b"never hashed")

    def refuse(*args: object) -> None:
        raise AssertionError("a file was hashed")

    monkeypatch.setattr(checksum, "file_hash", refuse)
    assert [entry.text for entry in list_models("cells-tiny")][1] == "✓ vit_b"


def test_listing_does_not_import_torch() -> None:
    code = (
        "import sys; from napari_sam.plugin.models.model_list import list_models;"
        "list_models('cells-tiny'); sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- models that are here --------------------------------------------------------------------


def test_an_imported_model_is_chosen_and_answers(
    open_dock: Open, file: Path, other: Sam, tiny_model: Sam
) -> None:
    bench = open_dock()
    bench.click((40, 50))
    bench.idle()
    assert bench.dock.model_row.model.text() == "tiny-random on CPU"
    np.testing.assert_array_equal(bench.shown(), bench.answer(tiny_model))
    import_weights(file, name="my-organoids")  # while the dock is open, as from a terminal
    bench.choose("my-organoids")
    bench.idle()
    assert bench.dock.model_row.models.currentText() == "✓ my-organoids"
    assert bench.dock.model_row.model.text() == "my-organoids on CPU"
    expected = bench.answer(other)
    assert (expected != bench.answer(tiny_model)).any()
    np.testing.assert_array_equal(bench.shown(), expected)  # the click that was there before
    bench.press(Qt.Key.Key_Return)
    np.testing.assert_array_equal(bench.layer("labels").data, expected.astype(np.uint32))
    bench.click((70, 90))
    bench.idle()
    np.testing.assert_array_equal(bench.shown(), bench.answer(other))
    bench.choose("tiny-random")
    bench.idle()


def test_a_file_is_chosen_and_a_dialog_that_is_closed_changes_nothing(
    open_dock: Open, file: Path, other: Sam, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = open_dock()
    monkeypatch.setattr(bench.dock.model_row, "ask_weights_file", lambda: None)
    bench.choose("From a file")
    bench.idle()
    assert bench.dock.model_row.models.currentText() == "✓ tiny-random"
    monkeypatch.setattr(bench.dock.model_row, "ask_weights_file", lambda: file)
    bench.choose("From a file")
    bench.idle()
    assert bench.dock.model_row.models.currentText() == "✓ mine.safetensors"
    assert bench.dock.model_row.models.toolTip() == str(file)
    bench.click((40, 50))
    bench.idle()
    np.testing.assert_array_equal(bench.shown(), bench.answer(other))


def test_a_file_that_is_no_model_is_one_line(
    open_dock: Open, tmp_path: Path, tiny_model: Sam, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = open_dock()
    (tmp_path / "notes.pt").write_text("no weights")
    monkeypatch.setattr(bench.dock.model_row, "ask_weights_file", lambda: tmp_path / "notes.pt")
    bench.choose("From a file")
    bench.idle()
    assert "notes.pt holds no weights" in notifications()[-1]
    assert bench.dock.status.text().startswith(notifications()[-1])
    assert bench.dock.model_row.models.currentText() == "✓ tiny-random"
    bench.click((40, 50))
    bench.idle()
    np.testing.assert_array_equal(bench.shown(), bench.answer(tiny_model))


def test_the_wheel_chooses_nothing(open_dock: Open) -> None:
    bench = open_dock()
    box = bench.dock.model_row.models
    centre = QPointF(box.rect().center())
    event = QWheelEvent(
        centre, QPointF(box.mapToGlobal(box.rect().center())), QPoint(0, -120), QPoint(0, -120),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase,
        False,
    )  # fmt: skip
    QApplication.sendEvent(box, event)
    bench.idle()
    assert box.currentText() == "✓ tiny-random"
    assert not event.isAccepted()


def test_the_choice_is_kept_in_the_preferences(
    make_napari_viewer_proxy: Any,
    qtbot: Any,
    file: Path,
    other: Sam,
    plugin_settings: None,
    npe2pm: Any,
) -> None:
    manifest = Path(napari_sam.__file__).with_name("napari.yaml")
    npe2pm.register(PluginManifest.from_file(manifest))
    import_weights(file, name="my-organoids")
    for text in ("cells-tiny", "my-organoids"):
        viewer = make_napari_viewer_proxy(show=True)
        bench = ModelBench(viewer, other, qtbot, SamWidget(viewer))
        assert bench.dock.model_row.model.text() == f"{text} on CPU"
        bench.choose("my-organoids")
        bench.idle()
        assert read_settings().model == "my-organoids"
        bench.controller.close()


def test_looking_closer_can_be_switched_off_in_the_preferences(
    make_napari_viewer_proxy: Any, qtbot: Any, other: Sam, plugin_settings: None, npe2pm: Any
) -> None:
    manifest = Path(napari_sam.__file__).with_name("napari.yaml")
    npe2pm.register(PluginManifest.from_file(manifest))
    other.policy = replace(other.policy, closer_looks=True)
    for wanted in (True, False):
        viewer = make_napari_viewer_proxy()
        get_plugin_settings(PLUGIN).inference.closer = wanted
        assert read_settings() == Settings(closer=wanted)
        settings = replace(read_settings(), model=other, cache_dir=False, prefetch=False)
        viewer.add_image(picture(60, 80))
        bench = ModelBench(viewer, other, qtbot, SamWidget(viewer, settings))
        bench.click((40, 50))
        bench.wait(lambda bench=bench: bench.controller.object.masks)
        assert bench.controller.engine._session.encoder.closer == wanted
        bench.controller.close()


# --- downloads -------------------------------------------------------------------------------


def test_a_download_is_watched_while_the_model_before_goes_on(
    open_dock: Open, page: Page, other: Sam, tiny_model: Sam
) -> None:
    bench = open_dock()
    bench.choose("tiny_lm")
    bench.downloading()
    assert bench.dock.model_row.models.currentText() == "↓ tiny_lm"
    assert bench.dock.cancel_button.isEnabled()
    bench.click((40, 50))
    bench.wait(lambda: bench.controller.object.masks)
    np.testing.assert_array_equal(bench.shown(), bench.answer(tiny_model))
    assert "Downloading tiny_lm" in bench.dock.model_row.model.text()
    page.drip = 0.0
    bench.idle()
    assert "Downloading tiny_lm: 0 of 1 MB" in bench.texts
    assert bench.dock.model_row.model.text() == "tiny_lm on CPU"
    assert bench.dock.model_row.models.currentText() == "✓ tiny_lm"
    assert not bench.dock.cancel_button.isEnabled()
    np.testing.assert_array_equal(bench.shown(), bench.answer(other))


def test_cancel_keeps_model_prompts_and_what_was_downloaded(
    open_dock: Open, page: Page, site: Site, models: Path, tiny_model: Sam
) -> None:
    bench = open_dock()
    bench.click((40, 50))
    bench.idle()
    bench.choose("tiny_lm")
    bench.downloading()
    partial = models / f".tiny_lm.safetensors.{digits()}.partial"
    bench.wait(lambda: partial.stat().st_size)
    QTest.mouseClick(bench.dock.cancel_button, Qt.MouseButton.LeftButton)
    assert "Cancelled" in bench.dock.status.text()
    assert bench.dock.model_row.models.currentText() == "✓ tiny-random"
    assert bench.dock.model_row.model.text() == "tiny-random on CPU"
    ended()
    assert not bench.dock.cancel_button.isEnabled()
    np.testing.assert_array_equal(bench.shown(), bench.answer(tiny_model))
    bench.click((70, 90))
    bench.idle()
    np.testing.assert_array_equal(bench.shown(), bench.answer(tiny_model))
    assert partial.stat().st_size
    page.drip = 0.0
    bench.choose("tiny_lm")
    bench.idle()
    assert bench.dock.model_row.model.text() == "tiny_lm on CPU"
    assert site.requests[-1].range is not None  # went on where it had ended


def digits() -> str:
    """The part of the hash that partial files have in their names."""
    known = catalogue.MODELS["tiny_lm"].weights.hash or ""
    return known.removeprefix("sha256:")[:8]


def ended() -> None:
    """Until no worker and no download runs."""
    assert QThreadPool.globalInstance().waitForDone(60_000)
    QApplication.processEvents()
    for thread in threading.enumerate():
        if thread.name == "napari-sam download":
            thread.join(60)
            assert not thread.is_alive()
    QApplication.processEvents()


def test_a_silent_server_holds_nobody_up(open_dock: Open, page: Page, tiny_model: Sam) -> None:
    page.silence = 25.0
    bench = open_dock()
    bench.choose("tiny_lm")
    bench.wait(lambda: bench.dock.model_row.model.text() == "Loading the model")
    bench.dock.cancel_button.click()
    assert QThreadPool.globalInstance().waitForDone(15_000)
    bench.click((40, 50))
    bench.idle()
    np.testing.assert_array_equal(bench.shown(), bench.answer(tiny_model))


def test_a_wrong_hash_is_one_line_and_the_model_before_goes_on(
    open_dock: Open, page: Page, models: Path, tiny_model: Sam
) -> None:
    bench = open_dock()
    bench.click((20, 20))
    bench.idle()
    bench.press(Qt.Key.Key_Return)
    labels = bench.layer("labels").data.copy()
    bench.click((40, 50))
    bench.idle()
    page.content = page.content[:-1] + b"?"
    page.drip = 0.0
    before = len(notifications())
    bench.choose("tiny_lm")
    bench.idle()
    (line,) = notifications()[before:]
    for words in ("tiny_lm.safetensors", "the hash differs", "napari-sam models import"):
        assert words in line
    assert "\n" not in line
    assert bench.dock.status.text().startswith(line)
    assert bench.dock.model_row.models.currentText() == "✓ tiny-random"
    assert bench.dock.model_row.model.text() == "tiny-random on CPU"
    np.testing.assert_array_equal(bench.shown(), bench.answer(tiny_model))
    np.testing.assert_array_equal(bench.layer("labels").data, labels)
    assert labels.any()
    assert len(bench.layer("points").data) == 1
    assert not (models / "tiny_lm.safetensors").exists()


def test_another_choice_ends_a_download(open_dock: Open, page: Page, file: Path) -> None:
    import_weights(file, name="my-organoids")
    bench = open_dock()
    bench.choose("tiny_lm")
    bench.downloading()
    bench.choose("my-organoids")
    bench.idle()
    ended()
    assert bench.dock.model_row.model.text() == "my-organoids on CPU"
    bench.choose("tiny_lm")
    bench.downloading()
    bench.choose("my-organoids")  # the one that answers: there is nothing to load
    bench.idle()
    ended()
    assert bench.dock.model_row.model.text() == "my-organoids on CPU"
    assert bench.dock.model_row.models.currentText() == "✓ my-organoids"


def test_a_model_in_the_preferences_is_downloaded_when_the_dock_opens(
    make_napari_viewer_proxy: Any, qtbot: Any, page: Page, other: Sam
) -> None:
    page.drip = 0.0
    viewer = make_napari_viewer_proxy(show=True)
    viewer.add_image(picture(96, 128), name="cells")
    dock = SamWidget(viewer, Settings(model="Tiny-LM", cache_dir=False))
    bench = ModelBench(viewer, other, qtbot, dock)
    assert bench.dock.model_row.model.text() == "tiny_lm on CPU"
    assert bench.dock.model_row.models.currentText() == "✓ tiny_lm"
    bench.add(40, 50)
    bench.idle()
    np.testing.assert_array_equal(bench.shown(), bench.answer(other))
    bench.controller.close()


def test_without_the_model_in_the_preferences_another_can_be_chosen(
    make_napari_viewer_proxy: Any, qtbot: Any, page: Page
) -> None:
    page.status = 404
    viewer = make_napari_viewer_proxy(show=True)
    dock = SamWidget(viewer, Settings(model="tiny_lm", cache_dir=False))
    bench = ModelBench(viewer, None, qtbot, dock)
    assert "tiny_lm.safetensors could not be downloaded" in bench.dock.status.text()
    assert bench.dock.model_row.models.currentText() == "tiny_lm"
    assert bench.dock.model_row.model.text() == ""
    bench.choose("cells-tiny")
    bench.idle()
    assert bench.dock.model_row.model.text() == "cells-tiny on CPU"
    bench.controller.close()


@pytest.mark.parametrize("way", ["dock", "window"])
def test_closing_ends_a_download(open_dock: Open, page: Page, models: Path, way: str) -> None:
    bench = open_dock()
    bench.choose("tiny_lm")
    bench.downloading()
    if way == "dock":
        bench.viewer.window.remove_dock_widget(bench.dock)
    else:
        bench.viewer.close()
        QApplication.sendPostedEvents(None, 52)  # QEvent.DeferredDelete
        QApplication.processEvents()
    ended()
    assert not (models / "tiny_lm.safetensors").exists()
    assert list(models.glob(".*.partial"))
