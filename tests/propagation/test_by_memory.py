"""Objects are followed through a stack as sam2 1.1.0 follows them, with the same weights."""

from collections.abc import Iterable

import numpy as np
import pytest
import torch

from napari_sam import Session
from napari_sam.errors import ModelError
from napari_sam.masks.mask import Mask
from napari_sam.model.config import MemoryConfig
from napari_sam.model.features import ImageFeatures
from napari_sam.model.memory_bank import MemoryBank
from napari_sam.model.sam import Sam
from napari_sam.model.track import PlaneMasks, PlanePrompt, track
from napari_sam.propagation.by_memory import MemoryFollower
from napari_sam.propagation.line import line_through
from napari_sam.weights.families import reference_policy, sam2
from napari_sam.weights.recognise import translate
from tests.golden.generated import Case, excerpt, generate_weights, summary
from tests.golden.propagation import LONG, LOST, SHORT, SIDE, Walk, mask, planes
from tests.golden.record import Answers, difference, load
from tests.masks.drawing import full
from tests.tiny import tiny_sam

# 1e-2 would do for a user; object pointers left out altogether would be 3e-4
BARS = {"low_res_logits": 1e-4, "object_score": 1e-4}
SCALE = 1024 / SIDE  # model pixels per pixel


def build(version: str) -> Sam:
    shapes, _ = load(f"memory_sam{version}_tiny")
    weights = {key: torch.from_numpy(value) for key, value in generate_weights(shapes).items()}
    config = sam2("tiny", version)
    model = Sam(config, reference_policy(config)).eval()
    model.load_state_dict(translate(model.config, weights))
    return model


class Stack:
    """Planes that are encoded when they are asked for."""

    def __init__(self, model: Sam, count: int, known: dict[int, ImageFeatures]) -> None:
        self.model, self.count, self.known = model, count, known

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, plane: int) -> ImageFeatures:
        if plane not in self.known:
            rgb = torch.from_numpy(planes(plane + 1)[plane]).float()
            self.known[plane] = self.model.encode_image(self.model.preprocess(rgb))
        return self.known[plane]


def prompt(cases: tuple[Case, ...]) -> PlanePrompt:
    """One case for each object; all of a kind."""
    if cases[0].mask:
        return PlanePrompt(masks=torch.from_numpy(mask())[None, None])
    if cases[0].box:
        corners = torch.tensor([case.box for case in cases]).view(1, len(cases), 2, 2)
        return PlanePrompt(boxes=corners * SCALE)
    coords = torch.tensor([case.points for case in cases]).float() * SCALE
    return PlanePrompt(coords[None], torch.tensor([case.labels for case in cases])[None])


def answer(model: Sam, walk: Walk, known: dict[int, ImageFeatures]) -> dict[int, PlaneMasks]:
    prompts = {plane: prompt(cases) for plane, cases in walk.prompts.items()}
    stack = Stack(model, walk.count, known)
    memory = model.config.memory
    assert memory is not None
    bank = MemoryBank(memory, walk.count)
    found = {}
    with torch.inference_mode():
        for reverse in walk.reverse:
            for step in track(model, stack, {} if reverse else prompts, reverse=reverse, bank=bank):
                assert step.plane not in found
                found[step.plane] = step
    return found


def worst(version: str, walk: Walk, found: dict[int, PlaneMasks]) -> dict[str, float]:
    """Largest difference of any plane."""
    reference = load(f"memory_sam{version}_tiny")[1]
    assert sorted(found) == list(range(walk.count))
    differences = dict.fromkeys(BARS, 0.0)
    for plane, step in found.items():
        for name in BARS:
            values = getattr(step, name).numpy().squeeze()
            where = f"{walk.name}/{plane}/{name}"
            ours: Answers = {where: excerpt(values, 12), f"{where}/summary": summary(values)}
            differences[name] = max(differences[name], difference(ours, reference, where))
    return differences


@pytest.fixture(scope="module")
def model() -> Sam:
    return build("2.1")


@pytest.fixture(scope="module")
def known() -> dict[int, ImageFeatures]:
    return {}


def check(model: Sam, version: str, walk: Walk, known: dict[int, ImageFeatures]) -> None:
    bias = score_head(model).bias
    generated = bias.detach().clone()
    try:
        torch.nn.init.constant_(bias, float(generated) + walk.score_bias)
        differences = worst(version, walk, answer(model, walk, known))
    finally:
        torch.nn.init.constant_(bias, float(generated))
    for name, bar in BARS.items():
        assert differences[name] <= bar, name


WALKS = [LONG, *(pytest.param(walk, marks=pytest.mark.slow) for walk in (LOST, *SHORT))]


@pytest.mark.long
@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.name)
def test_objects_are_followed_as_sam2_does(
    model: Sam, walk: Walk, known: dict[int, ImageFeatures]
) -> None:
    check(model, "2.1", walk, known)


