"""An annotator made of clicks: knows the truth, looks at the preview, corrects what is wrong."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication
from scipy.ndimage import distance_transform_edt
from skimage.measure import label as connected_components

from napari_sam.plugin.layers.conventions import BACKGROUND, FOREGROUND
from tests.plugin.bench import Bench

Bool = NDArray[np.bool_]
Place = tuple[int, int]

_LONGEST = 600.0  # seconds; a guard against hangs


def innermost(region: Bool) -> Place:
    """The pixel yx of a region that is farthest from its edge."""
    depth = distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1]
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    return int(y), int(x)


def largest_error(wanted: Bool, shown: Bool) -> Bool:
    """The largest connected region that one mask has and the other has not."""
    numbers = connected_components(wanted ^ shown)
    sizes = np.bincount(numbers.ravel())
    sizes[0] = 0
    return np.asarray(numbers == sizes.argmax())


def iou(one: Bool, other: Bool) -> float:
    """Overlap of two masks, from 0 to 1."""
    either = np.count_nonzero(one | other)
    return np.count_nonzero(one & other) / either if either else 1.0


@dataclass(slots=True)
class Annotated:
    """What one object took.

    Parameters
    ----------
    waits : list of float
        Seconds from each click, and from Enter at the end, until the answer was painted.
    seconds : float
        From the first click until it was a label; thinking included, if there was any.
    iou : float
        Overlap with the truth when it was accepted.
    label : int
        What it became.
    mask : ndarray
        ``(H, W)`` bool, what was shown when it was accepted.
    """

    waits: list[float] = field(default_factory=list)
    seconds: float = 0.0
    iou: float = 0.0
    label: int = 0
    mask: Bool = field(default_factory=lambda: np.zeros((0, 0), bool))

    @property
    def clicks(self) -> int:
        """How many clicks it took."""
        return len(self.waits) - 1


class Annotator:
    """Annotates one object after the other, with the mouse and the keyboard.

    Clicks at the innermost point of an object first. Then, as long as the preview overlaps less
    than `enough` with the truth, into the middle of the largest error, as object or background.

    Parameters
    ----------
    bench : Bench
        A viewer, shown, with the dock on an image of one plane.
    enough : float
        The overlap with which it is content.
    corrections : int
        The most clicks after the first.
    pace : float
        Seconds that it takes to aim, before each click; Qt works on meanwhile, as for a human.
    zoom : float
        Pixels of the screen for one of the image.
    """

    def __init__(
        self,
        bench: Bench,
        enough: float = 0.85,
        corrections: int = 3,
        pace: float = 0.0,
        zoom: float = 4.0,
    ) -> None:
        self._bench, self._enough, self._corrections = bench, enough, corrections
        self._pace, self._zoom = pace, zoom

    def annotate(self, wanted: Bool) -> Annotated:
        """Click on an object until it is good enough, and accept it.

        Parameters
        ----------
        wanted : ndarray
            ``(H, W)`` bool, the object.

        Returns
        -------
        Annotated
        """
        bench, done = self._bench, Annotated()
        place = innermost(wanted)
        bench.viewer.scene.camera.center = place
        bench.viewer.scene.camera.zoom = self._zoom
        done.waits.append(self._click(place))
        for _ in range(self._corrections):
            shown = bench.shown()
            if iou(wanted, shown) >= self._enough:
                break
            place = innermost(largest_error(wanted, shown))
            polarity = FOREGROUND if wanted[place] else BACKGROUND
            if bench.controller.workspace.prompts.polarity != polarity:
                bench.press("q")
            done.waits.append(self._click(place))
        self._accept(done, wanted)
        return done

    def _click(self, place: Place) -> float:
        """Aim, and click; seconds from the click until its answer is painted."""
        bench = self._bench
        bench.aim(place)
        end = time.perf_counter() + self._pace
        while time.perf_counter() < end:
            QApplication.processEvents()
            time.sleep(0.002)
        QApplication.processEvents()
        return self._timed(lambda: bench.click_there(place), self._answered)

    def _accept(self, done: Annotated, wanted: Bool) -> None:
        bench = self._bench
        done.mask = bench.shown()
        done.iou = iou(wanted, done.mask)
        labels = bench.layer("labels").data
        done.label = int(labels.max()) + 1
        done.waits.append(
            self._timed(lambda: bench.press(Qt.Key.Key_Return), lambda: labels.max() == done.label)
        )
        done.seconds = sum(done.waits) + self._pace * done.clicks

    def _answered(self) -> bool:
        """Whether the preview shows the answer to all clicks that there are."""
        current = self._bench.controller.object
        read = sum(len(on_plane.prompts) for on_plane in current.questions.prompts.values())
        return read == len(self._bench.layer("points").data) > 0 and not current.waiting

    def _timed(self, act: Callable[[], None], ready: Callable[[], bool]) -> float:
        """Seconds from a deed until what it asked for is painted."""
        start = time.perf_counter()
        act()
        while not ready():
            if time.perf_counter() > start + _LONGEST:
                raise TimeoutError("the dock does not answer")
            QApplication.processEvents()
            time.sleep(0.001)
        QApplication.processEvents()
        return time.perf_counter() - start
