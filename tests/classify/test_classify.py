"""Classes by example: features of objects of any size, and predictions from a few examples."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_sam import Session
from napari_sam.classify.appearance import APPEARANCE
from napari_sam.classify.classifier import predict_classes
from napari_sam.classify.classify import classify
from napari_sam.classify.features import FeatureStore, ObjectFeatures
from napari_sam.classify.planes import SHOWN_WELL, choose_planes
from napari_sam.classify.pool import pool
from napari_sam.classify.predictions import ClassPredictions
from napari_sam.errors import LabelError
from napari_sam.tiles.grid import TileGrid
from tests.classify.drawing import kind, two_kinds
from tests.tiny import tiny_sam


def opened(image: np.ndarray, **options: object) -> Session:
    torch.manual_seed(3)
    return Session.open(image, model=tiny_sam().eval(), cache_dir=False, **options)


def described(session: Session, labels: np.ndarray, store: FeatureStore) -> ObjectFeatures:
    steps = store.describe(session.encoder, labels)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def predicted(session: Session, labels: np.ndarray, examples: dict[int, str]) -> ClassPredictions:
    steps = list(classify(session.encoder, labels, examples))
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert steps[-1].done == steps[-1].total
    result = steps[-1].predictions
    assert result is not None
    return result


def test_three_examples_of_each_class_are_enough_for_the_others() -> None:
    image, labels = two_kinds()
    result = predicted(opened(image), labels, {label: kind(label) for label in range(1, 7)})
    assert result.classes == ("large", "small")
    assert result.labels.tolist() == list(range(1, 13))
    assert {k: name for k, (name, _) in result.predicted.items()} == {
        label: kind(label) for label in range(7, 13)
    }
    np.testing.assert_allclose(result.probabilities.sum(axis=1), 1)
    assert (result.probabilities[:6].max(axis=1) == 1).all()


def test_an_example_keeps_its_class_even_against_its_own_kind() -> None:
    image, labels = two_kinds()
    examples = {label: kind(label) for label in range(1, 7)} | {7: "small"}
    result = predicted(opened(image), labels, examples)
    np.testing.assert_array_equal(result.probabilities[6], (0, 1))
    assert 7 not in result.predicted


def test_one_example_of_each_of_three_classes_will_do() -> None:
    image, labels = two_kinds()
    result = predicted(opened(image), labels, {1: "a", 2: "b", 4: "c"})
    assert result.probabilities.shape == (12, 3)
    assert all(name == "a" for k, (name, _) in result.predicted.items() if k % 2)


@pytest.mark.parametrize(
    ("examples", "line"),
    [
        ({}, "no object has a class"),
        ({1: "a", 2: "a"}, "all objects with a class are 'a': give another class"),
        ({1: "a", 99: "b"}, "there is no object with the label 99"),
    ],
)
def test_examples_that_teach_nothing_are_refused(examples: dict[int, str], line: str) -> None:
    image, labels = two_kinds()
    with pytest.raises(LabelError, match=line):
        predicted(opened(image), labels, examples)


def test_objects_that_are_all_alike_have_no_likely_class() -> None:
    features = ObjectFeatures(np.arange(1, 9), np.ones((8, APPEARANCE + 6), np.float32))
    result = predict_classes(features, {1: "a", 2: "a", 3: "b"})
    np.testing.assert_allclose(result.probabilities[3:], 0.5)
    assert (result.probabilities[:3].max(axis=1) == 1).all()


def test_examples_that_are_gone_can_be_left_out() -> None:
    image, labels = two_kinds()
    session, examples = opened(image), {1: "a", 2: "b", 99: "b"}
    *_, last = classify(session.encoder, labels, examples, only_present=True)
    assert last.predictions is not None
    assert last.predictions.examples == {1: "a", 2: "b"}


def test_objects_of_any_size_have_finite_features_and_a_single_row() -> None:
    image, _ = two_kinds()
    labels = np.ones((96, 128), np.uint16)  # larger than any tile
    labels[3, 5] = 7  # a single pixel
    labels[40, 10:90] = 9  # a line through several tiles
    features = described(opened(image, tile_size=64), labels, FeatureStore())
    assert features.labels.tolist() == [1, 7, 9]
    assert np.isfinite(features.values).all()
    np.testing.assert_allclose(features.values[1, 0], 0)  # log of one pixel
    only = np.where(labels == 7, labels, 0)
    single = described(opened(image, tile_size=64), only, FeatureStore())
    np.testing.assert_allclose(single.values[0, 1:6], (0, 1, image[3, 5], 0, 0), atol=30)
    assert described(opened(image), np.zeros((96, 128), int), FeatureStore()).labels.size == 0


def test_an_object_is_described_by_the_tile_that_shows_it_whole() -> None:
    image, labels = two_kinds()
    session = opened(image, tile_size=64)
    features = described(session, labels, FeatureStore())
    assert features.labels.tolist() == list(range(1, 13))
    areas = np.bincount(labels.ravel())[1:]
    np.testing.assert_allclose(np.exp(features.values[:, 0]), areas, rtol=1e-5)


def test_pooled_features_are_means_and_deviations_over_the_cells_of_an_object() -> None:
    image, _ = two_kinds()
    session = opened(image)
    (tile,) = session.tiles()
    embedding = session.encoder.get(tile)
    cells = embedding.to_arrays()["image_embedding"]
    ranks = np.ones((96, 128), np.intp)
    ranks[40, 70] = 2
    ranks[16:32, 48:64] = 3
    values = pool(session.model.config, embedding, ranks, 3)
    channels, count = len(cells), values.shape[1] // 2
    np.testing.assert_allclose(values[1, :channels], cells[:, 2, 4], rtol=1e-5)
    np.testing.assert_allclose(values[1, count:], 0, atol=1e-3)
    np.testing.assert_allclose(values[2, :channels], cells[:, 1, 3], rtol=1e-5)
    ranks[:] = 1
    values = pool(session.model.config, embedding, ranks, 1)
    np.testing.assert_allclose(values[0, :channels], cells.mean(axis=(1, 2)), atol=1e-5)
    np.testing.assert_allclose(
        values[0, count : count + channels], cells.std(axis=(1, 2)), atol=1e-4
    )


def test_features_are_computed_again_only_where_something_changed() -> None:
    image, labels = two_kinds()
    options = {"tile_size": 64, "contrast": (0, 255)}
    session, store = opened(image, **options), FeatureStore()
    first = described(session, labels, store)
    calls = session.encoder.calls
    np.testing.assert_array_equal(described(session, labels, store).values, first.values)
    assert session.encoder.calls == calls
    labels[84:96, 100:128] = 12
    image[70:80, 50:60] = 255
    edited = described(session, labels, store)
    fresh = described(opened(image, **options), labels, FeatureStore())
    np.testing.assert_array_equal(edited.values, fresh.values)
    changed = (edited.values != first.values).any(axis=1)
    assert changed.tolist()[:4] == [False] * 4, "the discs of the upper tiles alone"
    assert changed[9]
    assert changed[11]


def test_another_image_encoder_makes_other_features() -> None:
    image, labels = two_kinds()
    session, store = opened(image), FeatureStore()
    before = described(session, labels, store)
    torch.manual_seed(8)
    session.encoder.use(tiny_sam().eval())
    session.encoder.forget()
    after = described(session, labels, store)
    np.testing.assert_array_equal(after.values[:, :APPEARANCE], before.values[:, :APPEARANCE])
    assert (after.values[:, APPEARANCE:] != before.values[:, APPEARANCE:]).any()


def test_objects_of_a_stack_are_classified_from_a_few_of_its_planes() -> None:
    image, labels = two_kinds()
    stack = np.stack([image] * 9)
    numbers = np.stack([labels] * 9)
    numbers[:3][:, labels > 6] = 0
    numbers[6:][:, labels <= 6] = 0
    session = opened(stack, axes="ZYX")
    result = predicted(session, numbers, {label: kind(label) for label in (1, 2, 7, 8)})
    assert {k: name for k, (name, _) in result.predicted.items()} == {
        label: kind(label) for label in (3, 4, 5, 6, 9, 10, 11, 12)
    }
    assert session.encoder.calls == 1, "one plane in the middle shows all of them"


# --- properties ------------------------------------------------------------------------------


@st.composite
def examples_in_two_orders(draw: st.DrawFn) -> tuple[dict[int, str], dict[int, str]]:
    labels = draw(st.lists(st.integers(1, 30), min_size=2, max_size=10, unique=True))
    classes = [draw(st.sampled_from("abc")) for _ in labels[2:]]
    pairs = list(zip(labels, ["a", "b", *classes], strict=True))
    return dict(pairs), dict(draw(st.permutations(pairs)))


@given(examples_in_two_orders(), st.integers(0, 5))
@settings(max_examples=25, deadline=None)
def test_the_order_of_examples_changes_nothing(
    orders: tuple[dict[int, str], dict[int, str]], seed: int
) -> None:
    values = np.random.default_rng(seed).normal(size=(30, APPEARANCE + 8)).astype(np.float32)
    features = ObjectFeatures(np.arange(1, 31), values)
    one, other = (predict_classes(features, examples) for examples in orders)
    assert one.classes == other.classes
    np.testing.assert_array_equal(one.probabilities, other.probabilities)
    for label, name in orders[0].items():
        assert one.probabilities[label - 1, one.classes.index(name)] == 1


@given(
    st.dictionaries(
        st.integers(0, 12),
        st.dictionaries(st.integers(1, 9), st.integers(1, 50), min_size=1),
        min_size=1,
    )
)
@settings(max_examples=100, deadline=None)
def test_every_object_is_shown_well_on_a_chosen_plane(planes: dict[int, dict[int, int]]) -> None:
    grid = TileGrid(64, 64, 64, 8)
    areas = {grid.tile((z,), 0, 0): of_label for z, of_label in planes.items()}
    chosen = choose_planes(areas)
    assert chosen <= {(z,) for z in planes}
    for label in {label for of_label in planes.values() for label in of_label}:
        largest = max(of_label.get(label, 0) for of_label in planes.values())
        best = max(planes[z].get(label, 0) for (z,) in chosen)
        assert best >= SHOWN_WELL * largest