@pytest.mark.slow
def test_objects_are_followed_as_the_first_sam2_did() -> None:
    model, known = build("2.0"), dict[int, ImageFeatures]()
    for walk in (LOST, SHORT[0]):
        check(model, "2.0", walk, known)


@pytest.fixture
def tiny_memory() -> Sam:
    """A random model with memory that takes windows of four by four tokens."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        memory = MemoryConfig(dim=8, layers=1)
        model = tiny_sam(memory=memory).eval()
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.2)
    torch.nn.init.constant_(score_head(model).bias, 1e4)
    return model


def score_head(model: Sam) -> torch.nn.Linear:
    """The layer whose bias makes a model see an object everywhere, or nowhere."""
    assert model.mask_decoder.object_score_head is not None
    return model.mask_decoder.object_score_head.output


def small_stack(model: Sam, count: int) -> list[ImageFeatures]:
    generator = torch.Generator().manual_seed(1)
    with torch.inference_mode():
        return [
            model.encode_image(torch.randn(1, 3, 64, 64, generator=generator)) for _ in range(count)
        ]


def point(*xy: tuple[float, float]) -> PlanePrompt:
    """One foreground click for each object."""
    return PlanePrompt(torch.tensor(xy)[None, :, None], torch.ones(1, len(xy), 1, dtype=torch.long))


def logits(steps: Iterable[PlaneMasks]) -> list[torch.Tensor]:
    with torch.inference_mode():
        return [step.low_res_logits for step in steps]


def test_objects_do_not_see_each_other(tiny_memory: Sam) -> None:
    stack = small_stack(tiny_memory, 4)
    first, second = (20.0, 30.0), (50.0, 10.0)
    both = logits(track(tiny_memory, stack, {0: point(first, second)}))
    alone = [logits(track(tiny_memory, stack, {0: point(xy)})) for xy in (first, second)]
    for plane, together in enumerate(both):
        apart = torch.cat([one[plane] for one in alone], dim=1)
        torch.testing.assert_close(together, apart, atol=1e-4, rtol=1e-4)


def test_down_is_up_in_a_stack_turned_over(tiny_memory: Sam) -> None:
    stack, prompt = small_stack(tiny_memory, 4), point((20.0, 30.0))
    up = logits(track(tiny_memory, stack, {0: prompt}))
    down = logits(track(tiny_memory, stack[::-1], {3: prompt}, reverse=True))
    for one, other in zip(up, down, strict=True):
        torch.testing.assert_close(one, other)


def test_earlier_planes_are_remembered(tiny_memory: Sam) -> None:
    stack = small_stack(tiny_memory, 3)
    one, other = (
        logits(track(tiny_memory, stack, {0: point(xy)})) for xy in ((20.0, 30.0), (50.0, 10.0))
    )
    assert not torch.equal(one[2], other[2])


def test_a_walk_starts_where_it_is_told_and_asks_for_no_plane_before(tiny_memory: Sam) -> None:
    stack, asked = small_stack(tiny_memory, 4), []

    class Asked(list[ImageFeatures]):
        def __getitem__(self, plane):  # type: ignore[no-untyped-def,override]
            asked.append(plane)
            return super().__getitem__(plane)

    steps = track(tiny_memory, Asked(stack), {1: point((20.0, 30.0))}, start=2)
    with torch.inference_mode():
        assert next(steps).plane == 2
        assert asked == [1, 2]
        assert [step.plane for step in steps] == [3]


def test_a_mask_is_its_own_answer(tiny_memory: Sam) -> None:
    drawn = torch.zeros(1, 2, 64, 64, dtype=torch.bool)
    drawn[0, 0, 8:40, 16:48] = True
    prompts = {0: PlanePrompt(masks=drawn)}
    with torch.inference_mode():
        step = next(track(tiny_memory, small_stack(tiny_memory, 1), prompts))
    assert step.low_res_logits.shape == (1, 2, 16, 16)
    assert torch.equal(step.low_res_logits[0] > 0, drawn[0, :, 2::4, 2::4])
    assert step.object_score.flatten().tolist() == [10.0, -10.0]


def test_where_there_is_no_object_there_is_no_mask(tiny_memory: Sam) -> None:
    torch.nn.init.constant_(score_head(tiny_memory).bias, -1e4)
    steps = track(tiny_memory, small_stack(tiny_memory, 2), {0: point((20.0, 30.0))})
    assert [float(x.max()) for x in logits(steps)] == [-1024.0, -1024.0]


def test_a_stack_without_prompts_is_refused(tiny_memory: Sam) -> None:
    with pytest.raises(ModelError, match="no object was shown"):
        next(track(tiny_memory, [], {}))


def test_a_model_without_memory_is_refused(tiny_model: Sam) -> None:
    with pytest.raises(ModelError, match="no memory"):
        next(track(tiny_model, [], {0: PlanePrompt()}))


# --- through a session -----------------------------------------------------------------------


def noise_stack(depth: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (depth, 64, 64), dtype=np.uint8)


def a_square(plane: int, y: int = 20, x: int = 24, side: int = 16) -> Mask:
    pixels = np.ones((side, side), bool)
    return Mask((plane,), (y, x, y + side, x + side), pixels, 0.9, 5.0)


def test_a_session_follows_by_memory_what_track_follows(tiny_memory: Sam) -> None:
    session = Session.open(noise_stack(5), model=tiny_memory, axes="ZYX", cache_dir=False)
    line = line_through(session.volume, "z", (0,))
    follower = MemoryFollower(session.encoder, line, reverse=False)
    seeds = {7: a_square(1), 3: a_square(1, 40, 8)}
    follower.show(1, seeds)
    features = [session.encoder.get(session.grid.tile((z,), 0, 0)).features for z in range(5)]
    shown = torch.zeros(1, 2, 64, 64)
    for number, seed in enumerate(seeds.values()):
        y0, x0, y1, x1 = seed.bbox
        shown[0, number, y0:y1, x0:x1] = 1
    with torch.inference_mode():
        steps = list(track(tiny_memory, features, {1: PlanePrompt(masks=shown)}, start=1))
    for step in steps[1:]:
        found = follower.follow(step.plane, {i: a_square(step.plane) for i in seeds})
        for number, seen in enumerate(found.values()):
            logits = step.low_res_logits[0, number]
            grown = torch.nn.functional.interpolate(
                logits[None, None], (64, 64), mode="bilinear", align_corners=False
            )
            expected = (grown[0, 0] > tiny_memory.policy.mask_threshold).numpy()
            pixels = np.zeros((64, 64), bool)
            y0, x0, y1, x1 = seen.bbox
            pixels[y0:y1, x0:x1] = seen.pixels
            np.testing.assert_array_equal(pixels, expected)
            assert seen.iou == pytest.approx(float(step.iou_predictions[0, number]))


def test_an_object_that_leaves_its_tile_is_shown_again_in_the_next(tiny_memory: Sam) -> None:
    wide = np.random.default_rng(0).integers(0, 255, (4, 64, 2000), dtype=np.uint8)
    session = Session.open(wide, model=tiny_memory, axes="ZYX", cache_dir=False)
    line = line_through(session.volume, "z", (0,))
    follower = MemoryFollower(session.encoder, line, reverse=False)
    follower.show(0, {1: a_square(0, 20, 100)})
    tiles = len(tuple(session.grid.tiles((0,))))
    assert tiles > 1
    before = session.encoder.calls
    follower.follow(1, {1: a_square(1, 20, 1900)})
    # the tile around it on this plane, and on the plane before, where it is shown again
    assert session.encoder.calls - before == 2
    assert follower._walks[1].column.col == tiles - 1


@pytest.mark.parametrize("down", [False, True])
def test_memory_is_used_where_the_model_has_it(tiny_memory: Sam, down: bool) -> None:
    session = Session.open(noise_stack(4), model=tiny_memory, axes="ZYX", cache_dir=False)
    start = 3 if down else 0
    steps = list(session.propagate(a_square(start)))
    assert steps[0].plane == (start,)
    assert {label for step in steps for label in step.masks} == {1}
    ended = [reason for step in steps for reason in step.ended.values()]
    assert ended or len({step.plane for step in steps}) == 4
    assert (np.asarray(session.labels)[start, 20:36, 24:40] == 1).all()


@pytest.fixture
def rememberer() -> Sam:
    """A random model with memory that sees an object everywhere."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        memory = MemoryConfig(dim=8, layers=1)
        model = tiny_sam(memory=memory, proposal_boxes=False).eval()
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.2)
    assert model.mask_decoder.object_score_head is not None
    torch.nn.init.constant_(model.mask_decoder.object_score_head.output.bias, 1e4)
    return model


