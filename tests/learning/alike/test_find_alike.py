"""More objects of the kind of a few examples: found, rated, and of a second kind left out."""

import numpy as np
import pytest

from napari_sam import Session
from napari_sam.errors import LearningError
from napari_sam.learning.alike.alike_mask import AlikeMask
from napari_sam.learning.alike.find_alike import SIMILAR, find_alike
from napari_sam.masks.mask import Mask
from napari_sam.model.sam import Sam
from tests.learning.alike.kinds import DISKS, RODS, disk, disk_pixels, image_of_kinds, rod


@pytest.fixture(scope="module")
def session() -> Session:
    """The image of two kinds, with the model that ships."""
    return Session.open(
        image_of_kinds(), model="cells-tiny", contrast=(0, 255), cache_dir=False, device="cpu"
    )


def at(masks: list[AlikeMask], middles: tuple[tuple[int, int], ...]) -> dict[int, float]:
    """Number of each object with a proposal on its middle -> the largest similarity there."""
    similarity: dict[int, float] = {}
    for mask in masks:
        for number, (y, x) in enumerate(middles):
            if mask.within((y, x, y + 1, x + 1)).any():
                similarity[number] = max(mask.similarity, similarity.get(number, 0.0))
    return similarity


def found(session: Session, *args: object, **options: object) -> list[AlikeMask]:
    """All proposals of the model as it is."""
    steps = find_alike(session.encoder, *args, learn=False, **options)  # type: ignore[arg-type]
    return [mask for step in steps for mask in step.masks]


def test_the_other_disks_are_found_from_one_and_are_more_similar_than_rods(
    session: Session,
) -> None:
    masks = found(session, [disk(0)])
    disks, rods = at(masks, DISKS), at(masks, RODS)
    assert set(disks) == set(range(1, 8))  # the example is not proposed again
    assert min(disks.values()) > max(rods.values())
    for number in disks:
        (mask,) = [m for m in masks if at([m], (DISKS[number],))]
        true = disk_pixels(DISKS[number])
        drawn = mask.within((0, 0, 160, 160))
        assert (true & drawn).sum() / (true | drawn).sum() > 0.8


def test_several_examples_tell_more_of_the_shape_than_one(session: Session) -> None:
    one, three = found(session, [disk(0)]), found(session, [disk(0), disk(3), disk(6)])
    rods_of_one, rods_of_three = at(one, RODS).values(), at(three, RODS).values()
    assert min(rods_of_one) > SIMILAR
    assert sum(similarity > SIMILAR for similarity in rods_of_three) <= 1
    assert min(at(three, DISKS).values()) > max(rods_of_three) + 0.2


def test_a_second_kind_is_not_proposed(session: Session) -> None:
    without, masks = found(session, [disk(0)]), found(session, [disk(0)], [rod(0), rod(5)])
    before, after = at(without, RODS), at(masks, RODS)
    assert after.keys() <= before.keys() - {0, 5}  # nor are its examples
    assert all(similarity < 0.8 * before[rod] for rod, similarity in after.items())
    assert set(at(masks, DISKS)) == set(range(1, 8))


def test_proposals_have_no_common_pixels_and_none_of_the_examples(session: Session) -> None:
    taken = disk(0).within((0, 0, 160, 160)) | rod(1).within((0, 0, 160, 160))
    masks = found(session, [disk(0)], [rod(1)])
    assert len(masks) >= len(DISKS) - 1
    for mask in masks:
        drawn = mask.within((0, 0, 160, 160))
        assert not (taken & drawn).any()
        assert 0 < mask.similarity <= 1
        taken |= drawn


def test_only_objects_with_their_middle_inside_are_proposed(session: Session) -> None:
    masks = found(session, [disk(0)], within=(40, 0, 160, 60))
    assert set(at(masks, DISKS)) == {2, 4, 6}
    assert all((m.bbox[1] + m.bbox[3]) / 2 < 60 for m in masks)


def test_only_chosen_planes_are_searched() -> None:
    stack = np.stack([image_of_kinds()] * 3)
    session = Session.open(stack, contrast=(0, 255), cache_dir=False, device="cpu")
    example = Mask((0,), disk(0).bbox, disk(0).pixels, 1.0, 0.0)
    masks = found(session, [example], planes=[(2,)])
    assert {mask.plane for mask in masks} == {(2,)}
    assert set(at(masks, DISKS)) == set(range(8))  # the example lies in another plane


@pytest.mark.long
def test_the_model_learns_from_a_single_example_and_stays_as_it_was(session: Session) -> None:
    before = {name: weight.clone() for name, weight in session.model.state_dict().items()}
    steps = list(session.find_alike([disk(0)]))
    assert [step.done for step in steps] == list(range(1, len(steps) + 1))
    assert {step.total for step in steps} == {len(steps)}
    assert all(step.tile is None and not step.masks for step in steps[:-1])
    masks = list(steps[-1].masks)
    disks, rods = at(masks, DISKS), at(masks, RODS)
    assert set(disks) == set(range(1, 8))
    assert min(disks.values()) > max(rods.values(), default=0)
    assert all(
        bool((weight == before[k]).all()) for k, weight in session.model.state_dict().items()
    )
    assert not np.asarray(session.labels).any()  # nothing is painted


def test_the_same_examples_give_the_same_proposals(tiny_model: Sam) -> None:
    image = image_of_kinds()
    runs = []
    for _ in range(2):
        session = Session.open(image, model=tiny_model, contrast=(0, 255), cache_dir=False)
        *_, last = session.find_alike([disk(0), disk(3)], [rod(0)])
        runs.append([(m.bbox, m.pixels.tobytes(), m.similarity) for m in last.masks])
    assert runs[0] == runs[1]


@pytest.mark.parametrize("examples", [[], [disk(0).emptied()]])
def test_without_an_example_there_is_one_line(session: Session, examples: list[Mask]) -> None:
    with pytest.raises(LearningError, match="give the mask of an object"):
        next(session.find_alike(examples))


def test_an_example_of_the_whole_image_is_refused(session: Session) -> None:
    whole = Mask((), (0, 0, 160, 160), np.ones((160, 160), bool), 1.0, 0.0)
    with pytest.raises(LearningError, match="choose smaller objects"):
        list(find_alike(session.encoder, [whole], learn=False))


def test_an_example_smaller_than_a_cell_of_the_features_counts(session: Session) -> None:
    y, x = DISKS[0]
    point = Mask((), (y, x, y + 1, x + 1), np.ones((1, 1), bool), 1.0, 0.0)
    masks = found(session, [point])
    assert masks
    assert all(0 < mask.similarity <= 1 for mask in masks)


def test_a_model_without_proposals_is_asked_without_a_lesson() -> None:
    from tests.tiny import tiny_sam

    model = tiny_sam(proposals=False, proposal_boxes=False, high_res_features=False).eval()
    session = Session.open(image_of_kinds(), model=model, contrast=(0, 255), cache_dir=False)
    (step,) = session.find_alike([disk(0)])
    assert (step.done, step.total) == (1, 1)
    assert all(0 < mask.similarity <= 1 for mask in step.masks)
