"""Ask for text: a dialog with one line to type."""

from qtpy.QtWidgets import QInputDialog, QWidget


def ask_text(parent: QWidget, title: str, question: str) -> str:
    """Let the user type a line; empty if they cancel the dialog.

    Parameters
    ----------
    parent : QWidget
        Widget over which the dialog opens.
    title : str
        Title of the dialog.
    question : str
        Text above the line.

    Returns
    -------
    str
        The line, without spaces around it.
    """
    text, is_confirmed = QInputDialog.getText(parent, title, question)
    return text.strip() if is_confirmed else ""
