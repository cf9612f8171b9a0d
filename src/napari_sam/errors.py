"""Errors: exceptions with a message of a single line and a next step for the user."""

LONGEST_REASON = 200
"""Characters of a text that a message repeats from a document or from another library."""


class NapariSamError(Exception):
    """Base class of the errors that this package raises on purpose.

    The message is one line: the problem, and what the user can do about it. The command line prints
    the message and exits with status 1; the napari dock shows it as a notification.
    """


def reason(error: BaseException) -> str:
    """Problem that a library met, for the end of a message: one line, not too long.

    Parameters
    ----------
    error : BaseException
        Error of another library.

    Returns
    -------
    str
        The first line of its message, cut to :data:`LONGEST_REASON` characters; without a message
        the name of its type.
    """
    lines = str(error).strip().splitlines()
    return cut(lines[0] if lines else type(error).__name__)


def cut(text: str) -> str:
    """Text of a document, cut to :data:`LONGEST_REASON` characters, to be repeated in a message."""
    return text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]} ..."


class ImageError(NapariSamError):
    """An image cannot be read, or not be segmented."""


class PromptError(NapariSamError):
    """Prompts do not describe an object in the image, or not one that can be followed."""


class ModelError(NapariSamError):
    """A model is unknown, or the weights or the device cannot be used."""


class CacheError(NapariSamError):
    """The embedding cache cannot be used."""


class ClusterError(NapariSamError):
    """The Dask cluster cannot be reached, or the workers cannot do the work."""


class LabelError(NapariSamError):
    """Labels do not fit the image, or a label, class or track cannot be made."""


class JournalError(NapariSamError):
    """The journal of accepted objects cannot be written or read."""


class OutputError(NapariSamError):
    """A file cannot be written to the path given by the user."""


class LearningError(NapariSamError):
    """A lesson cannot be learned, or what was learned does not fit the model."""


class RecipeError(NapariSamError):
    """A recipe cannot be read, or cannot be followed here."""


class DisplayError(NapariSamError):
    """A window cannot be opened."""
