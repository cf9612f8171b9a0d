"""Objects of single planes become objects that go through planes."""

from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_sam import Session
from napari_sam.errors import PromptError
from napari_sam.image.volume import Volume
from napari_sam.masks.mask import Mask
from napari_sam.propagation.assign import Link, assign
from napari_sam.propagation.ending import overlap
from napari_sam.propagation.link import link
from napari_sam.propagation.repair import repair


def square(z: int, y: int, x: int, side: int = 10) -> Mask:
    return Mask((z,), (y, x, y + side, x + side), np.ones((side, side), bool), 0.9, 5.0)


def places(chains: list[dict[int, Mask]]) -> list[dict[int, tuple[int, int]]]:
    return [{z: mask.bbox[:2] for z, mask in sorted(chain.items())} for chain in chains]


def test_objects_that_overlap_are_one() -> None:
    found = {
        0: [square(0, 0, 0), square(0, 50, 50)],
        1: [square(1, 51, 50), square(1, 2, 0)],
        2: [square(2, 3, 1)],
    }
    assert places(link(found)) == [
        {0: (0, 0), 1: (2, 0), 2: (3, 1)},
        {0: (50, 50), 1: (51, 50)},
    ]


def test_a_missed_plane_is_bridged_and_filled_and_two_are_not() -> None:
    found = {0: [square(0, 10, 10)], 2: [square(2, 12, 10)], 5: [square(5, 12, 10)]}
    chains = link(found)
    assert [sorted(chain) for chain in chains] == [[0, 1, 2], [5]]
    assert chains[0][1].plane == (1,)
    assert overlap(chains[0][1], square(1, 11, 10)) > 0.9


def test_a_neighbour_is_preferred_to_a_bridge() -> None:
    found = {0: [square(0, 0, 0)], 1: [square(1, 3, 0)], 2: [square(2, 0, 0)]}
    assert [sorted(chain) for chain in link(found)] == [[0, 1, 2]]


def test_the_sum_of_all_links_counts_and_not_the_best_one() -> None:
    """The best single pair would leave two objects alone."""
    first, second = square(0, 0, 0), square(0, 0, 5)
    third, fourth = square(1, 0, 2), square(1, 0, 8)
    chains = link({0: [first, second], 1: [third, fourth]})
    assert places(chains) == [{0: (0, 0), 1: (0, 2)}, {0: (0, 5), 1: (0, 8)}]


def test_nothing_found_is_nothing_linked() -> None:
    assert link({}) == []
    assert [sorted(chain) for chain in link({3: [square(3, 0, 0)]})] == [[3]]


@settings(deadline=None)
@given(
    st.integers(2, 6).flatmap(
        lambda n: st.tuples(
            st.just(n),
            st.lists(
                st.tuples(st.integers(0, n - 2), st.integers(1, n - 1), st.integers(1, 9)).filter(
                    lambda edge: edge[0] < edge[1]
                ),
                max_size=7,
                unique_by=lambda edge: edge[:2],
            ),
        )
    )
)
def test_no_other_choice_of_links_weighs_more(
    graph: tuple[int, list[tuple[int, int, int]]],
) -> None:
    count, edges = graph
    links = [Link(a, b, weight / 10) for a, b, weight in edges]
    chosen = assign(count, links)
    assert len(set(chosen.values())) == len(chosen)
    weights = {(a.first, a.second): a.weight for a in links}
    best = max(
        sum(one.weight for one, taken in zip(links, choice, strict=True) if taken)
        for choice in product([False, True], repeat=len(links))
        if is_path_cover([one for one, taken in zip(links, choice, strict=True) if taken])
    )
    assert sum(weights[pair] for pair in chosen.items()) == pytest.approx(best, abs=1e-4)


def is_path_cover(links: list[Link]) -> bool:
    firsts, seconds = ([getattr(a, name) for a in links] for name in ("first", "second"))
    return len(set(firsts)) == len(firsts) and len(set(seconds)) == len(seconds)


def test_a_broken_chain_is_joined_where_following_leads() -> None:
    chains = [
        {0: square(0, 0, 0), 1: square(1, 0, 0)},
        {4: square(4, 6, 0), 5: square(5, 6, 0)},  # goes on, two planes were missed
        {3: square(3, 40, 40)},  # something else that begins
    ]

    def moving_down(
        start: int, masks: Mapping[int, Mask], stop: int
    ) -> Iterator[tuple[int, Mapping[int, Mask]]]:
        for z in range(start, stop + 1):
            y, x = masks[next(iter(masks))].bbox[:2]
            yield z, {i: square(z, y + 2 * (z - start), x) for i in masks}

    steps = list(repair(chains, 5, moving_down))
    assert len(steps) == 6
    assert places(steps[-1]) == [
        {0: (0, 0), 1: (0, 0), 2: (2, 0), 3: (4, 0), 4: (6, 0), 5: (6, 0)},
        {3: (40, 40)},
    ]
    assert [len(chain) for chain in chains] == [2, 2, 1]


# --- with the model that ships ---------------------------------------------------------------


def nuclei(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Four textured balls in a stack of 9 slices, and their labels."""
    z, y, x = np.mgrid[:9, :96, :96]
    labels = np.zeros(z.shape, np.uint16)
    for number, centre in enumerate([(4, 24, 24), (3, 26, 68), (5, 70, 28), (4, 68, 70)], 1):
        distance = sum(
            ((a - b) / r) ** 2 for a, b, r in zip((z, y, x), centre, (3.4, 13, 13), strict=True)
        )
        labels[distance < 1] = number
    noise = np.random.default_rng(seed).integers(0, 50, z.shape)
    return (noise + 160 * (labels > 0)).astype(np.uint8), labels


def test_all_nuclei_of_a_stack_have_one_label_each_and_one_undo() -> None:
    image, truth = nuclei()
    volume = Volume.from_array(image, axes="ZYX", scale=(4, 1, 1))
    session = Session.open(volume, model="cells-tiny", cache_dir=False)
    session.commit(Mask((0,), (0, 0, 2, 2), np.ones((2, 2), bool), 0.9, 5.0), label=7)
    steps = list(session.segment_stack())
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert all(0 <= step.done <= step.total for step in steps)
    labels = np.asarray(session.labels)
    for number in range(1, 5):
        inside = labels[truth == number]
        label = np.bincount(inside).argmax()
        assert label > 7
        whole = labels == label
        assert (whole & (truth == number)).sum() / (whole | (truth == number)).sum() > 0.7
    session.undo()
    assert np.unique(session.labels).tolist() == [0, 7]


def test_the_objects_of_each_time_point_are_for_themselves() -> None:
    image, _ = nuclei()
    volume = Volume.from_array(np.stack([image, image]), axes="TZYX")
    session = Session.open(volume, model="cells-tiny", cache_dir=False)
    for step in session.segment_stack("z"):
        assert step.done <= step.total
    first, second = (set(np.unique(frame)) - {0} for frame in np.asarray(session.labels))
    assert len(first) == len(second) >= 4
    assert not first & second


def test_a_single_plane_has_nothing_to_link(tiny_model: object) -> None:
    session = Session.open(np.zeros((20, 20), np.uint8), model=tiny_model, cache_dir=False)  # type: ignore[arg-type]
    with pytest.raises(PromptError, match="single plane"):
        session.segment_stack()
