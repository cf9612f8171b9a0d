"""Image sets: files of the same image among the images of a command, segmented once."""

from collections.abc import Sequence
from pathlib import Path

from .task import Task

_MOST_NAMES = 5
"""Files that a line lists; of more only the number is said."""


def once_for_each_set(tasks: Sequence[Task]) -> tuple[list[Task], list[str]]:
    """Leave out tasks on further files of an image that is split into several.

    Parameters
    ----------
    tasks : sequence of Task
        Tasks in order. Of the files of an OME-TIFF set each opens the whole image.

    Returns
    -------
    list of Task
        Of each set the task on its first file, and all other tasks.
    list of str
        A sentence for each set.
    """
    from napari_sam.image.companions import file_sets

    sets = file_sets([task.image for task in tasks if isinstance(task.image, Path)])
    further = {path for others in sets.values() for path in others}
    lines = [_sentence(first, others) for first, others in sets.items() if others]
    return [task for task in tasks if task.image not in further], lines


def _sentence(first: Path, others: Sequence[Path]) -> str:
    names = ", ".join(path.name for path in (first, *others)[:_MOST_NAMES])
    more = " ..." if len(others) >= _MOST_NAMES else ""
    return f"{first} is an image in {len(others) + 1} files ({names}{more}), segmented once"
