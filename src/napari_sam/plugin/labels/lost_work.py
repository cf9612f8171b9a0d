"""Lost work: the journal of an earlier napari about an image, with labels in no file; no Qt."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from napari.utils.notifications import show_warning

from napari_sam.errors import JournalError
from napari_sam.journal.entry import SAVED, Entry
from napari_sam.journal.journal import Journal, Subject, lost_journals
from napari_sam.plugin.image.image_sample import old_sample_of, sample_of
from napari_sam.plugin.image.image_source import ImageSource

from .saved_by_napari import file_with


def subject_of(source: ImageSource, path: str) -> Subject:
    """Identity of an image for the journal.

    Parameters
    ----------
    source : ImageSource
        The image.
    path : str
        Its file; empty without a file.
    """
    return Subject(
        source.name, path, source.label_axes, source.label_shape, sample_of(source, path)
    )


def lost_work(subject: Subject, source: ImageSource) -> Journal | None:
    """The newest journal of an image with unsaved labels and no writer, claimed.

    A journal whose labels are in a file of napari's own writer is noted as saved, and left out.

    An older journal tells its image by two crops of pixels. Where both crops are constant, it
    may be about another image: it is named in a warning, and left alone.

    Parameters
    ----------
    subject : Subject
        Identity of the image.
    source : ImageSource
        The image, for its old identity.

    Returns
    -------
    Journal or None
        None without such a journal.
    """
    for journal in _candidates(subject, source):
        with suppress(JournalError):  # a journal that cannot be read is offered, which says why
            if file_with(journal.content(), source, subject.path) is not None:
                journal.append(Entry(SAVED))
                continue
        return journal
    return None


def _candidates(subject: Subject, source: ImageSource) -> Iterator[Journal]:
    yield from lost_journals(subject)
    sample, tells_apart = old_sample_of(source)
    for journal in lost_journals(replace(subject, sample=sample)):
        if tells_apart:
            yield journal
        else:
            show_warning(
                f"{journal.path} may be about this image or about another one like it: "
                f"napari-sam replay makes its labels"
            )
