"""Baselines without a model: scikit-image on the same clicks, boxes and images, at its best.

flood fill      Pixels within 192 px that are connected to a click and nearly as bright. The
                tolerance is tuned; for a click whose flood reaches a background click it is halved,
                up to three times.
random walker   In a window around the clicks, whose rim is background (Grady, PAMI 2006). The side
                of the window and beta are tuned. A window over 64 px is made coarser.
Otsu in the box The side of Otsu's threshold inside the box that is rarer on the box's rim.
Otsu, watershed Otsu's threshold on the smoothed image, cut by a watershed of the distance to the
                background. The foreground side and the distance of seeds are tuned; a volume is
                segmented in 3D.

Parameters are tuned on each set with its true labels, which favours the baseline: for clicks by the
IoU after one click, on a few objects of each image; for watersheds by mSA.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter
from scipy.ndimage import label as connected_parts
from skimage.color import rgb2gray
from skimage.feature import peak_local_max
from skimage.filters import threshold_otsu
from skimage.morphology import remove_small_objects
from skimage.segmentation import flood, random_walker, watershed
from skimage.transform import downscale_local_mean

from napari_sam.evaluate.automatic import detect_stack
from napari_sam.evaluate.clicks import Answer, Ask, Protocol, simulate
from napari_sam.evaluate.figures import Figures, Outcome, summarise
from napari_sam.evaluate.ground_truth import Pair
from napari_sam.evaluate.matching import Detection, detect
from napari_sam.evaluate.objects import TrueObject, objects_of, spread
from napari_sam.evaluate.run import Part, Task
from napari_sam.image.volume import Volume
from napari_sam.masks.mask import Mask
from napari_sam.prompts.prompt import PointPrompt

TOLERANCES = (0.05, 0.1, 0.15, 0.2, 0.3)
WALKERS = tuple(product((24, 48, 96, 192), (30.0, 130.0, 1000.0)))  # side of the window, beta
WATERSHEDS = tuple(product((True, False), (3, 6, 12, 24)))  # bright objects, distance of seeds
TUNED_ON = 5  # objects of an image on which clicks are tuned
LARGEST_WINDOW = 64  # pixels along a walker's window; a larger window is made coarser
FLOOD = 192  # pixels from a click, beyond which no flood spreads
SMALLEST = 12  # pixels below which a watershed's object is removed

Grey = NDArray[np.float64]
Bool = NDArray[np.bool_]
Clicks = Sequence[PointPrompt]
Method = Callable[[Grey, Clicks], Bool]


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """Plane or stack as grey values, with true labels and the objects to prompt.

    Parameters
    ----------
    grey : ndarray
        ``(y, x)`` or ``(z, y, x)`` float64, 0 to 1.
    labels : ndarray
        Integers of the same shape; 0 is background.
    objects : sequence of TrueObject
        Objects of a plane to prompt; empty for a stack.
    """

    grey: Grey
    labels: NDArray[np.integer]
    objects: Sequence[TrueObject] = ()


def grey_of(volume: Volume, plane: tuple[int, ...]) -> Grey:
    """Read a plane as grey values, 0 to 1."""
    pixels = volume.read(plane, 0, 0, volume.height, volume.width) / 255
    return rgb2gray(pixels) if pixels.shape[-1] == 3 else pixels[..., 0]


def planes_of(pairs: Iterable[Pair], most: int) -> Iterator[Image]:
    """Yield the evaluated planes of a set, each with at most `most` objects to prompt."""
    for pair in pairs:
        sample = pair.read()
        for plane in sample.planes():
            labels = sample.plane(plane)
            objects = spread(list(objects_of(labels)), most)
            yield Image(grey_of(sample.volume, plane), labels, objects)


def stacks_of(pairs: Iterable[Pair]) -> Iterator[Image]:
    """Yield the volumes of a set."""
    for pair in pairs:
        sample = pair.read()
        for index in sample.stacks():
            planes = [grey_of(sample.volume, plane) for plane in sample.volume.planes()]
            yield Image(np.stack(planes)[index], np.asarray(sample.labels[index]))


def score_baselines(
    pairs: Sequence[Pair], task: Task, pool: ProcessPoolExecutor
) -> dict[str, Figures]:
    """Compute the figures of all baselines on a set."""
    planes = list(planes_of(pairs, task.most_objects))
    outcomes: dict[str, list[Outcome]] = {}
    if Part.CLICKS in task.parts:
        methods: dict[str, Sequence[Method]] = {
            "flood fill": [partial(flooded, tolerance=tolerance) for tolerance in TOLERANCES],
            "random walker": [partial(walked, side=side, beta=beta) for side, beta in WALKERS],
        }
        for name, candidates in methods.items():
            outcomes[name] = click_with(candidates, planes, task.protocol, pool)
    if Part.BOXES in task.parts:
        outcomes["Otsu in the box"] = [Outcome(boxes=boxed(plane)) for plane in planes]
    if Part.AUTOMATIC in task.parts:
        stacks = list(stacks_of(pairs))
        in_planes = best_watershed(planes, detect, pool)
        in_stacks = best_watershed(stacks, detect_stack, pool)
        outcomes["Otsu, watershed"] = [
            *(Outcome(plane=detection) for detection in in_planes),
            *(Outcome(stack=detection) for detection in in_stacks),
        ]
    return {name: summarise(of_method, task.protocol) for name, of_method in outcomes.items()}


# --- clicks ------------------------------------------------------------------------------------


def click_with(
    candidates: Sequence[Method],
    planes: Sequence[Image],
    protocol: Protocol,
    pool: ProcessPoolExecutor,
) -> list[Outcome]:
    """Click on all objects with the candidate that has the best mean IoU after one click."""
    few = [replace(plane, objects=spread(plane.objects, TUNED_ON)) for plane in planes]

    def after_one_click(method: Method) -> float:
        once = partial(clicked, method=method, protocol=replace(protocol, most=1))
        outcomes = [Outcome(clicks=answers) for answers in pool.map(once, few)]
        return summarise(outcomes, protocol)["click_1_iou"]

    best = max(candidates, key=after_one_click)
    task = partial(clicked, method=best, protocol=protocol)
    return [Outcome(clicks=answers) for answers in pool.map(task, planes)]


def clicked(plane: Image, method: Method, protocol: Protocol) -> list[tuple[Answer, ...]]:
    """Click on the objects of a plane, with a method in the place of a model."""
    return simulate(plane.objects, (), _asking(plane.grey, method), protocol)


def _asking(grey: Grey, method: Method) -> Ask:
    def ask(prompts: Mapping[int, Clicks]) -> dict[int, Mask]:
        return {i: _as_mask(method(grey, clicks)) for i, clicks in prompts.items()}

    return ask


def _as_mask(pixels: Bool) -> Mask:
    return Mask((), (0, 0, *pixels.shape), pixels, np.nan, np.nan).tight()


def _pixel(click: PointPrompt) -> tuple[int, int]:
    return int(click.position[0]), int(click.position[1])


def flooded(grey: Grey, clicks: Clicks, tolerance: float) -> Bool:
    """Flood from the foreground clicks; `tolerance` is a share of the image's range of values."""
    inside = np.zeros(grey.shape, bool)
    dry = [_pixel(click) for click in clicks if not click.is_foreground]
    for y, x in (_pixel(click) for click in clicks if click.is_foreground):
        top, left = max(y - FLOOD, 0), max(x - FLOOD, 0)
        window = np.s_[top : y + FLOOD + 1, left : x + FLOOD + 1]
        for halved in range(4):
            flow = np.zeros(grey.shape, bool)
            reach = tolerance * np.ptp(grey) / 2**halved
            flow[window] = flood(grey[window], (y - top, x - left), tolerance=reach)
            if not any(flow[place] for place in dry):
                inside |= flow
                break
    return inside


