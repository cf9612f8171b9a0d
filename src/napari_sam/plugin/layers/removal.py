"""Removal: many layers leave the viewer at once; no Qt."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collecting_once() -> Iterator[None]:
    """Collect garbage once, after all layers inside were removed.

    napari collects after each removed layer, to free memory of the graphics card; a third of a
    second each time, for it looks through all objects of the program. Frozen objects are not
    looked through.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.collect()
