"""Proposals: where in a tile there are objects, each once, and how far it reaches."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, find_objects
from torch import Tensor

from napari_sam.embeddings.embedding import Embedding
from napari_sam.masks.automatic import propose as module
from napari_sam.masks.automatic.everything import segment_tile
from napari_sam.masks.automatic.propose import Proposals, distinct, propose
from napari_sam.model.features import ImageFeatures
from napari_sam.tiles.grid import Tile
from napari_sam.weights.header import from_header, to_header
from napari_sam.weights.load import load_model, save_weights
from tests.tiny import tiny_sam

Labels = NDArray[np.integer]


def perfect_head(labels: Labels) -> Tensor:
    """What a head says that learned its targets exactly: ``(1, 6, h/4, w/4)``."""
    height, width = (n + -n % 16 for n in labels.shape)
    padded = np.zeros((height, width), np.int64)
    padded[: labels.shape[0], : labels.shape[1]] = labels
    centre = np.zeros(padded.shape)
    boxes = np.zeros((padded.max() + 1, 4))
    for number, place in enumerate(find_objects(padded), 1):
        inside = padded[place] == number
        depth = distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
        centre[place] = np.maximum(centre[place], (depth / depth.max()) ** 2)
        boxes[number] = [s.start for s in place] + [s.stop - 1 for s in place]
    peak = centre.reshape(height // 4, 4, width // 4, 4).max(axis=(1, 3))
    there = padded[2::4, 2::4]
    middle = (np.stack(np.mgrid[: height // 4, : width // 4], axis=-1) + 0.5) * 4 - 0.5
    box = boxes[there]
    sides = np.concatenate([middle - box[..., :2], box[..., 2:] - middle], -1).clip(0)
    odds = np.stack([peak, there > 0]).clip(1e-4, 1 - 1e-4)
    maps = [np.log(odds / (1 - odds)), np.moveaxis(np.log1p(sides) * (there > 0)[..., None], -1, 0)]
    return torch.from_numpy(np.concatenate(maps)[None].astype(np.float32))


def seen(head: Tensor | None, height: int, width: int, y0: int = 0, x0: int = 0) -> Embedding:
    """A tile of which the model has seen nothing but what its head says."""
    rows, cols = -(-height // 16), -(-width // 16)
    features = ImageFeatures(torch.zeros(1, 32, rows, cols), (), head)
    return Embedding(Tile((), 0, 0, y0, x0, height, width), features)


def boxes_of(labels: Labels) -> NDArray[np.float64]:
    """True boxes, the outermost pixel centres of each object."""
    return np.array(
        [[*(s.start for s in p), *(s.stop - 1 for s in p)] for p in find_objects(labels)], float
    )


def same_boxes(found: Proposals, true: NDArray[np.float64], tolerance: float) -> bool:
    """Whether each box was found once."""
    assert found.boxes is not None
    away = np.abs(found.boxes[:, None] - true).max(axis=-1)
    once = (away.min(axis=0) <= tolerance).all() and (away.min(axis=1) <= tolerance).all()
    return bool(once and len(found) == len(true))


def ellipses(shape: tuple[int, int], *given: tuple[float, float, float, float]) -> Labels:
    """Labels of ``(cy, cx, ry, rx)``, later ones over earlier ones."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    labels = np.zeros(shape, np.int64)
    for number, (cy, cx, ry, rx) in enumerate(given, 1):
        labels[((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2 < 1] = number
    return labels


def test_a_perfect_head_gives_each_object_once_with_its_box() -> None:
    labels = ellipses(
        (200, 300), (40, 40, 14, 18), (40, 90, 30, 20), (120, 60, 6, 6), (150, 200, 45, 80)
    )
    found = propose(seen(perfect_head(labels), 200, 300))
    assert same_boxes(found, boxes_of(labels), 1e-3)
    assert sorted(labels[tuple(found.points.round().astype(int).T)]) == [1, 2, 3, 4]
    assert (found.scores > 0.7).all()
    assert (np.diff(found.scores) <= 0).all()


def test_the_cache_keeps_half_the_digits_and_that_is_enough() -> None:
    labels = ellipses((200, 300), (40, 40, 14, 18), (120, 190, 70, 100))
    found = propose(seen(perfect_head(labels).half().float(), 200, 300))
    assert same_boxes(found, boxes_of(labels), 0.2)


def test_objects_that_touch_are_told_apart() -> None:
    labels = np.kron(np.arange(1, 26).reshape(5, 5), np.ones((24, 24), int))
    found = propose(seen(perfect_head(labels), 120, 120))
    assert same_boxes(found, boxes_of(labels), 2.0)


def test_a_nucleus_in_its_cell_is_a_second_object() -> None:
    cell, nucleus = ellipses((160, 160), (80, 80, 60, 60)), ellipses((160, 160), (80, 62, 14, 14))
    outer, inner = perfect_head(cell), perfect_head(nucleus)
    inside = (torch.sigmoid(inner[:, 1:2]) > 0.5).expand_as(inner)
    outer[:, :1][inside[:, :1]] = -9  # the cell's centre lies beside its nucleus
    found = propose(seen(torch.where(inside, inner, outer), 160, 160))
    assert found.boxes is not None
    both = np.concatenate([boxes_of(cell), boxes_of(nucleus)])
    away = np.abs(found.boxes[:, None] - both).max(axis=-1).min(axis=0)
    assert (away < 4).all()


def test_two_peaks_of_one_object_are_one_proposal() -> None:
    labels = ellipses((64, 160), (30, 80, 20, 70))
    head = perfect_head(labels)
    head[0, 0, :, 18:22] -= 2  # a dent in the middle of the ridge
    assert len(propose(seen(head[:, :2], 64, 160))) > 1
    found = propose(seen(head, 64, 160))
    assert same_boxes(found, boxes_of(labels), 1e-3)


def test_proposals_lie_in_the_tile_and_so_do_their_boxes() -> None:
    head = torch.full((1, 6, 16, 24), -9.0)
    head[0, 2:] = np.log1p(20.0)
    for row, col in ((2, 3), (15, 10), (8, 23)):  # of 55 x 90 pixels, the last two lie beyond
        head[0, :2, row, col] = 9
    found = propose(seen(head, 55, 90, y0=700, x0=300))
    assert found.points.tolist() == [[9.5, 13.5]]
    assert found.boxes is not None
    assert np.allclose(found.boxes, [[0, 0, 29.5, 33.5]], atol=1e-3)
    head[0, :2, 12, 20] = 9
    found = propose(seen(head, 55, 90))
    assert found.boxes is not None
    assert (found.boxes >= 0).all()
    assert (found.boxes.max(axis=0) <= (54, 89, 54, 89)).all()


def test_a_head_that_knows_no_boxes_gives_peaks_inside_the_foreground() -> None:
    head = torch.full((1, 2, 16, 24), -9.0)
    for row, col, foreground in ((4, 5, 9.0), (10, 20, 9.0), (12, 3, -9.0)):
        head[0, 0, row, col] = 9
        head[0, 1, row, col] = foreground
    found = propose(seen(head, 64, 96))
    assert {tuple(p) for p in found.points} == {(17.5, 21.5), (41.5, 81.5)}
    assert found.boxes is None


def test_weights_that_know_no_boxes_go_on_as_they_were(tmp_path: Path) -> None:
    model = tiny_sam(proposal_boxes=False).eval()
    header = to_header(model.config, model.policy)
    del header["proposal_boxes"]  # as it stands in files from before
    assert from_header(header) == (model.config, model.policy)
    save_weights(model, tmp_path / "before.safetensors")
    model = load_model(tmp_path / "before.safetensors", "cpu")
    with torch.inference_mode():
        features = model.encode_image(torch.randn(1, 3, 64, 96))
    assert features.proposals is not None
    assert features.proposals.shape == (1, 2, 16, 24)
    tile = Embedding(Tile((), 0, 0, 0, 0, 64, 96), features)
    assert propose(tile).boxes is None
    segment_tile(model, tile)


def test_models_without_a_head_get_a_grid() -> None:
    found = propose(seen(None, 64, 96))
    assert found.points.shape == (2 * 3, 2)
    assert found.points.min(axis=0).tolist() == [15.5, 15.5]
    assert found.boxes is None


def test_an_empty_tile_has_no_proposals() -> None:
    found = propose(seen(torch.full((1, 6, 16, 24), -9.0), 64, 96))
    assert len(found) == 0
    assert found.boxes is not None
    assert found.boxes.shape == (0, 4)


# --- which of them mean the same --------------------------------------------------------------

BOX = st.tuples(*[st.integers(0, 60)] * 2, *[st.integers(0, 30)] * 2, st.integers(0, 3))


def proposals_of(given: list[tuple[int, ...]]) -> Proposals:
    """Middles with boxes around them, and scores of which many are equal."""
    y, x, height, width, score = np.array(given, float).reshape(-1, 5).T
    points = np.stack([y, x], axis=1)
    boxes = np.stack([y - height, x - width, y + height, x + width], axis=1)
    return Proposals(points, score / 3, boxes)


def mean_the_same(a: int, b: int, of: Proposals) -> bool:
    """As :func:`distinct` says it, for one pair."""
    assert of.boxes is not None
    (y0, x0, y1, x1), (v0, u0, v1, u1) = of.boxes[[a, b]]
    rows, cols = min(y1, v1) - max(y0, v0) + 1, min(x1, u1) - max(x0, u0) + 1
    both = max(rows, 0) * max(cols, 0)
    sizes = [(y1 - y0 + 1, x1 - x0 + 1), (v1 - v0 + 1, u1 - u0 + 1)]
    iou = both / (np.prod(sizes[0]) + np.prod(sizes[1]) - both)
    near = min(np.hypot(*size) for size in sizes) * module.SAME_PLACE
    distance = np.hypot(*(of.points[a] - of.points[b]))
    return bool(iou > module.BOX_IOU and distance <= near)


def as_set(proposals: Proposals) -> set[tuple[float, ...]]:
    assert proposals.boxes is not None
    columns = (proposals.points, proposals.boxes, proposals.scores[:, None])
    return {tuple(row) for row in np.concatenate(columns, axis=1).tolist()}


@given(st.lists(BOX, max_size=30), st.randoms())
def test_of_what_means_the_same_only_the_best_is_left(
    given: list[tuple[int, ...]], random: object
) -> None:
    before = proposals_of(given)
    kept = distinct(before)
    assert as_set(kept) <= as_set(before)
    assert (np.diff(kept.scores) <= 0).all()
    for a in range(len(kept)):
        assert not any(mean_the_same(a, b, kept) for b in range(a))
    shuffled = before[np.array(random.sample(range(len(before)), len(before)), int)]  # type: ignore[attr-defined]
    assert as_set(distinct(shuffled)) == as_set(kept)


@given(st.lists(BOX, min_size=1, max_size=30))
def test_what_is_left_out_means_the_same_as_something_at_least_as_good(
    given: list[tuple[int, ...]],
) -> None:
    before = proposals_of(given)
    kept = as_set(distinct(before))
    rows = [next(iter(as_set(before[np.array([i])]))) for i in range(len(before))]
    for i, row in enumerate(rows):
        others = [j for j, other in enumerate(rows) if other in kept]
        better = [j for j in others if before.scores[j] >= before.scores[i]]
        assert row in kept or any(mean_the_same(i, j, before) for j in better)


def compare_all_pairs(proposals: Proposals) -> list[int]:
    """Indices that :func:`distinct` leaves, by its definition: a reference without a search."""
    assert proposals.boxes is not None
    order = np.lexsort((*proposals.boxes.T, *proposals.points.T, -proposals.scores)).tolist()
    left: list[int] = []
    for i in order:
        if not any(mean_the_same(i, j, proposals) for j in left):
            left.append(i)
    return left


@given(st.lists(BOX, max_size=30))
def test_a_search_among_neighbours_leaves_what_all_pairs_would(
    given: list[tuple[int, ...]],
) -> None:
    before = proposals_of(given)
    expected = before[np.array(compare_all_pairs(before), int)]
    after = distinct(before)
    np.testing.assert_array_equal(after.points, expected.points)
    np.testing.assert_array_equal(after.boxes, expected.boxes)
    np.testing.assert_array_equal(after.scores, expected.scores)


def test_proposals_can_be_chosen() -> None:
    three = proposals_of([(1, 2, 3, 4, 1), (9, 9, 1, 1, 2), (5, 5, 2, 2, 3)])
    some = three[np.array([2, 0])]
    assert some.points.tolist() == [[5, 5], [1, 2]]
    assert some.scores.tolist() == [1, 1 / 3]
    assert len(replace(three, boxes=None)[:1]) == 1