def test_labels_are_what_the_memory_of_a_model_finds_in_both_directions(rememberer: Sam) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (5, 64, 64), dtype=np.uint8)
    session = Session.open(noise, model=rememberer, axes="ZYX", cache_dir=False)
    seed = Mask((2,), (10, 10, 50, 50), np.ones((40, 40), bool), 0.9, 5.0)
    steps = list(session.propagate(seed))
    assert [step.plane[0] for step in steps] == [2, 3, 4, 2, 1, 0]
    assert not any(step.ended for step in steps)
    features = [session.encoder.get(session.grid.tile((z,), 0, 0)).features for z in range(5)]
    shown = torch.from_numpy(full(seed, (64, 64))).float()[None, None]
    for down in (False, True):
        prompts = {2: PlanePrompt(masks=shown)}
        with torch.inference_mode():
            _, *seen = track(rememberer, features, prompts, start=2, reverse=down)
        assert len(seen) == 2
        for plane in seen:
            logits = torch.nn.functional.interpolate(
                plane.low_res_logits, (64, 64), mode="bilinear", align_corners=False
            )
            expected = (logits[0, 0] > rememberer.policy.mask_threshold).numpy()
            assert 0 < expected.sum() < expected.size
            np.testing.assert_array_equal(np.asarray(session.labels)[plane.plane] == 1, expected)
