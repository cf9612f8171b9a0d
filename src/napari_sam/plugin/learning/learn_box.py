"""LearnBox: the fold for lessons from accepted objects; widgets, no logic."""

from qtpy.QtCore import Signal

from napari_sam.plugin.train.train_row import TrainRow
from napari_sam.plugin.widgets.ask_text import ask_text
from napari_sam.plugin.widgets.buttons import check_box, push_button, text_label
from napari_sam.plugin.widgets.fold import Fold

_LEARN = (
    "Let the model learn from the objects that you accepted: a short lesson at once, then a longer "
    "one\nin the background. Nothing else needs a label, and you can click on meanwhile"
)
_STOP = "Give up the lesson; the model stays as it is now"
_BY_ITSELF = (
    "Learn at 6, 12, 24, ... accepted objects, and when you dropped or corrected several. What\n"
    "was learned stays only while it answers better than the model as it was (remembered)"
)
_UNDO = "Take the lesson back, and the objects that it drew [Ctrl-Z]"
_FORGET = "Answer by the model as it was; labels stay as they are"
_SAVE = "Keep what was learned as a model of your own, for all images and the command line"
_NAME = "Name of the model, such as my-neurons:"


class LearnBox(Fold):
    """The fold *Learning*.

    Attributes
    ----------
    train_row : TrainRow
        Trains a model of the user's own on all labels of the viewer.

    Signals
    -------
    learn_clicked, stop_clicked
        The user wants a lesson now, or no longer.
    forget_clicked
        The model as it was shall answer.
    undo_clicked
        Take the lesson back, with the objects that it redrew.
    named : str
        Name under which to save the model that answers.
    by_itself_changed : bool
        Whether the model shall learn without being asked.
    """

    learn_clicked = Signal()
    stop_clicked = Signal()
    forget_clicked = Signal()
    undo_clicked = Signal()
    named = Signal(str)
    by_itself_changed = Signal(bool)

    def __init__(self) -> None:
        super().__init__("Learning", "The model learns from the objects that you accepted")
        self._learning = False
        self.learn_button = push_button("", "")
        self.by_itself = check_box("Learn by itself", _BY_ITSELF)
        self.line = text_label(word_wrap=True)
        self.undo_button = push_button("Undo", _UNDO)
        self.forget_button = push_button("Forget", _FORGET)
        self.save_button = push_button("Save as model …", _SAVE)
        self.learn_button.clicked.connect(self._learn_clicked)
        self.by_itself.toggled.connect(self.by_itself_changed)
        self.undo_button.clicked.connect(lambda: self.undo_clicked.emit())
        self.forget_button.clicked.connect(lambda: self.forget_clicked.emit())
        self.save_button.clicked.connect(self._save_clicked)
        self.train_row = TrainRow()
        self._lay_out()
        self.show_learnable("")
        self.show_lesson("", 0, can_undo=False)

    def show_learnable(self, reason: str, learning: bool = False) -> None:
        """Enable the button, or name the reason against a lesson in its tooltip.

        Parameters
        ----------
        reason : str
            Why nothing can be learned now; empty if the model can learn.
        learning : bool
            Whether a lesson is under way, which the button stops.
        """
        self._learning = learning
        self.learn_button.setText("Stop learning" if learning else "Learn from accepted objects")
        self.learn_button.setEnabled(learning or not reason)
        self.learn_button.setToolTip(_STOP if learning else reason or _LEARN)

    def show_lesson(self, text: str, objects: int, can_undo: bool) -> None:
        """Show the lesson in use: a line, the number of its objects, and its buttons.

        Parameters
        ----------
        text : str
            The line.
        objects : int
            Accepted objects of the lesson in use; 0 for the model as it was.
        can_undo : bool
            Whether the lesson was the last action.
        """
        self.line.setText(text)
        self.line.setVisible(bool(text))
        self.undo_button.setVisible(can_undo)
        self.forget_button.setEnabled(objects > 0)
        self.save_button.setEnabled(objects > 0)
        self.show_note([f"{objects} objects"] if objects else [])

    def _learn_clicked(self) -> None:
        (self.stop_clicked if self._learning else self.learn_clicked).emit()

    def _save_clicked(self) -> None:
        if name := ask_text(self, "Save as model", _NAME):
            self.named.emit(name)

    def _lay_out(self) -> None:
        grid = self.grid
        for column in range(3):
            grid.setColumnStretch(column, 1)
        grid.addWidget(self.learn_button, 0, 0, 1, 3)
        grid.addWidget(self.by_itself, 1, 0, 1, 3)
        grid.addWidget(self.line, 2, 0, 1, 3)
        grid.addWidget(self.undo_button, 3, 0)
        grid.addWidget(self.forget_button, 3, 1)
        grid.addWidget(self.save_button, 3, 2)
        grid.addWidget(self.train_row, 4, 0, 1, 3)