def walked(grey: Grey, clicks: Clicks, side: int, beta: float) -> Bool:
    """Walk randomly from the clicks; `side` is the smallest window in pixels."""
    seeds = np.array([_pixel(click) for click in clicks])
    low = np.maximum(seeds.min(axis=0) - side // 2, 0)
    high = np.minimum(seeds.max(axis=0) + side // 2 + 1, grey.shape)
    window = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    step = -(-int((high - low).max()) // LARGEST_WINDOW)
    coarse = downscale_local_mean(grey[window], (step, step))
    marks = np.zeros(coarse.shape, np.int8)
    marks[[0, -1]] = marks[:, [0, -1]] = 2
    for click, (y, x) in zip(clicks, (seeds - low) // step, strict=True):
        marks[y, x] = 1 if click.is_foreground else 2
    inside = np.zeros(grey.shape, bool)
    if not (marks == 1).any():  # background clicks lie in the same coarse pixels
        return inside
    if (marks == 0).any():
        marks = random_walker(coarse, marks, beta=beta, mode="bf", prob_tol=0.1)
    fine = (marks == 1).repeat(step, axis=0).repeat(step, axis=1)
    inside[window] = fine[: high[0] - low[0], : high[1] - low[1]]
    return inside


# --- boxes -------------------------------------------------------------------------------------


def boxed(plane: Image) -> list[Answer]:
    """Threshold the box of each object with Otsu's method."""
    return [Answer.of(_otsu_in_box(plane.grey, true), true) for true in plane.objects]


def _otsu_in_box(grey: Grey, truth: TrueObject) -> Mask:
    y0, x0, y1, x1 = truth.bbox
    crop = grey[y0:y1, x0:x1]
    flat = np.ptp(crop) == 0
    inside = np.ones(crop.shape, bool) if flat else crop > threshold_otsu(crop)
    rim = np.ones(crop.shape, bool)
    rim[1:-1, 1:-1] = False
    if not flat and inside[rim].mean() > 0.5:
        inside = ~inside
    return Mask((), truth.bbox, inside, np.nan, np.nan)


# --- all objects -------------------------------------------------------------------------------

Compare = Callable[[Any, Any], Detection]


def best_watershed(
    images: Sequence[Image], compare: Compare, pool: ProcessPoolExecutor
) -> list[Detection]:
    """Segment the images of a set by watersheds, with the parameters of the best mean mSA."""
    detections = [
        list(pool.map(partial(_detected, compare=compare, bright=bright, apart=apart), images))
        for bright, apart in WATERSHEDS
    ]
    return max(detections, key=lambda of_set: float(np.sum([image.msa for image in of_set])))


def _detected(image: Image, compare: Compare, bright: bool, apart: int) -> Detection:
    return compare(image.labels, separated(image.grey, bright, apart))


def separated(grey: Grey, bright: bool, apart: int) -> NDArray[np.integer]:
    """Label a plane or a stack by Otsu's threshold and a watershed.

    Parameters
    ----------
    grey : ndarray
        ``(y, x)`` or ``(z, y, x)`` float64, 0 to 1.
    bright : bool
        Whether objects are brighter than the threshold.
    apart : int
        Smallest distance of two seeds, in pixels.
    """
    smooth = gaussian_filter(grey, 1)
    if np.ptp(smooth) == 0:
        return np.zeros(grey.shape, np.int32)
    inside = (smooth > threshold_otsu(smooth)) == bright
    inside = remove_small_objects(inside, max_size=SMALLEST - 1)
    depth = gaussian_filter(distance_transform_edt(inside), 1)
    peaks = peak_local_max(depth, min_distance=apart, labels=connected_parts(inside)[0])
    seeds = np.zeros(grey.shape, np.int32)
    seeds[tuple(peaks.reshape(-1, grey.ndim).T)] = np.arange(1, len(peaks) + 1)
    return watershed(-depth, seeds, mask=inside)
