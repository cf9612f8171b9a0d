"""Accuracy and cost of following and linking objects through stacks.

    python benchmarks/volumes.py --data ../shared/data/val [--model cells-tiny] [--json FILE]
        [--only ROW [--only ROW ...]]

neurites   The 40 largest objects on the middle plane of a FIB-SEM stack, followed in one pass from
           a click on each: mean 3D IoU. Baseline: each plane gets only a click at the centroid of
           the mask on the plane before. Both also from the true masks.
look       The same stack from true masks: mean 2D IoU of the tenth of masks with the largest
           disagreement, which the dock marks as worth a look, and of the other masks.
nuclei     A generated stack of nuclei, planes four times as far apart as pixels, followed from a
           click on the middle plane of each nucleus: mean 3D IoU.
defocus    A generated stack of nuclei in which each plane gets the blurred light of all others,
           followed from a click on the middle plane of each: mean 3D IoU, and planes beyond the
           true ends of a nucleus.
everything All objects of both stacks without a click, linked through z: mean best IoU, and F1 of
           objects at an IoU of 0.5.
passes     The 20 largest objects on the middle plane of the stack of nuclei, 384 pixels a side:
           time to follow them three planes up and down in one pass, against 20 passes with separate
           encoding; and two planes up and down with the embeddings in memory.
field      The same with 20 nuclei on a plane of a field of 1024 x 1024.
memory     Peak memory of a process that follows an object through 256 planes, against 16 planes;
           image on disk, with the session's own labels, and with labels on disk.
tiles      A nucleus of 40 slices in a stack of 200 x 8192 x 8192: share of encoded tiles.

Times are ratios of medians over three rounds, in which both ways take turns. Loading the model and
opening sessions are not counted.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median
from time import perf_counter
from typing import Annotated, Any, Literal

import numpy as np
import typer
import zarr
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from napari_sam import PointPrompt, Session
from napari_sam.embeddings.embedding import Embedding
from napari_sam.embeddings.encode import Encoder
from napari_sam.embeddings.tile_reader import TilePixels
from napari_sam.image.volume import Volume
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.depth import innermost
from napari_sam.model.sam import Sam
from napari_sam.tiles.grid import Tile

OBJECTS = 40  # of `neurites`
OBJECTS_IN_A_PASS = 20  # of `passes` and `field`
ROUNDS = 3  # of each measurement of time
SPACING = 4.0  # pixels from one plane of generated nuclei to the next
Bool = NDArray[np.bool_]
Seeds = dict[int, Mask]


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Stack with true labels, and a plane with a click for each object.

    Parameters
    ----------
    image : ndarray
        ``(Z, Y, X)`` uint8.
    labels : ndarray
        ``(Z, Y, X)`` integers, the true objects; 0 is background.
    scale : tuple of float
        Size of a voxel, zyx.
    clicked : mapping of int to int
        Label of each object to the index of its plane.
    """

    image: NDArray[np.uint8]
    labels: NDArray[np.integer]
    scale: tuple[float, float, float]
    clicked: Mapping[int, int]

    def open(self, model: str | Sam, device: str | None) -> Session:
        """Open a session without a cache."""
        volume = Volume.from_array(self.image, axes="ZYX", scale=self.scale)
        return Session.open(volume, model=model, device=device, cache_dir=False)

    def true_seeds(self) -> Seeds:
        """Return the true mask of each object on the plane of its click."""
        return {i: self.true_mask(i, z) for i, z in self.clicked.items()}

    def true_mask(self, number: int, plane: int) -> Mask:
        """Return the true mask of an object on a plane."""
        pixels = self.labels[plane] == number
        return Mask((plane,), (0, 0, *pixels.shape), pixels, 0.9, 5.0).tight()

    def clicked_seeds(self, session: Session) -> Seeds:
        """Predict a mask from a click at the innermost point of each object."""
        clicks: dict[int, dict[int, list[PointPrompt]]] = {}
        for i, z in self.clicked.items():
            click = PointPrompt((z, *innermost(self.labels[z] == i)))
            clicks.setdefault(z, {})[i] = [click]
        answers = [session.predict_objects(on_plane) for on_plane in clicks.values()]
        masks = {i: mask for by_object in answers for i, mask in by_object.items()}
        return {i: mask for i, mask in masks.items() if not mask.empty}

    def ious(self, masks: Mapping[int, Mapping[int, Mask]]) -> list[float]:
        """Compute the 3D IoU of each object from its masks by plane."""
        values = []
        for i in self.clicked:
            canvas = np.zeros(self.labels.shape, bool)
            for z, mask in masks.get(i, {}).items():
                y0, x0, y1, x1 = mask.bbox
                canvas[z, y0:y1, x0:x1] = mask.pixels
            truth = self.labels == i
            values.append(float((canvas & truth).sum() / (canvas | truth).sum()))
        return values


