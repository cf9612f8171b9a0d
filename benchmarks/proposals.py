"""Automatic segmentation by the proposal head or a grid of points, with one decoder.

    python benchmarks/proposals.py --data ../shared/data/val [--model cells-tiny] [--most 10]
        [--sets nuclei_fluo cells_phase ...] [--ways grid points head closer]
        [--prompts points|boxes|both] [--vary CENTRE_THRESHOLD=0.3,0.4 IOU_THRESHOLD=0.3,0.4 ...]

grid    32 x 32 points in a tile of 1024 pixels, as for a model without a head.
points  Points from the head's centres and foreground, without its boxes.
head    Points and boxes from the head.
closer  As `head`, and tiles with small objects are enlarged, as in a session.

All get the same embeddings. Figures are the average precision at an IoU of 0.5, its mean over 0.5
to 0.95 (mSA), the number of decoded proposals, and the seconds for a tile after its encoding. Means
are taken over the planes of a set, then over the sets. With --vary, only `closer` is measured, with
each combination of values of constants in ``napari_sam.masks``: to choose the values, on images of
the training sets.
"""

import argparse
import ast
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, get_args

import numpy as np
from tqdm import tqdm

from napari_sam import Session
from napari_sam.embeddings.embedding import Embedding
from napari_sam.evaluate.ground_truth import Labels, Pair, files_with_both
from napari_sam.evaluate.matching import detect
from napari_sam.masks.automatic import enlarged, overlaps, proposal_windows, propose
from napari_sam.masks.automatic.everything import not_cut, segment_tile
from napari_sam.masks.automatic.overlaps import best_first
from napari_sam.masks.automatic.proposal_windows import PromptKinds
from napari_sam.masks.automatic.settled import settle
from napari_sam.model.sam import Sam
from napari_sam.weights.load import load_model

CLOSER = "closer"
WAYS = {"grid": 0, "points": 2, "head": None, CLOSER: None}
"""Way -> channels of the proposal head that remain: none for a grid, None for all."""

PLACES = (propose, proposal_windows, overlaps, enlarged)
"""Modules whose constants can be varied."""


@dataclass(frozen=True, slots=True)
class Score:
    """Figures of a plane, or means over planes: precision, and cost per tile."""

    ap50: float
    msa: float
    proposals: float
    seconds: float

    @classmethod
    def mean(cls, scores: Sequence["Score"]) -> "Score":
        """Average each figure."""
        names = cls.__slots__
        return cls(*(statistics.fmean(getattr(score, name) for score in scores) for name in names))


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """Plane with the embeddings of its tiles and the true labels."""

    session: Session
    embeddings: list[Embedding]
    truth: Labels


def planes(path: Path, model: Sam) -> Iterator[Plane]:
    """Yield the evaluated planes of a file, encoded."""
    sample = Pair(path, None).read()
    session = Session.open(sample.volume, model=model, cache_dir=False)
    for plane in sample.planes():
        tiles = session.grid.tiles(plane)
        yield Plane(session, [session.encoder.get(t) for t in tiles], sample.plane(plane))


def only(embedding: Embedding, channels: int | None) -> Embedding:
    """Cut the channels of the proposal head down to the first ones.

    Parameters
    ----------
    embedding : Embedding
        Embedding of a tile.
    channels : int or None
        Number of channels; 0 for an embedding without a head, None for all channels.
    """
    proposals = embedding.features.proposals
    if proposals is None or channels is None:
        return embedding
    cut = proposals[:, :channels] if channels else None
    return replace(embedding, features=replace(embedding.features, proposals=cut))


