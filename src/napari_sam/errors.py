"""What can go wrong, as exceptions whose one line says what to do next."""


class NapariSamError(Exception):
    """Base of every error that this package raises on purpose.

    The message is one line: what is wrong, and what the user can do. The command line prints it
    and exits with status 1; the dock shows it as a notification.
    """


class ImageError(NapariSamError):
    """The input is not an image that can be segmented."""


class PromptError(NapariSamError):
    """A point, box or mask does not describe an object in the image."""


class ModelError(NapariSamError):
    """A model name is unknown, or its weights cannot be used."""


class CacheError(NapariSamError):
    """The embedding cache cannot be used."""


class ClusterError(NapariSamError):
    """The cluster cannot be reached, or its workers cannot do what is asked."""


class LabelError(NapariSamError):
    """A label cannot be written into the labels array."""


class JournalError(NapariSamError):
    """The journal of accepted objects cannot be written or read."""


class OutputError(NapariSamError):
    """A result cannot be saved where the user asked."""