def neurites(folder: Path) -> Stack:
    """Read the FIB-SEM stack, with the largest objects on its middle plane."""
    with np.load(min((folder / "neurites_fibsem_3d").glob("*.npz"))) as file:
        image, labels = file["image"], file["labels"]
    middle = len(labels) // 2
    numbers, sizes = np.unique(labels, return_counts=True)
    present = set(np.unique(labels[middle]).tolist()) - {0}
    largest = [int(i) for i in numbers[np.argsort(-sizes)] if i in present][:OBJECTS]
    return Stack(image, labels, (1.0, 1.0, 1.0), dict.fromkeys(largest, middle))


def nuclei(shape: tuple[int, int, int] = (40, 384, 384), count: int = 150, seed: int = 0) -> Stack:
    """Generate a stack of textured, slightly bent ellipsoids with blur and photon noise."""
    random = np.random.default_rng(seed)
    labels = np.zeros(shape, np.uint16)
    brightness = np.zeros(shape, np.float32)
    number = 0
    for _ in range(20 * count):
        if number < count and _place(labels, brightness, number + 1, random):
            number += 1
    texture = gaussian_filter(random.normal(size=shape), (0.7, 2, 2))
    brightness *= 1 + 0.18 * texture / texture.std()
    blurred = gaussian_filter(brightness, (0.5, 1.3, 1.3))
    noisy = random.poisson((blurred * 0.9 + 0.06).clip(0) * 60) / 60
    image = np.clip(noisy * 170, 0, 255).astype(np.uint8)
    planes = {i: np.flatnonzero((labels == i).any(axis=(1, 2))) for i in range(1, number + 1)}
    middles = {i: int(indices[len(indices) // 2]) for i, indices in planes.items()}
    return Stack(image, labels, (SPACING, 1.0, 1.0), middles)


def defocused(shape: tuple[int, int, int] = (51, 192, 192), count: int = 22) -> Stack:
    """Generate nuclei whose light reaches other planes, blurred more with each plane.

    Of each plane's light, 95 % reaches the next one, and the standard deviation of the blur grows
    by 0.8 pixels; up to 16 planes away.
    """
    random = np.random.default_rng(0)
    labels, brightness = np.zeros(shape, np.uint16), np.zeros(shape, np.float32)
    grid = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1).astype(np.float32)
    number = 0
    while number < count:
        centre = random.uniform([4, 18, 18], np.subtract(shape, (4, 18, 18)))
        radii = random.uniform([9, 10, 10], [13, 16, 16])
        distance = ((((grid - centre) * (2, 1, 1)) / radii) ** 2).sum(axis=-1)
        if not (labels[distance <= 1.4] > 0).any():
            number += 1
            labels[distance <= 1] = number
            brightness[distance <= 1] = random.uniform(0.45, 1)
    texture = gaussian_filter(random.normal(size=shape), (0.7, 2, 2))
    brightness *= 1 + 0.18 * texture / texture.std()
    light = np.zeros(shape, np.float32)
    for planes in range(17):
        blur = 1.2 + 0.8 * planes
        blurred = 0.95**planes * gaussian_filter(brightness, (0, blur, blur))
        light[planes:] += blurred[: shape[0] - planes]
        if planes:
            light[:-planes] += blurred[planes:]
    light /= np.percentile(light, 99.8)
    noisy = random.poisson((light * 0.9 + 0.05) * 40) / 40
    image = np.clip(noisy * 190, 0, 255).astype(np.uint8)
    planes_of = {i: np.flatnonzero((labels == i).any(axis=(1, 2))) for i in range(1, count + 1)}
    middles = {i: int(planes[len(planes) // 2]) for i, planes in planes_of.items()}
    return Stack(image, labels, (2.0, 1.0, 1.0), middles)


def _place(
    labels: NDArray[np.uint16],
    brightness: NDArray[np.float32],
    number: int,
    random: np.random.Generator,
) -> bool:
    """Paint a nucleus at a random place; False if the place is not free or too small."""
    shape = np.array(labels.shape)
    centre = random.uniform([0, 20, 20], shape - [0, 20, 20])
    radii = random.uniform([12, 11, 11], 20)
    turn = np.linalg.qr(random.normal(size=(3, 3)))[0]
    reach = np.array([24 / SPACING + 1, 24, 24])
    low = np.maximum(centre - reach, 0).astype(int)
    high = np.minimum(centre + reach + 1, shape).astype(int)
    region = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    grid = np.stack(np.meshgrid(*map(np.arange, low, high), indexing="ij"), axis=-1) - centre
    grid = grid * (SPACING, 1, 1)
    distance = ((grid @ turn / radii) ** 2).sum(axis=-1)
    bend = 0.15 * np.sin(grid[..., 0] / 7) * np.sin(grid[..., 1] / 6) * np.sin(grid[..., 2] / 5)
    inside = distance <= 1 + bend
    if (labels[region][distance <= 1.25] > 0).any() or inside.sum() < 150:
        return False
    labels[region][inside] = number
    brightness[region][inside] = random.uniform(0.45, 1)
    return True


def follow(session: Session, seeds: Seeds, **options: Any) -> dict[int, dict[int, Mask]]:
    """Follow objects along z; returns masks by object, then by plane."""
    masks: dict[int, dict[int, Mask]] = {}
    for step in session.propagate(seeds, "z", commit=False, **options):
        for i, mask in step.masks.items():
            masks.setdefault(i, {})[step.plane[0]] = mask
    return masks


def click_centroids(session: Session, seeds: Seeds) -> dict[int, dict[int, Mask]]:
    """Follow objects by the baseline: a click at the centroid of the mask on the plane before."""
    masks = {i: {mask.plane[0]: mask} for i, mask in seeds.items()}
    depth = session.volume.plane_shape[0]
    for direction in (1, -1):
        last = dict(seeds)
        while last:
            clicks: dict[int, dict[int, list[PointPrompt]]] = {}
            for i, mask in last.items():
                z = mask.plane[0] + direction
                if 0 <= z < depth:
                    rows, cols = np.nonzero(mask.pixels)
                    y, x = rows.mean() + mask.bbox[0], cols.mean() + mask.bbox[1]
                    clicks.setdefault(z, {})[i] = [PointPrompt((z, float(y), float(x)))]
            answers = [session.predict_objects(on_plane) for on_plane in clicks.values()]
            last = {i: m for by_object in answers for i, m in by_object.items() if not m.empty}
            for i, mask in last.items():
                masks[i][mask.plane[0]] = mask
    return masks


@dataclass(frozen=True, slots=True)
class Figure:
    """Measured value, with a bar if one was agreed on.

    Parameters
    ----------
    value : float
        The measured value.
    bar : float, optional
        Limit for the value.
    side : {">=", "<="}
        Side of the bar on which the value must lie.
    """

    value: float
    bar: float | None = None
    side: Literal[">=", "<="] = ">="

    @property
    def met(self) -> bool | None:
        """Whether the value meets the bar; None without a bar."""
        if self.bar is None:
            return None
        return self.value >= self.bar if self.side == ">=" else self.value <= self.bar


Figures = dict[str, Figure]


def score_neurites(data: Path, model: str, device: str | None) -> Figures:
    """Follow the neurites from clicks and from true masks, beside the baseline; see the module."""
    stack = neurites(data)
    session = stack.open(model, device)
    figures: Figures = {}
    starts = {"click": stack.clicked_seeds(session), "true mask": stack.true_seeds()}
    for name, seeds in starts.items():
        ours = float(np.mean(stack.ious(follow(session, seeds))))
        baseline = float(np.mean(stack.ious(click_centroids(session, seeds))))
        figures |= {
            f"from a {name}: 3D IoU": Figure(ours),
            f"from a {name}: centroid clicks": Figure(baseline),
            f"from a {name}: ratio": Figure(ours / baseline, 1.25),
        }
    return figures


def score_look(data: Path, model: str, device: str | None) -> Figures:
    """Compare masks with a large disagreement to the other masks; see the module."""
    stack = neurites(data)
    session = stack.open(model, device)
    marks: list[tuple[float, float]] = []
    for step in session.propagate(stack.true_seeds(), "z", commit=False):
        for i, value in step.disagreement.items():
            mask, truth = step.masks[i], stack.labels[step.plane[0]] == i
            y0, x0, y1, x1 = mask.bbox
            common = int((truth[y0:y1, x0:x1] & mask.pixels).sum())
            marks.append((value, common / (mask.area + int(truth.sum()) - common)))
    marks.sort(reverse=True)
    worst = len(marks) // 10
    return {
        "IoU of the most unsure tenth": Figure(float(np.mean([iou for _, iou in marks[:worst]]))),
        "IoU of the others": Figure(float(np.mean([iou for _, iou in marks[worst:]]))),
    }


def score_nuclei(data: Path, model: str, device: str | None) -> Figures:
    """Follow the generated nuclei from a click on each; see the module."""
    stack = nuclei()
    session = stack.open(model, device)
    ious = stack.ious(follow(session, stack.clicked_seeds(session)))
    return {"3D IoU": Figure(float(np.mean(ious)), 0.8), "median": Figure(float(np.median(ious)))}


def score_defocus(data: Path, model: str, device: str | None) -> Figures:
    """Follow the generated nuclei that go out of focus; see the module."""
    stack = defocused()
    session = stack.open(model, device)
    masks = follow(session, stack.clicked_seeds(session))
    beyond = []
    for i, by_plane in masks.items():
        true = np.flatnonzero((stack.labels == i).any(axis=(1, 2)))
        beyond.append(sum(not true[0] <= z <= true[-1] for z in by_plane))
    return {
        "3D IoU": Figure(float(np.mean(stack.ious(masks))), 0.55),
        "planes beyond the ends": Figure(float(np.mean(beyond)), 3.0, "<="),
    }


def score_everything(data: Path, model: str, device: str | None) -> Figures:
    """Segment both stacks automatically, linked through z; see the module."""
    figures: Figures = {}
    for name, stack in (("neurites", neurites(data)), ("nuclei", nuclei())):
        session = stack.open(model, device)
        for _ in session.segment_stack("z"):
            pass
        best, f1 = object_scores(stack.labels, np.asarray(session.labels))
        figures |= {f"{name}: mean best IoU": Figure(best), f"{name}: F1": Figure(f1)}
    return figures


def object_scores(
    truth: NDArray[np.integer], prediction: NDArray[np.integer]
) -> tuple[float, float]:
    """Compute the mean over true objects of the best IoU, and F1 at an IoU of 0.5."""
    width = int(prediction.max()) + 1
    pairs = truth.astype(np.int64) * width + prediction
    common = np.bincount(pairs.ravel(), minlength=(int(truth.max()) + 1) * width)
    common = common.reshape(-1, width)
    union = common.sum(axis=1, keepdims=True) + common.sum(axis=0, keepdims=True) - common
    ious = (common / np.maximum(union, 1))[1:, 1:]
    true, predicted = common.sum(axis=1)[1:] > 0, common.sum(axis=0)[1:] > 0
    best = ious[true].max(axis=1, initial=0)
    hits = int((best > 0.5).sum())
    return float(best.mean()), 2 * hits / int(true.sum() + predicted.sum())


def score_passes(data: Path, model: str, device: str | None) -> Figures:
    """Compare passes through the stack of nuclei; see the module."""
    stack = nuclei()
    middle = len(stack.labels) // 2
    numbers, sizes = np.unique(stack.labels[middle], return_counts=True)
    largest = [int(i) for i in numbers[np.argsort(-sizes)] if i][:OBJECTS_IN_A_PASS]
    seeds = {i: stack.true_mask(i, middle) for i in largest}
    return fresh_passes(stack, seeds, model, device) | cached_passes(stack, seeds, model, device)


def score_field(data: Path, model: str, device: str | None) -> Figures:
    """Compare passes through a field of nuclei; see the module."""
    stack = nuclei((24, 1024, 1024), 600)
    on_middle = [i for i, z in stack.clicked.items() if z == len(stack.labels) // 2]
    seeds = {i: stack.true_mask(i, stack.clicked[i]) for i in on_middle[:OBJECTS_IN_A_PASS]}
    return fresh_passes(stack, seeds, model, device)


def fresh_passes(stack: Stack, seeds: Seeds, model: str, device: str | None) -> Figures:
    """Compare one pass of all objects with a pass for each, every pass in a new session."""
    loaded = _loaded(stack, model, device)

    def each(seeds: Seeds, limits: tuple[int, int]) -> Timed:
        return _timed(stack.open(loaded, device), seeds, limits)

    faster, at_once, one_by_one = compare(each, seeds, 3)
    ious = list(agreement(at_once, one_by_one))
    same = sum(iou == 1 for iou in ious)
    return {
        "times faster": Figure(faster, 4),
        "masks": Figure(len(ious)),
        "masks that are equal": Figure(same, len(ious)),
        "mean IoU of the two": Figure(float(np.mean(ious))),
    }


def cached_passes(stack: Stack, seeds: Seeds, model: str, device: str | None) -> Figures:
    """Compare the passes in a session with the embeddings of all the planes in memory."""
    session = stack.open(_loaded(stack, model, device), device)

    def each(seeds: Seeds, limits: tuple[int, int]) -> Timed:
        return _timed(session, seeds, limits)

    middle = next(iter(seeds.values())).plane[0]
    _timed(session, seeds, (middle - 2, middle + 2))
    before = session.encoder.calls
    faster, _, _ = compare(each, seeds, 2)
    if session.encoder.calls > before:
        raise RuntimeError("embeddings were made again: memory does not hold so many planes")
    return {"times faster, embeddings in memory": Figure(faster)}


Timed = tuple[float, dict[int, dict[int, Mask]]]


def compare(
    each: Callable[[Seeds, tuple[int, int]], Timed], seeds: Seeds, reach: int
) -> tuple[float, dict[int, dict[int, Mask]], dict[int, dict[int, Mask]]]:
    """Measure one pass of all objects, and a pass for each, in turns.

    Returns
    -------
    float
        How many times faster the single pass is.
    dict of int to dict of int to Mask, twice
        Masks by object, then by plane: of the single pass, and of the pass for each object.
    """
    middle = next(iter(seeds.values())).plane[0]
    limits = (middle - reach, middle + reach)
    together: list[float] = []
    alone: list[float] = []
    for _ in range(ROUNDS):
        seconds, at_once = each(seeds, limits)
        together.append(seconds)
        single = {i: each({i: seed}, limits) for i, seed in seeds.items()}
        alone.append(sum(seconds for seconds, _ in single.values()))
    one_by_one = {i: masks.get(i, {}) for i, (_, masks) in single.items()}
    return median(alone) / median(together), at_once, one_by_one


def _timed(session: Session, seeds: Seeds, limits: tuple[int, int]) -> Timed:
    start = perf_counter()
    masks = follow(session, seeds, within=limits)
    return perf_counter() - start, masks


def _loaded(stack: Stack, model: str, device: str | None) -> Sam:
    return stack.open(model, device).model


def agreement(
    first: Mapping[int, Mapping[int, Mask]], second: Mapping[int, Mapping[int, Mask]]
) -> Iterator[float]:
    """Yield the IoU of the two masks of each object, on each plane that has one of them."""
    for i in first.keys() | second.keys():
        a, b = first.get(i, {}), second.get(i, {})
        for z in a.keys() | b.keys():
            pixels = [_pixels(by_plane.get(z)) for by_plane in (a, b)]
            yield len(pixels[0] & pixels[1]) / len(pixels[0] | pixels[1])


def _pixels(mask: Mask | None) -> set[tuple[int, int]]:
    if mask is None:
        return set()
    rows, cols = np.nonzero(mask.pixels)
    return set(zip((rows + mask.bbox[0]).tolist(), (cols + mask.bbox[1]).tolist(), strict=True))


def score_memory(data: Path, model: str, device: str | None) -> Figures:
    """Measure peak memory at two depths of the stack; see the module."""
    figures: Figures = {}
    for name, on_disk in (("own labels", False), ("labels on disk", True)):
        peaks = {depth: _peak(depth, on_disk, model, device) for depth in (16, 256)}
        figures |= {f"{name}: MB for {depth} planes": Figure(mb) for depth, mb in peaks.items()}
        figures[f"{name}: ratio"] = Figure(peaks[256] / peaks[16], 1.1, "<=")
    return figures


def _peak(depth: int, on_disk: bool, model: str, device: str | None) -> float:
    with tempfile.TemporaryDirectory() as folder:
        write_column(Path(folder) / "stack.zarr", depth)
        command = [sys.executable, __file__, "--through", folder, "--model", model]
        command += ["--device", device] if device else []
        command += ["--labels-on-disk"] if on_disk else []
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout)


def _column() -> Bool:
    y, x = np.mgrid[:512, :512]
    return (y - 250) ** 2 + (x - 260) ** 2 < 20**2


def write_column(path: Path, depth: int) -> None:
    """Write a stack with an object that runs through all planes."""
    stored = zarr.create_array(path, shape=(depth, 512, 512), chunks=(1, 512, 512), dtype="uint8")
    random = np.random.default_rng(0)
    for z in range(depth):
        stored[z] = random.integers(0, 50, (512, 512)) + 150 * _column()


def follow_on_disk(folder: Path, on_disk: bool, model: str, device: str | None) -> float:
    """Follow the object of :func:`write_column` and paint it; returns peak memory in MB."""
    path = folder / "stack.zarr"
    session = Session.open(path, model=model, device=device, axes="ZYX", cache_dir=False)
    depth = session.volume.plane_shape[0]
    if on_disk:
        session.labels = zarr.create_array(
            folder / "labels.zarr", shape=(depth, 512, 512), chunks=(1, 512, 512), dtype="uint32"
        )
    seed = Mask((depth // 2,), (0, 0, 512, 512), _column(), 0.9, 5.0).tight()
    planes = {step.plane for step in session.propagate(seed, "z", commit=True) if step.masks}
    if len(planes) < depth:
        raise RuntimeError(f"the column was followed through {len(planes)} of {depth} planes")
    return peak_memory()


def peak_memory() -> float:
    """Return the peak resident memory of this process in MB."""
    status = Path("/proc/self/status")
    if status.is_file():  # getrusage on Linux includes the peak of the parent before the exec
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return getrusage(RUSAGE_SELF).ru_maxrss / unit


class WatchedEncoder(Encoder):
    """Encoder that keeps the set of requested tiles, tiles fetched ahead included.

    Attributes
    ----------
    requested : set of Tile
        Requested tiles, ready or not, so that their number does not depend on timing.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session.model, session.volume, session.mapping, session.grid, None)
        self.requested: set[Tile] = set()

    def get(
        self, tile: Tile, tile_pixels: TilePixels | None = None, keep: bool = True
    ) -> Embedding:
        """See Encoder."""
        self.requested.add(tile)
        return super().get(tile, tile_pixels, keep)

    def fetch_ahead(self, tiles: Iterable[Tile]) -> None:
        """See Encoder."""
        tiles = list(tiles)
        self.requested.update(tiles)
        super().fetch_ahead(tiles)


def score_tiles(data: Path, model: str, device: str | None) -> Figures:
    """Count the tiles that following a nucleus encodes; see the module."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stack.zarr"
        write_nucleus(path)
        session = Session.open(
            path, model=model, device=device, axes="ZYX", cache_dir=False, contrast=(0, 200)
        )
        encoder = session.encoder = WatchedEncoder(session)
        seed = session.predict(points=[(100, 5024, 3120)])
        steps = session.propagate(seed, "z", commit=False)
        planes = {step.plane for step in steps if step.masks}
        share = len(encoder.requested) / len(session.tiles())
    return {
        "slices found": Figure(len(planes)),
        "tiles encoded": Figure(len(encoder.requested)),
        "percent of all": Figure(100 * share, 1, "<="),
    }


def write_nucleus(path: Path) -> None:
    """Write a nucleus on 40 planes of a large stack; chunks without the nucleus stay empty."""
    stored = zarr.create_array(path, shape=(200, 8192, 8192), chunks=(1, 512, 512), dtype="uint8")
    y, x = np.mgrid[-64:64, -64:64]
    random = np.random.default_rng(0)
    for z in range(80, 120):
        radius = 40 * (1 - ((z - 99.5) / 21) ** 2) ** 0.5
        nucleus = random.integers(0, 40, y.shape) + 150 * (y**2 + x**2 < radius**2)
        stored[z, 4960:5088, 3056:3184] = nucleus


Row = Callable[[Path, str, str | None], Figures]
ROWS: dict[str, Row] = {
    "neurites": score_neurites,
    "look": score_look,
    "nuclei": score_nuclei,
    "defocus": score_defocus,
    "everything": score_everything,
    "passes": score_passes,
    "field": score_field,
    "memory": score_memory,
    "tiles": score_tiles,
}


OF_NEURITES = ("neurites", "look", "everything")
HEAD = f"| {'row':10} | {'figure':34} | {'value':>8} | {'bar':>9} | met |\n" + "|---" * 5 + "|"


def line(row: str, name: str, figure: Figure) -> str:
    """Format a line of the table."""
    bar = "" if figure.bar is None else f"{figure.side} {figure.bar:g}"
    met = {None: "", True: "yes", False: "no"}[figure.met]
    return f"| {row:10} | {name:34} | {figure.value:8.3f} | {bar:>9} | {met:3} |"


def rows(names: Sequence[str]) -> Sequence[str]:
    """Return the names, or all names for none; unknown names are an error."""
    unknown = sorted(set(names) - set(ROWS))
    if unknown:
        raise typer.BadParameter(f"no row {', '.join(unknown)}: choose from {', '.join(ROWS)}")
    return names or tuple(ROWS)


def main(
    data: Annotated[Path, typer.Option(help="Folder with the set neurites_fibsem_3d.")] = Path(),
    model: Annotated[str, typer.Option(help="Name of a model, or a file of weights.")] = (
        "cells-tiny"
    ),
    device: str | None = None,
    only: Annotated[list[str] | None, typer.Option(help="A row; more than once for more.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to write all.")] = None,
    through: Annotated[Path | None, typer.Option(hidden=True)] = None,
    labels_on_disk: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Measure the rows, and print their figures."""
    if through is not None:
        print(follow_on_disk(through, labels_on_disk, model, device))
        return
    figures: dict[str, Figures] = {}
    names = rows(only or ())
    print(HEAD)
    for name in names:
        if name in OF_NEURITES and not any((data / "neurites_fibsem_3d").glob("*.npz")):
            print(f"| {name:10} | left out: no neurites_fibsem_3d in {data} | | | |")
            continue
        figures[name] = ROWS[name](data, model, device)
        for figure, value in figures[name].items():
            print(line(name, figure, value), flush=True)
    if json_file is not None:
        content = {
            row: {name: asdict(figure) | {"met": figure.met} for name, figure in of_row.items()}
            for row, of_row in figures.items()
        }
        json_file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