def score(plane: Plane, way: str, prompts: PromptKinds) -> Score:
    """Segment a plane in one of the `WAYS`, and compare with the true labels.

    Parameters
    ----------
    plane : Plane
        Encoded plane.
    way : str
        One of the `WAYS`.
    prompts : {"points", "boxes", "both"}
        Prompts to the decoder from proposals that have a box.
    """
    session, masks_by_tile, decoded = plane.session, [], 0
    look = session.encoder.enlarge if way == CLOSER else None
    embeddings = [only(embedding, WAYS[way]) for embedding in plane.embeddings]
    started = time.perf_counter()
    for embedding in embeddings:
        masks = segment_tile(session.model, embedding, look, prompts)
        masks_by_tile.append((embedding.tile, tuple(not_cut(masks, session.grid, embedding.tile))))
    seconds = time.perf_counter() - started
    decoded = sum(len(propose.propose(embedding)) for embedding in embeddings)
    labels = np.zeros(plane.truth.shape, np.uint32)
    settled = settle(session.grid, [tile for tile, _ in masks_by_tile], masks_by_tile)
    for number, mask in enumerate(best_first(mask for _, masks in settled for mask in masks), 1):
        y0, x0, y1, x1 = mask.bbox
        block = labels[y0:y1, x0:x1]
        block[mask.pixels & (block == 0)] = number
    right = detect(plane.truth, labels)
    tiles = len(embeddings)
    return Score(right.ap50, right.msa, decoded / tiles, seconds / tiles)


@contextmanager
def constants(values: Mapping[str, Any]) -> Iterator[None]:
    """Set constants of the modules in `PLACES` to other values for a while."""
    before = [(m, n, getattr(m, n)) for n in values for m in PLACES if n in vars(m)]
    unknown = set(values) - {name for _, name, _ in before}
    if unknown:
        raise SystemExit(f"no such constant: {', '.join(sorted(unknown))}")
    try:
        for module, name, _ in before:
            setattr(module, name, values[name])
        yield
    finally:
        for module, name, old in before:
            setattr(module, name, old)


def combinations(words: Sequence[str]) -> list[dict[str, Any]]:
    """Turn words ``NAME=A,B`` into all combinations of values of constants."""
    named = [text.split("=", 1) for text in words]
    values = [[value_of(text) for text in texts.split(",")] for _, texts in named]
    return [dict(zip([n for n, _ in named], each, strict=True)) for each in product(*values)]


def value_of(text: str) -> Any:
    """Parse a number or another literal; a word stays a str."""
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text


def spread(files: Sequence[Path], most: int) -> list[Path]:
    """Choose at most `most` files, evenly spread from the first to the last."""
    places = np.linspace(0, len(files) - 1, min(most, len(files))).round().astype(int)
    return [files[i] for i in places]


def table(scores: Mapping[tuple[str, str], list[Score]], sets: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a Markdown table, grouped by way."""
    yield "| | set | AP@0.5 | mSA | proposals a tile | s a tile |"
    yield "|---|---|---|---|---|---|"
    for way in dict.fromkeys(way for way, _ in scores):
        means = {name: Score.mean(scores[way, name]) for name in sets}
        for name, mean in [*means.items(), ("macro", Score.mean(list(means.values())))]:
            precision = f"{mean.ap50:.3f} | {mean.msa:.3f}"
            figures = f"{precision} | {mean.proposals:.0f} | {mean.seconds:.3f}"
            yield f"| {way} | {name} | {figures} |"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/val"))
    parser.add_argument("--model", default="cells-tiny")
    parser.add_argument("--most", type=int, default=10, help="files of a set")
    parser.add_argument("--sets", nargs="*")
    parser.add_argument("--ways", nargs="*", choices=WAYS, default=list(WAYS))
    parser.add_argument("--vary", nargs="*", default=[], metavar="NAME=A,B")
    parser.add_argument("--prompts", choices=get_args(PromptKinds), default="both")
    options = parser.parse_args()
    model = load_model(options.model, "cpu")
    files = files_with_both(options.data)
    sets = options.sets or list(files)
    varied = combinations(options.vary)
    scores: dict[tuple[str, str], list[Score]] = defaultdict(list)
    for name in sets:
        for path in tqdm(spread(files[name], options.most), desc=name):
            for plane in planes(path, model):
                for values in varied:
                    label = " ".join(f"{n}={v}" for n, v in values.items())
                    with constants(values):
                        for way in [CLOSER] if values else options.ways:
                            scores[label or way, name].append(score(plane, way, options.prompts))
    print(*table(scores, sets), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
