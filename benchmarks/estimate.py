"""Honest error bars: how often the 95 % interval of the review holds the number of wrong objects.

    python benchmarks/estimate.py --data ../shared/data/val [--sets nuclei_fluo cells_phase ...]
        [--model cells-tiny] [--runs 1000] [--looks 20 40 80] [--cache FOLDER]

All objects of each set are segmented, and judged by the true objects at an IoU of 0.5. They are one
population, as in the review of one image. Simulated users look at some of them and answer by the
truth:

dock     The order of the dock: the least sure first, each third look a random draw.
spread   The order of ``napari-sam evaluate --estimate``: random draws, evenly over the scores.
spotted  As `dock`, but the user spots wrong objects by eye and removes these instead of the least
         sure. Their looks are no random draws, and are known not to be.
naive    The least sure alone, taken for random draws: what the estimate must not do.

Printed are the share of runs in which the interval holds the true number, the mean width of the
interval, the mean of the estimates, and for `dock` the mean width after the number of further looks
that the estimate gives for half the width. Results of the segmentation are kept in the cache.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_sam import Session
from napari_sam.evaluate.estimate import Estimate, estimate_wrong
from napari_sam.evaluate.ground_truth import Pair, files_with_both
from napari_sam.evaluate.looks import draw, is_random_turn, spread_draw
from napari_sam.evaluate.rightness import JudgedObjects, judge_pairs
from napari_sam.weights.load import load_model

FEWEST_UNSEEN = 20
"""Objects that must be left after the looks, below which a row is left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """Looks of a simulated user, as :func:`estimate_wrong` takes them."""

    turns: NDArray[np.int64]
    random: NDArray[np.bool_]

    @classmethod
    def in_order(cls, objects: int, order: list[int], drawn: set[int]) -> "Looks":
        """Looks at objects in an order; some of them were random draws."""
        turns, random = np.zeros(objects, np.int64), np.zeros(objects, bool)
        turns[order] = np.arange(1, len(order) + 1)
        random[list(drawn)] = True
        return cls(turns, random)


def dock(judged: JudgedObjects, count: int, seed: int) -> Looks:
    """Look at the least sure objects, and at each third turn at a random one."""
    return _reviewed(judged, count, seed, np.argsort(judged.scores, kind="stable"))


def spotted(judged: JudgedObjects, count: int, seed: int) -> Looks:
    """Look at wrong objects, wherever they are, and at each third turn at a random one."""
    shuffled = np.random.default_rng(seed).permutation(len(judged))
    return _reviewed(judged, count, seed, shuffled[np.argsort(~judged.wrong[shuffled])])


def _reviewed(judged: JudgedObjects, count: int, seed: int, order: NDArray[np.intp]) -> Looks:
    waiting, looks, drawn = dict.fromkeys(order.tolist()), list[int](), set[int]()
    while len(looks) < count:
        if is_random_turn(len(looks)):
            chosen = draw(list(waiting), len(looks), seed)
            drawn.add(chosen)
        else:
            chosen = next(iter(waiting))
        looks.append(chosen)
        del waiting[chosen]
    return Looks.in_order(len(judged), looks, drawn)


def spread(judged: JudgedObjects, count: int, seed: int) -> Looks:
    """Look at random objects, evenly over the scores."""
    drawn = spread_draw(judged.scores, count, np.random.default_rng(seed)).tolist()
    return Looks.in_order(len(judged), drawn, set(drawn))


def naive(judged: JudgedObjects, count: int, seed: int) -> Looks:
    """Look at the least sure alone, and take them for random draws."""
    order = np.argsort(judged.scores, kind="stable")[:count].tolist()
    return Looks.in_order(len(judged), order, set(order))


ORDERS: dict[str, Callable[[JudgedObjects, int, int], Looks]] = {
    "dock": dock,
    "spread": spread,
    "spotted": spotted,
    "naive": naive,
}


def estimated(judged: JudgedObjects, order: str, count: int, seed: int) -> Estimate:
    """Estimate after the looks of a simulated user."""
    looks = ORDERS[order](judged, count, seed)
    return estimate_wrong(judged.scores, looks.turns, judged.wrong, looks.random)


def judged_sets(data: Path, sets: list[str], model: str, cache: Path) -> Iterator[JudgedObjects]:
    """Segment and judge each set, or take it from the cache."""
    loaded, files = load_model(model), files_with_both(data)
    cache.mkdir(parents=True, exist_ok=True)
    for name in sets:
        place = cache / f"{model}_{name}.npz"
        if not place.exists():
            steps = judge_pairs(
                [Pair(path) for path in files[name]],
                lambda volume: Session.open(volume, model=loaded, cache_dir=False),
            )
            objects = JudgedObjects.of_all(step.objects for step in steps)
            np.savez(place, scores=objects.scores, wrong=objects.wrong)
        with np.load(place) as arrays:
            yield JudgedObjects(arrays["scores"], arrays["wrong"])


def row(judged: JudgedObjects, order: str, count: int, runs: int) -> str:
    """Coverage, mean width and mean estimate of many runs, and the mean width after more looks."""
    true = int(judged.wrong.sum())
    runs = 1 if order == "naive" else runs  # without random draws, all runs are the same
    estimates = [estimated(judged, order, count, seed) for seed in range(runs)]
    held = np.mean([each.low <= true <= each.high for each in estimates])
    width = np.mean([each.high - each.low for each in estimates])
    middle = np.mean([each.wrong for each in estimates])
    later = ""
    if order == "dock":
        after = [
            estimated(judged, order, each.looks + each.looks_to_halve, seed)
            for seed, each in enumerate(estimates)
        ]
        more = np.mean([each.looks_to_halve for each in estimates])
        share = np.mean([each.high - each.low for each in after]) / width
        later = f"{more:.0f} | {share:.2f}"
    return f"{count} | {order} | {held:.1%} | {width:.0f} | {middle:.0f} | {later or '|'}"


def main() -> None:
    """Print a row for each set, number of looks and order."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+")
    parser.add_argument("--model", default="cells-tiny")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--looks", type=int, nargs="+", default=[20, 40, 80])
    parser.add_argument("--orders", nargs="+", default=list(ORDERS), choices=ORDERS)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "judged")
    options = parser.parse_args()
    sets = options.sets or list(files_with_both(options.data))
    print("| set | wrong | looks | order | held | width | estimate | to halve | width then |")
    print("|---" * 9 + "|")
    judged_by_set = judged_sets(options.data, sets, options.model, options.cache)
    for name, judged in zip(sets, judged_by_set, strict=True):
        for count in options.looks:
            for order in options.orders if len(judged) >= count + FEWEST_UNSEEN else ():
                cells = row(judged, order, count, options.runs)
                print(f"| {name} | {judged.wrong.sum()} of {len(judged)} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
