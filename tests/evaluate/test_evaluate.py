"""Evaluation: what counts as found, and where the simulated annotator clicks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from napari_sam import PointPrompt, Session
from napari_sam.evaluate.automatic import detect_stack
from napari_sam.evaluate.clicks import Answer, Protocol, next_click, simulate
from napari_sam.evaluate.figures import Seen, clicks_to, macro_mean, summarise
from napari_sam.evaluate.ground_truth import Pair, Sample, files_with_both
from napari_sam.evaluate.matching import Detection, detect, matches, precision
from napari_sam.evaluate.objects import TrueObject, objects_of, spread
from napari_sam.evaluate.overlap import overlap
from napari_sam.evaluate.prompted import answer_background, answer_boxes, background_places
from napari_sam.evaluate.report import markdown, with_means
from napari_sam.evaluate.run import Part, Task, evaluate
from napari_sam.image.volume import Volume
from napari_sam.masks.mask import Mask
from napari_sam.model.sam import Sam

Labels = NDArray[np.integer]


def drawn(*rows: str) -> Labels:
    """A label image, a digit a pixel; dots are background."""
    return np.array([[0 if c == "." else int(c) for c in row] for row in rows])


def mask_of(pixels: NDArray[np.bool_], iou: float = 0.9, score: float = 2.0) -> Mask:
    return Mask((), (0, 0, *pixels.shape), pixels, iou, score).tight()


# --- what counts as found ----------------------------------------------------------------------


def test_overlap_knows_the_pixels_of_each_pair() -> None:
    both = overlap(drawn("1144..", "1144.."), drawn("7777..", "7755.9"))
    assert both.true_sizes.tolist() == [4, 4]
    assert both.found_sizes.tolist() == [2, 6, 1]  # 5, 7, 9
    pairs = zip(both.true.tolist(), both.found.tolist(), both.common.tolist(), strict=True)
    assert set(pairs) == {(0, 1, 4), (1, 1, 2), (1, 0, 2)}
    ious = dict(zip(zip(both.true, both.found, strict=True), both.ious, strict=True))
    assert ious == {(0, 1): 4 / 6, (1, 1): 2 / 8, (1, 0): 2 / 4}


def test_labels_of_another_shape_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        overlap(np.zeros((2, 3), int), np.zeros((3, 2), int))


def test_precision_is_hits_over_hits_and_both_kinds_of_misses() -> None:
    # IoU 4/6 and 2/4: one hit over 0.5, two at 0.5; a third found object is nowhere
    both = overlap(drawn("1144..", "1144.."), drawn("7777..", "7755.9"))
    assert precision(both, 0.5) == 2 / 3
    assert precision(both, 0.55) == 1 / (1 + 1 + 2)
    assert precision(both, 0.7) == 0


def test_halves_of_an_object_do_not_both_hit_it() -> None:
    both = overlap(drawn("1111"), drawn("2233"))
    assert both.ious.tolist() == [0.5, 0.5]
    assert matches(both, 0.5) == 1


def test_as_many_pairs_as_can_be() -> None:
    # the first true object overlaps both found ones, the second only that which overlaps more
    both = overlap(drawn("11112222"), drawn("11333333"))
    assert matches(both, 0.3) == 2


def test_msa_is_the_mean_over_ten_thresholds() -> None:
    truth, found = drawn("1111111111"), drawn("11111111..")
    detection = detect(truth, found)
    assert detection.precisions == (1,) * 7 + (0,) * 3  # IoU 0.8
    assert detection.ap50 == 1
    assert detection.msa == pytest.approx(0.7)


def test_nothing_found_where_nothing_is_is_right() -> None:
    empty = np.zeros((4, 4), int)
    assert detect(empty, empty).msa == 1
    assert detect(empty, drawn("1...", "....", "....", "....")).msa == 0
    assert detect(drawn("1...", "....", "....", "...."), empty).msa == 0


@pytest.mark.parametrize(
    ("truth", "found", "missed", "split", "merged", "added"),
    [
        ("1111.2222.3333", "1111.2222.3333", 0, 0, 0, 0),
        ("1111.2222.3333", "1111.2222.....", 1, 0, 0, 0),
        ("1111.2222.3333", "1122.2222.3...", 1, 0, 0, 0),
        ("1111.2222.3333", "1122.3333.4444", 0, 1, 0, 0),
        ("1111.2222.3333", "111111111.3333", 0, 0, 2, 0),
        ("1111.2222.3333", "11111111111111", 0, 0, 3, 0),
        ("1111.2222.....", "1111.2222.3333", 0, 0, 0, 1),
        ("1111111111111111111111", "1111111111111111111112", 0, 0, 0, 0),  # a crumb is no part
    ],
)
def test_mistakes_are_counted(
    truth: str, found: str, missed: int, split: int, merged: int, added: int
) -> None:
    seen = detect(drawn(truth), drawn(found))
    assert (seen.missed, seen.split, seen.merged, seen.added) == (missed, split, merged, added)


def test_a_stack_is_compared_in_3d() -> None:
    truth = np.stack([drawn("11.22"), drawn("11.22")])
    unlinked = np.stack([drawn("11.22"), drawn("33.44")])
    assert detect(truth, truth).msa == 1
    seen = detect(truth, unlinked)
    assert seen.split == 2
    assert seen.ap50 == 2 / 4  # half of an object has an IoU of 0.5


def test_planes_without_an_object_count_as_not_annotated() -> None:
    truth = np.stack([drawn("11.22"), drawn("....."), drawn("11.22")])
    found = np.stack([drawn("11.22"), drawn("33.44"), drawn("11.22")])
    assert detect_stack(truth, found).msa == 1


label_images = arrays(np.uint16, st.sampled_from([(7, 9), (3, 5, 4)]), elements=st.integers(0, 6))


@given(label_images)
def test_the_truth_is_perfect(truth: Labels) -> None:
    seen = detect(truth, truth)
    assert seen.precisions == (1,) * 10
    assert (seen.missed, seen.split, seen.merged, seen.added) == (0, 0, 0, 0)


@given(
    arrays(np.uint16, (6, 7), elements=st.integers(0, 5)),
    arrays(np.uint16, (6, 7), elements=st.integers(0, 5)),
    st.permutations(range(1, 6)),
    st.integers(0, 2**31),
)
def test_names_of_objects_mean_nothing(
    truth: Labels, found: Labels, names: list[int], offset: int
) -> None:
    renamed = np.array([0, *names], np.uint32)
    shifted = renamed + np.where(renamed > 0, np.uint32(offset), np.uint32(0))
    assert detect(renamed[truth], shifted[found]) == detect(truth, found)


@given(
    arrays(np.uint8, (5, 6), elements=st.integers(0, 4)),
    arrays(np.uint8, (5, 6), elements=st.integers(0, 4)),
)
def test_precision_falls_with_the_threshold_and_does_not_ask_who_is_true(
    truth: Labels, found: Labels
) -> None:
    one, other = detect(truth, found), detect(found, truth)
    assert list(one.precisions) == sorted(one.precisions, reverse=True)
    assert one.precisions == other.precisions


# --- objects -----------------------------------------------------------------------------------


def test_small_objects_are_not_prompted_and_labels_may_be_large() -> None:
    labels = np.zeros((40, 40), np.uint32)
    labels[2:11, 3:14] = 4_000_000_000
    labels[20:22, 20:22] = 7
    (one,) = objects_of(labels)
    assert (one.bbox, one.click) == ((2, 3, 11, 14), (6, 7))
    assert one.box == ((2, 3), (10, 13))
    assert one.pixels.all()


def test_negative_labels_are_background() -> None:
    labels = np.full((9, 9), -1)
    labels[:6, :6] = 2
    assert [one.bbox for one in objects_of(labels)] == [(0, 0, 6, 6)]
    assert list(objects_of(np.full((9, 9), -1))) == []


def test_the_edge_of_the_image_is_an_outline() -> None:
    (one,) = objects_of(np.ones((7, 7), int))
    assert one.click == (3, 3)


def test_a_line_has_a_box_too(tiny_model: Sam) -> None:
    labels = np.zeros((40, 40), int)
    labels[5, 5:35] = 1
    (one,) = objects_of(labels)
    assert one.box == ((4.5, 5), (5.5, 34))
    session = Session.open(labels.astype(np.uint8), model=tiny_model, cache_dir=False)
    (answer,) = answer_boxes(session, [one], ())
    assert 0 <= answer.iou <= 1
    assert answer_boxes(session, [], ()) == ()


def test_objects_are_spread_evenly() -> None:
    (one,) = objects_of(np.ones((7, 7), int))
    many = [replace(one, click=(float(i), 0.0)) for i in range(10)]
    assert [int(o.click[0]) for o in spread(many, 3)] == [0, 3, 6]
    assert spread(many, 20) == many


def test_iou_with_a_mask_anywhere() -> None:
    (one,) = objects_of(np.pad(np.ones((6, 6), int), 2))
    whole, none = np.zeros((10, 10), bool), np.zeros((10, 10), bool)
    whole[2:8, 2:5] = True
    assert one.iou(mask_of(whole)) == 0.5
    assert one.iou(mask_of(none)) == 0
    whole[:, :] = True
    assert one.iou(mask_of(whole)) == 0.36


# --- the annotator -----------------------------------------------------------------------------


@pytest.fixture
def square() -> TrueObject:
    """Rows and columns 10 to 30."""
    labels = np.zeros((50, 50), int)
    labels[10:31, 10:31] = 1
    (one,) = objects_of(labels)
    return one


def shown(*regions: tuple[int, int, int, int]) -> Mask:
    pixels = np.zeros((50, 50), bool)
    for y0, x0, y1, x1 in regions:
        pixels[y0:y1, x0:x1] = True
    return mask_of(pixels)


def test_a_missing_part_is_clicked_in_its_middle(square: TrueObject) -> None:
    click = next_click(square, shown((10, 10, 31, 22)))  # columns 22 to 30 are missing
    assert click is not None
    assert click.label == 1
    assert click.position[1] == 26
    assert 14 <= click.position[0] <= 26  # all of them are as far from the outline


def test_what_is_too_much_is_clicked_as_background(square: TrueObject) -> None:
    click = next_click(square, shown((10, 10, 31, 31), (31, 15, 46, 30), (0, 10, 10, 14)))
    assert click == PointPrompt((38, 22), 0)


def test_the_larger_of_two_errors_is_clicked_even_if_they_touch(square: TrueObject) -> None:
    click = next_click(square, shown((10, 10, 31, 26), (31, 10, 50, 26)))  # 105 missing, 304 more
    assert click is not None
    assert click.label == 0


def test_nothing_is_wrong_any_more(square: TrueObject) -> None:
    assert next_click(square, shown((10, 10, 31, 31))) is None


def test_nothing_shown_is_clicked_like_the_first_time(square: TrueObject) -> None:
    assert next_click(square, shown()) == PointPrompt(square.click)


def test_no_pixel_is_clicked_twice(square: TrueObject) -> None:
    before = [PointPrompt((20, 20))]
    click = next_click(square, shown(), before)
    assert click is not None
    assert click.position != (20, 20)
    almost = np.zeros((50, 50), bool)
    almost[10:31, 10:31] = True
    almost[20, 20] = False
    assert next_click(square, mask_of(almost), before) is None


class Painter:
    """Answers with squares around clicks: those of the object, less those of the background."""

    def __init__(self, reach: int) -> None:
        self.reach = reach
        self.asked: list[list[int]] = []

    def __call__(self, objects: Mapping[int, Sequence[PointPrompt]]) -> dict[int, Mask]:
        self.asked.append([len(clicks) for clicks in objects.values()])
        return {i: self._paint(clicks) for i, clicks in objects.items()}

    def _paint(self, clicks: Sequence[PointPrompt]) -> Mask:
        pixels = np.zeros((50, 50), bool)
        for click in sorted(clicks, key=lambda click: -click.label):
            y, x = (int(v) for v in click.position)
            low, high = -self.reach, self.reach + 1
            pixels[max(y + low, 0) : y + high, max(x + low, 0) : x + high] = click.label
        return mask_of(pixels, iou=0.5, score=0.0)


def test_a_good_answer_is_still_clicked_five_times(square: TrueObject) -> None:
    asked: list[int] = []

    def ask(objects: Mapping[int, Sequence[PointPrompt]]) -> dict[int, Mask]:
        asked.append(len(objects[1]))
        return {1: shown((10, 10, 31, 27 if len(objects[1]) == 1 else 28))}

    (answers,) = simulate([square], (), ask, Protocol(most=20))
    assert [answer.iou for answer in answers] == [17 / 21, *[18 / 21] * 4]
    assert asked == [1, 2, 3, 4, 5]
    assert clicks_to(answers, 0.85) == 2


def test_a_perfect_answer_needs_no_more_clicks(square: TrueObject) -> None:
    (answers,) = simulate([square], (), Painter(reach=10), Protocol())
    assert [answer.iou for answer in answers] == [1]


def test_what_is_never_good_gets_all_clicks(square: TrueObject) -> None:
    painter = Painter(reach=0)
    once, twice = simulate([square, square], (), painter, Protocol(most=7))
    assert len(once) == len(twice) == 7
    assert painter.asked == [[n, n] for n in range(1, 8)]
    assert clicks_to(once, 0.85) is None


def test_fewer_clicks_than_are_always_made(square: TrueObject) -> None:
    (answers,) = simulate([square], (), Painter(reach=9), Protocol(most=2))
    assert len(answers) == 2


def test_clicks_are_on_the_plane(square: TrueObject) -> None:
    asked: list[PointPrompt] = []

    def ask(objects: Mapping[int, Sequence[PointPrompt]]) -> dict[int, Mask]:
        asked.extend(objects[1])
        return {1: replace(shown((10, 10, 20, 20)), plane=(3, 1))}

    simulate([square], (3, 1), ask, Protocol(most=2))
    assert {click.position[:2] for click in asked} == {(3, 1)}


# --- figures -----------------------------------------------------------------------------------


def answers(*ious: float, predicted: float = 0.5, score: float = 0.0) -> tuple[Answer, ...]:
    return tuple(Answer(iou, predicted, score) for iou in ious)


def test_figures_of_clicks() -> None:
    clicks = [answers(0.4, 0.6, 0.9, 0.9, 1.0), answers(0.8, 0.8, 0.8, 0.8, 0.8, 0.8), answers(1.0)]
    found = summarise([Seen(clicks=clicks[:1]), Seen(clicks=clicks[1:])], Protocol(most=6))
    assert found["objects"] == 3
    assert found["click_1_iou"] == pytest.approx((0.4 + 0.8 + 1) / 3)
    assert found["click_3_iou"] == pytest.approx((0.9 + 0.8 + 1) / 3)
    assert found["click_5_iou"] == pytest.approx((1.0 + 0.8 + 1) / 3)
    assert found["click_1_under_half"] == pytest.approx(1 / 3)
    assert found["click_1_iou_error"] == pytest.approx((0.1 + 0.3 + 0.5) / 3)
    assert found["noc"] == pytest.approx((3 + 6 + 1) / 3)
    assert found["never"] == pytest.approx(1 / 3)


def test_what_was_not_looked_at_is_not_there() -> None:
    assert summarise([], Protocol()) == {}
    found = summarise([Seen(clicks=[answers(0.5)])], Protocol(most=1))
    assert {"click_3_iou", "box_iou", "plane_msa", "background_taken"}.isdisjoint(found)
    alone = summarise([Seen(boxes=answers(0.75, predicted=float("nan")))], Protocol())
    assert alone == {"box_iou": 0.75, "box_under_half": 0}


def test_figures_of_clicks_into_the_background() -> None:
    clicks = [answers(1.0, score=20.0)]
    seen = Seen(clicks=clicks, background=[20.0, *[-20.0] * 3] * 5)
    found = summarise([seen], Protocol())
    assert found["background_clicks"] == 20
    assert found["background_taken"] == 0.25
    assert found["background_score_error"] == pytest.approx(0.25)
    assert found["object_score_error"] == pytest.approx(0, abs=1e-6)
    assert found["objects_refused"] == 0
    few = summarise([Seen(clicks=clicks, background=[20.0] * 19)], Protocol())
    assert "background_taken" not in few


def test_images_weigh_the_same_and_sets_too() -> None:
    good = Detection(1, 1, (1.0,) * 10, 0, 0, 0, 0)
    bad = Detection(9, 0, (0.0,) * 10, 9, 0, 0, 0)
    found = summarise([Seen(plane=good), Seen(plane=bad)], Protocol())
    assert (found["plane_msa"], found["plane_missed"]) == (0.5, 0.9)
    assert (found["plane_objects"], found["plane_missed_count"]) == (10, 9)
    mean = macro_mean([{"noc": 2.0, "objects": 10}, {"noc": 5.0, "objects": 990}, {"objects": 1}])
    assert mean == {"noc": 3.5, "objects": 1001}


def test_a_table_of_sets_and_methods() -> None:
    results = {
        "a": {"model": {"click_1_iou": 0.5, "objects": 3}, "flood": {"click_1_iou": 0.25}},
        "b": {"model": {"click_1_iou": 0.7, "objects": 4}},
    }
    assert markdown(with_means(results)).splitlines() == [
        "**Clicks and boxes**",
        "",
        "| set | method | objects | click 1 |",
        "|---|---|---|---|",
        "| a | model | 3 | 0.500 |",
        "| a | flood |  | 0.250 |",
        "| b | model | 4 | 0.700 |",
        "| mean over sets | model | 7 | 0.600 |",
        "| mean over sets | flood |  | 0.250 |",
    ]


# --- images ------------------------------------------------------------------------------------


def sample(labels: Any, axes: str | None = None) -> Sample:
    return Sample(Volume.from_array(np.zeros(labels.shape, np.uint8), axes=axes), labels)


def test_of_a_stack_every_fourth_plane_is_used() -> None:
    labels = np.ones((10, 8, 8), int)
    assert list(sample(labels).planes()) == [(0,), (4,), (8,)]
    labels[0] = 0
    assert list(sample(labels).planes()) == [(1,), (5,), (9,)]
    labels[[4, 5, 6]] = 0
    assert list(sample(labels).planes()) == [(1,), (7,)]
    assert list(sample(np.zeros((10, 8, 8), int)).planes()) == []
    assert list(sample(np.zeros((8, 8), int)).planes()) == [()]


def test_on_a_plane_of_a_stack_each_part_is_an_object() -> None:
    labels = np.zeros((2, 4, 9), int)
    labels[:, :, :3] = labels[:, :, 6:] = 5
    stack = sample(labels)
    assert np.unique(stack.plane((0,))).tolist() == [0, 1, 2]
    assert np.unique(sample(labels[0]).plane(())).tolist() == [0, 5]


def test_stacks_go_through_z() -> None:
    flat, single = np.zeros((8, 8), int), np.zeros((1, 8, 8), int)
    assert list(sample(flat).stacks()) == list(sample(single).stacks()) == []
    assert list(sample(np.zeros((3, 8, 8), int), "TYX").stacks()) == []
    movie = np.arange(2 * 3 * 4).reshape(2, 3, 2, 2)
    stacks = [movie[index] for index in sample(movie).stacks()]
    assert [stack.tolist() for stack in stacks] == movie.tolist()


def test_background_is_clicked_away_from_objects_and_the_same_each_time() -> None:
    labels = np.zeros((60, 60), int)
    labels[20:30, 20:30] = 1
    places = background_places(labels, 50)
    assert len(set(places)) == 50
    assert places == background_places(labels, 50)
    distances = [np.hypot(max(20 - y, 0, y - 29), max(20 - x, 0, x - 29)) for y, x in places]
    assert min(distances) > 5


def test_no_background_is_no_click(tiny_model: Sam) -> None:
    session = Session.open(np.zeros((32, 32), np.uint8), model=tiny_model, cache_dir=False)
    assert answer_background(session, np.ones((32, 32), int), ()) == ()
    assert answer_background(session, np.zeros((32, 32), int), ()) == ()


def test_files_that_hold_both(tmp_path: Path) -> None:
    for name in ("b/1.npz", "a/2.npz", "a/1.npz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        np.savez(tmp_path / name, image=np.zeros((8, 8), np.uint8), labels=np.eye(8, dtype=int))
    assert {k: [p.name for p in v] for k, v in files_with_both(tmp_path).items()} == {
        "a": ["1.npz", "2.npz"],
        "b": ["1.npz"],
    }
    assert files_with_both(tmp_path / "a" / "1.npz") == {"1": [tmp_path / "a" / "1.npz"]}
    assert Pair(tmp_path / "a" / "1.npz").read().plane(()).sum() == 8


def test_everything_of_an_image_and_of_a_stack(tmp_path: Path, tiny_model: Sam) -> None:
    random = np.random.default_rng(0)
    labels = np.zeros((5, 48, 48), np.uint16)
    labels[:, 8:20, 8:20], labels[:, 28:40, 26:40] = 1, 2
    image = (labels * 60 + random.integers(0, 30, labels.shape)).astype(np.uint8)
    np.savez(tmp_path / "flat.npz", image=image[0], labels=labels[0])
    np.savez(tmp_path / "stack.npz", image=image, labels=labels)
    pairs = [Pair(path) for path in sorted(tmp_path.glob("*.npz"))]

    def opened(volume: Volume) -> Session:
        return Session.open(volume, model=tiny_model, cache_dir=False)

    task = Task(protocol=Protocol(most=2))
    steps = list(evaluate(pairs, opened, task))
    assert [(step.done, step.total) for step in steps] == [(i, 4) for i in range(1, 5)]
    found = summarise((step.seen for step in steps), task.protocol)
    assert found["objects"] == 6
    assert found["plane_objects"] == 6
    assert found["stack_objects"] == 2
    assert found["background_clicks"] == 60
    assert all(np.isfinite(value) for value in found.values())
    clicks = [step.seen for step in evaluate(pairs, opened, Task([Part.CLICKS], task.protocol))]
    assert [one.clicks for one in clicks] == [step.seen.clicks for step in steps[:3]]
    assert not any(one.boxes or one.plane or one.stack for one in clicks)
