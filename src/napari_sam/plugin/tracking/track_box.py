"""TrackBox: buttons for the tracking of a movie, and for the review of doubtful decisions."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGridLayout, QWidget

from napari_sam.plugin.keys import tip_of
from napari_sam.plugin.widgets.buttons import push_button, text_label


class TrackBox(QWidget):
    """Rows of the section *Find all objects* for movies.

    Attributes
    ----------
    track_button, tracks_button : QPushButton
        Track the objects; show the tracks.
    next_button, no_button, yes_button : QPushButton
        With :attr:`text`, visible while decisions wait for the user.
    text : QLabel

    Signals
    -------
    track_clicked, tracks_clicked
        Track the objects; show the tracks.
    action_clicked : str
        Name of an action, see :mod:`napari_sam.plugin.keys`.
    """

    track_clicked = Signal()
    tracks_clicked = Signal()
    action_clicked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.track_button = push_button("Track", tip_of("track_objects"))
        self.tracks_button = push_button("Show tracks", tip_of("show_tracks"))
        self.next_button = push_button("→ Next", tip_of("track_next"))
        self.no_button = push_button("✕ No", tip_of("track_no"))
        self.yes_button = push_button("✓ Yes", tip_of("track_yes"))
        self.text = text_label(word_wrap=True)
        self.track_button.clicked.connect(lambda: self.track_clicked.emit())
        self.tracks_button.clicked.connect(lambda: self.tracks_clicked.emit())
        for button, name in (
            (self.next_button, "track_next"),
            (self.no_button, "track_no"),
            (self.yes_button, "track_yes"),
        ):
            button.clicked.connect(lambda checked, name=name: self.action_clicked.emit(name))
        self._lay_out()
        self.show_waiting(0, 0)

    def show_waiting(self, done: int, total: int) -> None:
        """Show how many decisions were judged; hide the rows when none waits."""
        self.text.setText(f"Tracks: {done} of {total} questions answered")
        for widget in (self.text, self.next_button, self.no_button, self.yes_button):
            widget.setVisible(done < total)

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        for column in range(6):
            grid.setColumnStretch(column, 1)
        grid.addWidget(self.track_button, 0, 0, 1, 3)
        grid.addWidget(self.tracks_button, 0, 3, 1, 3)
        grid.addWidget(self.text, 1, 0, 1, 6)
        for i, button in enumerate((self.next_button, self.no_button, self.yes_button)):
            grid.addWidget(button, 2, 2 * i, 1, 2)
