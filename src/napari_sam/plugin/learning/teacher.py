"""Teacher: lets the model learn from accepted objects, and shows the result."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from qtpy.QtCore import QTimer
from superqt.utils import QSignalDebouncer

from napari_sam.journal.lesson_record import LessonRecord
from napari_sam.masks.mask import Mask
from napari_sam.plugin.ahead.ahead import Ahead
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.labels.journals import journal_of
from napari_sam.plugin.models.model_chooser import ModelChooser
from napari_sam.plugin.settings import LEARNING, Settings
from napari_sam.plugin.worker.events import Event, ModelReady, Saved, Scored
from napari_sam.plugin.worker.jobs import Job, Priority
from napari_sam.plugin.workspace import Workspace

from .evidence import Evidence
from .learn_box import LearnBox
from .lesson_line import NOTHING_LEARNED, lesson_line
from .lesson_under_way import WORDS, LessonUnderWay
from .scores import verdict

_REST = 300
"""Milliseconds without a change of the labels before the teacher looks at them."""

_RENEWED = 10_000
"""Milliseconds between two looks at the clock for the line on the lesson."""

_NO_EVIDENCE = Evidence({}, 0)

_GONE = "Its file cannot be used: the model answers as it was."


class Teacher:
    """Decides when to learn, takes a losing lesson off, and shows the fold *Learning*.

    Parameters
    ----------
    desk : Desk
        Engine, runner and image in use.
    box : LearnBox
        The fold.
    settings : Settings or None
        Settings from a script, used instead of napari's preferences.
    ahead : Ahead
        Encodes the tiles in view again under another image encoder.
    models : ModelChooser
        Lists saved models.
    """

    def __init__(
        self,
        desk: Desk,
        box: LearnBox,
        settings: Settings | None,
        ahead: Ahead,
        models: ModelChooser,
    ) -> None:
        self._desk, self._box, self._ahead, self._models = desk, box, ahead, models
        self._work: Workspace | None = None
        self._under_way: LessonUnderWay | None = None
        self._last = _NO_EVIDENCE
        self._before: LessonRecord | None = None
        self._result = self._note = ""
        self._scores: list[Scored] = []
        self._rested = QSignalDebouncer(parent=box)
        self._rested.setTimeout(_REST)
        self._rested.triggered.connect(self._labels_rest)
        self._clock = QTimer(box)
        self._clock.setInterval(_RENEWED)
        self._clock.timeout.connect(self._show)
        box.by_itself.setChecked(LEARNING.read() if settings is None else settings.learn)
        box.by_itself_changed.connect(self._switch)
        box.learn_clicked.connect(lambda: self.learn())
        box.stop_clicked.connect(self._stop)
        box.forget_clicked.connect(self._forget)
        box.named.connect(self._save)
        box.toggled.connect(self._show)
        desk.listen(ModelReady, self._model_ready)
        desk.runner.failed.connect(self._show)

    # --- called by the controller ------------------------------------------------------------

    def use(self, work: Workspace) -> None:
        """Learn from the labels of an image from now on."""
        self._work = work
        self._last, self._note = self._evidence, ""
        for signal in (work.history.changed, work.ratings.changed):
            signal.connect(self._rested.throttle)
        work.writer.accepted.connect(self._judge)
        work.lessons.changed.connect(self._lesson_changed)
        self._lesson_changed()

    def leave(self) -> None:
        """Stop learning from an image; its lesson stays with its labels."""
        work = self._work
        self.let_go()
        if work is not None:
            self._rested.cancel()
            self._clock.stop()
            self._show()

    def let_go(self) -> None:
        """Stop learning: the part of :meth:`leave` without widgets."""
        work, self._work = self._work, None
        if work is not None:
            self._stop()
            for signal in (work.history.changed, work.ratings.changed):
                signal.disconnect(self._rested.throttle)
            work.writer.accepted.disconnect(self._judge)
            work.lessons.changed.disconnect(self._lesson_changed)
            self._desk.engine.use(None, Path())

    # --- lessons -----------------------------------------------------------------------------

    def learn(self, silent: bool = False) -> None:
        """Begin a lesson with all accepted objects, unless :attr:`_reason` is against a lesson."""
        if not silent:
            self._desk.begin_action()
        work = self._desk.look(aloud=not silent)
        if work is None or self._reason or self._under_way is not None:
            return
        self._last, self._note = self._evidence, ""
        self._under_way = LessonUnderWay(
            self._desk, work, self._last.accepted, silent, self._show, self._ended
        )
        self._under_way.begin()
        self._show()

    def _ended(self) -> None:
        under_way, self._under_way = self._under_way, None
        if under_way is None or self._work is None or self._desk.closed:
            return
        self._result = under_way.result
        if under_way.is_stopped:
            self._note = "Learning was stopped: the model stays as it is."
        elif not under_way.is_learned:
            problem = under_way.problem
            nothing = NOTHING_LEARNED.format(count=self._last.accepted)
            self._note = f"{problem[0].upper()}{problem[1:]}." if problem else nothing
        self._show()
        self._desk.report(self._box.line.text())

    def _stop(self) -> None:
        if self._under_way is not None:
            self._under_way.stop()

    def _forget(self) -> None:
        self._desk.begin_action()
        self._take_off("Forgotten: the model answers as it was. Labels stay as they are.")
        self._desk.say(self._note)

    def _take_off(self, note: str) -> None:
        if self._work is not None and self._work.lessons.now is not None:
            with self._work.history.one_action(text="the end of the lesson"):
                self._work.lessons.change(None)
            self._note = note
            self._show()

    def _lesson_changed(self) -> None:
        """Answer by the lesson in use, after a lesson, its undo or redo, or a change of image.

        Where the image encoder differs, tiles are encoded anew.
        """
        work = self._work
        if work is None:
            return
        under_way, before, now = self._under_way, self._before, work.lessons.now
        if under_way is not None and not under_way.is_applying:
            self._stop()
        folder = Path() if work.labels is None else work.lessons.folder
        self._desk.engine.use(now, folder)
        self._before, self._scores, self._note = now, [], ""
        self._result = ""
        if any(each is not None and not each.quick for each in (before, now)):
            self._ahead.model_changed()
        if now is None:
            self._clock.stop()
        else:
            self._clock.start()
        self._show()

    # --- accepted objects --------------------------------------------------------------------

    def _judge(self, masks: Sequence[Mask]) -> None:
        """Ask both models for an accepted object."""
        work = self._work
        if work is None or work.lessons.now is None or not masks:
            return
        lesson = work.lessons.now

        def receive(event: Event) -> None:
            if isinstance(event, Scored) and self._work is work and work.lessons.now == lesson:
                self._scores.append(event)
                if not work.history.next_redo and (reason := verdict(self._scores)):
                    self._take_off(reason)
                    self._desk.report(reason)

        steps = self._desk.engine.score(self._desk.settings, work.source, masks)
        self._desk.runner.submit(Job(steps, receive, priority=Priority.LEARNING, quiet=True))

    @property
    def _evidence(self) -> Evidence:
        work = self._work
        journal = None if work is None or work.labels is None else journal_of(work.labels)
        if work is None or journal is None:
            return _NO_EVIDENCE
        return Evidence.of(journal.mirror.labels.areas, work.ratings.of_label)

    def _labels_rest(self) -> None:
        if self._work is None or self._desk.closed:
            return
        if self._under_way is not None and self._under_way.is_unwanted:
            self._stop()
        # A lesson is a step: nothing could be done again after it.
        may_learn = self._box.by_itself.isChecked() and not self._work.history.next_redo
        if may_learn and self._evidence.calls_for_lesson(self._last):
            self.learn(silent=True)
        self._show()

    def _switch(self, by_itself: bool) -> None:
        LEARNING.remember(by_itself)
        self._rested.throttle()

    def _model_ready(self, event: ModelReady) -> None:
        self._stop()
        self._show()

    # --- models ------------------------------------------------------------------------------

    def _save(self, name: str) -> None:
        self._desk.begin_action()

        def receive(event: Event) -> None:
            if isinstance(event, Saved):
                self._models.list()
                self._desk.say(f"Saved as {event.name}: it is in the list of models from now on.")
            else:
                self._desk.receive(event)

        steps = self._desk.engine.save_model(self._desk.settings, name)
        self._desk.runner.submit(Job(steps, receive, priority=Priority.ASKED))

    # --- what is shown -----------------------------------------------------------------------

    @property
    def _reason(self) -> str:
        """Why nothing can be learned now; empty if the model can learn."""
        engine = self._desk.engine
        if self._work is None:
            return "Open an image first"
        if not engine.origin.model:
            return "The model is not loaded yet"
        if not engine.can_learn:
            return f"{engine.origin.model} cannot learn here: choose cells-tiny"
        if missing := self._evidence.missing:
            return f"Accept {missing} more {'object' if missing == 1 else 'objects'} first"
        return ""

    def _show(self, _: object = None) -> None:
        if self._desk.closed:
            return
        under_way, work = self._under_way, self._work
        lesson = None if work is None else work.lessons.now
        reason = self._reason
        self._box.show_learnable(reason, learning=under_way is not None)
        lines = [] if lesson is None else [self._line(lesson)]
        if under_way is not None:
            lines = [under_way.progress, *lines]
        elif self._note:
            lines = [self._note, *lines]
        elif reason and not lines:
            lines = [f"{reason}."]  # a grey button alone would not say what to do
        can_undo = work is not None and lesson is not None and work.history.next_undo == WORDS
        objects = 0 if lesson is None else lesson.objects
        self._box.show_lesson(" ".join(filter(None, lines)), objects, can_undo)

    def _line(self, lesson: LessonRecord) -> str:
        line = lesson_line(lesson, datetime.now(UTC), self._result)
        engine = self._desk.engine
        if engine.base not in ("", lesson.base):
            return f"{line} Choose {lesson.model} again to use it."
        return line if engine.is_learned or not engine.base else f"{line} {_GONE}"
