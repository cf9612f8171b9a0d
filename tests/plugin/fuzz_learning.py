"""Random events while the model learns: what stays, what answers, and what undo brings back."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_sam import Session
from napari_sam.errors import LearningError
from napari_sam.learning import learn as learning
from napari_sam.learning.keep import read_delta
from napari_sam.learning.teach import Course
from napari_sam.masks.mask import Mask
from napari_sam.model.sam import Sam
from napari_sam.plugin.labels.unknown_labels import unknown_labels
from napari_sam.plugin.worker.events import Answer, Question
from napari_sam.plugin.worker.jobs import Job
from napari_sam.prompts.prompt import PointPrompt
from napari_sam.weights.load import weights_hash
from tests.plugin.bench import Bench, picture
from tests.plugin.fuzz import BREAKS, CTRL, SHIFT, WEIGHTS, Fuzz
from tests.plugin.sure_model import sure_model

LESSONS = {
    "accept_disc": 8,
    "learn": 5,
    "forget": 2,
    "by_itself": 2,
    "alike": 3,
    "similarity": 3,
    "classify": 2,
    "give_class": 3,
    "classes_by_itself": 1,
    "load_labels": 1,
    "review": 4,
    "keep": 3,
    "drop_found": 3,
    "answer": 3,
    "save_model": 1,
}
"""By event of the learning dock, how often it comes."""

MORE_BREAKS = {"other_image": 2, "other_model": 1, "lose_lesson": 1}
"""Events after which undo goes back to them at most, or answers are those of another model."""


@contextmanager
def lessons_of_few_steps(model: Sam, seed: int) -> Iterator[None]:
    """Lessons of four steps, which are better or worse by chance."""
    base, random = weights_hash(model), np.random.default_rng(seed)
    old = learning.judge, learning.QUICK, learning.FULL

    def judge(judged: Sam, lesson: Any, step: Any) -> Generator[Any, None, float]:
        yield step
        return 0.5 if weights_hash(judged) == base else float(random.uniform(0.3, 1))

    learning.judge = judge  # type: ignore[assignment]
    learning.QUICK, learning.FULL = Course(4, 1e-3, quick=True), Course(4, 1e-3, quick=False)
    try:
        yield
    finally:
        learning.judge, learning.QUICK, learning.FULL = old


class LearningFuzz(Fuzz):
    """Random events on a dock whose model learns; see :class:`~tests.plugin.fuzz.Fuzz`.

    Half of the events come while work of the one before is under way.
    """

    def __init__(
        self,
        bench: Bench,
        seed: int,
        folder: Path,
        with_breaks: bool,
        reopened: Callable[[Bench], Bench],
    ) -> None:
        super().__init__(bench, seed, folder, with_breaks, reopened)
        breaks = BREAKS | MORE_BREAKS if with_breaks else {}
        self.weights = WEIGHTS | LESSONS | breaks
        self.folds = bench.dock.learn_box, bench.dock.everything_box, bench.dock.class_box
        for fold in self.folds:
            fold.set_open()

    # --- what must hold ------------------------------------------------------------------------

    def _do(self, name: str, event: Callable[[], None]) -> None:
        self.result.events.append(name)
        try:
            event()
            QApplication.processEvents()
            before = self._accepted()
            if name not in BREAKS and self.random.random() < 0.5:
                self._wait_a_little()
            else:
                self.bench.idle()
            self._compare(before)
        except Exception as error:
            self._fault(f"{type(error).__name__}: {error}")
        self._look()

    def _wait_a_little(self) -> None:
        for _ in range(self.random.randint(0, 40)):
            QApplication.processEvents()
            QTest.qWait(2)

    def _accepted(self) -> tuple[Any, NDArray[Any], NDArray[np.bool_]] | None:
        work, layer = self.bench.controller.workspace, self.labels
        if layer is None:
            return None
        unknown = list(unknown_labels(work.ratings.of_label))
        return layer, layer.data.copy(), (layer.data > 0) & ~np.isin(layer.data, unknown)

    def _compare(self, before: tuple[Any, NDArray[Any], NDArray[np.bool_]] | None) -> None:
        """Pixels of accepted labels are what they were when the user's event was over."""
        if before is None or before[0] is not self.labels:
            return
        layer, labels, accepted = before
        changed = np.unique(labels[accepted & (layer.data != labels)])
        if changed.size:
            self._fault(f"accepted labels changed by themselves: {changed}")

    def _undo_all(self) -> None:
        self._settle()
        end = self.whole_state()
        super()._undo_all()
        if self.with_breaks:
            return
        work = self.bench.controller.workspace
        if self.labels is not None and self.labels.data.any():
            self._fault("undo to the start leaves labels")
        if work.lessons.now is not None:
            self._fault("undo to the start leaves a lesson")
        for _ in range(self.result.undone):
            QTest.keyClick(self.bench.native, Qt.Key.Key_Z, CTRL | SHIFT)
            self.bench.idle()
            self._look()
        if len(work.history.done) < 100 and "load_labels" not in self.result.events:
            for name, now in self.whole_state().items():
                if not np.array_equal(now, end[name]):
                    self._fault(f"redo to the end gives other {name}")

    def _settle(self) -> None:
        """Until nothing is under way, and nothing begins by itself any more."""
        if self.bench.dock.learn_box.by_itself.isChecked():
            self.bench.dock.learn_box.by_itself.click()
        QTest.qWait(400)
        self.bench.idle()

    def whole_state(self) -> dict[str, Any]:
        """Labels and the lesson in use."""
        work, layer = self.bench.controller.workspace, self.labels
        if layer is None:
            return {}
        lesson = work.lessons.now
        return {"labels": layer.data.copy(), "lesson": "" if lesson is None else lesson.delta}

    # --- lessons -------------------------------------------------------------------------------

    def _accept_disc(self) -> None:
        work = self.bench.controller.workspace
        row, column = self.random.randrange(4), self.random.randrange(4)
        y, x = np.mgrid[:13, :13]
        y0, x0 = 24 * row + 6, 24 * column + 6
        inside = (y - 6) ** 2 + (x - 6) ** 2 < self.random.choice((30, 36, 2))
        mask = Mask(work.shown_plane, (y0, x0, y0 + 13, x0 + 13), inside, 0.9, 3.0)
        work.writer.accept([mask], self.bench.controller.engine.origin)

    def _press(self, button: Any) -> None:
        if button.isEnabled():
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def _learn(self) -> None:
        self._press(self.bench.dock.learn_box.learn_button)

    def _forget(self) -> None:
        self._press(self.bench.dock.learn_box.forget_button)

    def _by_itself(self) -> None:
        self.bench.dock.learn_box.by_itself.click()

    def _save_model(self) -> None:
        if self.bench.dock.learn_box.save_button.isEnabled():
            self.bench.dock.learn_box.named.emit(f"fuzz-{self.seed}")

    def _answer(self) -> None:
        """A click is answered by the lesson in use, or without one by the model as it was."""
        bench, desk = self.bench, self.bench.controller.desk
        work, answers = desk.workspace, []
        point = self._place()
        plane = work.shown_plane
        question = Question((PointPrompt((*plane, *point)),), ())
        lesson = work.lessons.now
        folder = None if lesson is None else work.lessons.folder
        asked = bench.controller.engine._lessons._chosen[0]
        if asked != lesson:
            self._fault(f"the engine has chosen {asked}, the labels {lesson}")
        steps = desk.engine.predict(desk.settings, work.source, {plane: {1: question}})

        def receive(event: Any) -> None:
            if isinstance(event, Answer):
                answers.append(event.mask)

        bench.controller.runner.submit(Job(steps, receive))
        bench.wait(lambda: answers or not bench.controller.runner.busy)
        if not answers or work.lessons.now != lesson or self.with_breaks:
            return
        session = Session.open(
            work.image.data,
            model=bench.model,
            contrast=tuple(work.image.contrast_limits),
            cache_dir=False,
        )
        if lesson is not None and folder is not None:
            with suppress(LearningError):  # its file was taken away
                session.use(read_delta(folder, lesson.delta))
        expected = session.predict(points=[(*plane, *point)])
        if not np.array_equal(expected.low_res_logits, answers[0].low_res_logits):
            self._fault(f"a click was not answered by {lesson}")

    def _lose_lesson(self) -> None:
        if self.labels is not None:
            for path in self.bench.controller.workspace.lessons.folder.glob("*.safetensors"):
                self.random.choice([path.unlink, lambda path=path: path.write_bytes(b"no")])()

    # --- more like these, classes, review ------------------------------------------------------

    def _alike(self) -> None:
        box = self.bench.dock.everything_box.alike
        box.where_box.setCurrentIndex(self.random.randrange(box.where_box.count()))
        box.examples_box.setCurrentIndex(self.random.randrange(box.examples_box.count()))
        self._press(box.find_button)

    def _similarity(self) -> None:
        self.bench.dock.everything_box.alike.slider.setValue(self.random.randint(1, 100))

    def _give_class(self) -> None:
        box = self.bench.dock.class_box
        if self.random.random() < 0.3:
            self._press(box.add_button)
        if self.labels is None or box.of_label.count() < 2:
            return
        present = np.unique(self.labels.data)
        self.labels.selected_label = int(self.random.choice(present))
        box.of_label.activated.emit(self.random.randrange(box.of_label.count()))

    def _classify(self) -> None:
        self._press(self.bench.dock.class_box.predict_button)

    def _classes_by_itself(self) -> None:
        self.bench.dock.class_box.by_itself.click()

    def _review(self) -> None:
        self._press(self.bench.dock.everything_box.review_box.next_button)

    def _keep(self) -> None:
        self._press(self.bench.dock.everything_box.review_box.keep_button)

    def _drop_found(self) -> None:
        self._press(self.bench.dock.everything_box.review_box.drop_button)

    def _load_labels(self) -> None:
        path = self.folder / f"loaded {self.seed} {len(self.result.events)}.tif"
        labels = np.zeros(self.bench.controller.workspace.source.label_shape, np.uint16)
        labels[..., 6:19, 6:19], labels[..., 30:43, 6:19] = 1, 2
        labels[..., 54:67, 6:19], labels[..., 78:91, 6:19] = 3, 4
        tifffile.imwrite(path, labels, metadata={"axes": "ZYX"})
        use = self.bench.controller.use_labels
        use._ask_file = lambda: path
        use.use_file()

    # --- other images and models ---------------------------------------------------------------

    def _other_image(self) -> None:
        layers = self.bench.viewer.layers
        if "others" in layers:
            layers["others"].visible = not layers["others"].visible
        else:
            self.bench.viewer.add_image(picture(3, 96, 96), name="others")
        QTest.qWait(150)

    def _other_model(self) -> None:
        models = self.bench.controller.models
        models._use(_ready(sure_model() if self.random.random() < 0.5 else self.bench.model))


def _ready(model: Sam) -> Any:
    from napari_sam.plugin.worker.events import ModelReady

    return ModelReady("tiny-random", "cpu", model)
