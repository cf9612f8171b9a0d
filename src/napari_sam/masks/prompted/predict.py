"""Predict: the prompts of objects in one plane to masks, across tiles where need be.

An object is decoded in the tile in which its prompts lie most inwards, then in the tiles that its
mask reaches. A small object is decoded once more enlarged, and a clicked object whose answer is
unsure once more zoomed out. Other unsure answers are asked for once more from the mirror image.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np

from napari_sam.embeddings.embedding import Embeddings
from napari_sam.masks.decode_near import decode_near
from napari_sam.masks.mask import Mask
from napari_sam.masks.pixels.blank import blank_mask, is_blank
from napari_sam.masks.pixels.depth import innermost
from napari_sam.masks.pixels.refine import refine
from napari_sam.masks.second_look.closer import look_closer
from napari_sam.masks.second_look.farther import look_farther
from napari_sam.masks.second_look.mirrored import look_mirrored
from napari_sam.masks.second_look.tiny import look_at_tiny
from napari_sam.prompts.arrays import restrict
from napari_sam.prompts.prompt import MaskPrompt, PointPrompt, Prompt, PromptSet
from napari_sam.tiles.bbox import intersection, place
from napari_sam.tiles.grid import Tile

from .across_tiles import ObjectAcrossTiles, object_clicks
from .home_tiles import home_tiles
from .size import Size, sized_click
from .steady import correct_steadily
from .steps import Steps

NO_SIZES: Mapping[int, Size] = MappingProxyType({})
"""No object has a chosen size."""


def predict(
    encoder: Embeddings, prompts: PromptSet, sizes: Mapping[int, Size] = NO_SIZES
) -> dict[int, Mask]:
    """Predict a mask for each object.

    Parameters
    ----------
    encoder : Embeddings
        Model, grid and embeddings, such as an :class:`~napari_sam.embeddings.encode.Encoder`.
    prompts : PromptSet
        All on one plane. With a model whose policy has ``steady_corrections``, the clicks of an
        object are answered one after another, see :mod:`.steady`.
    sizes : mapping of int to Size
        Object id to the candidate that the first click means; without, the model's best. Further
        clicks correct the chosen candidate. Objects with a box or a mask are not affected: these
        prompts fix the size.

    Returns
    -------
    dict
        Object id to its mask, which may be empty: where the model sees nothing, and where the image
        has a single value.
    """
    if not encoder.model.policy.steady_corrections:
        return _answer(encoder, prompts.objects, sizes)
    at_once = {
        i: of_object
        for i, of_object in prompts.objects.items()
        if _has_mask(of_object) or sizes.get(i, Size.BEST) is not Size.BEST
    }
    clicked = {i: of_object for i, of_object in prompts.objects.items() if i not in at_once}
    steps = Steps(encoder)
    masks = _answer(encoder, at_once, sizes) | correct_steadily(
        lambda step: _answer(encoder, step, NO_SIZES), clicked, steps.recall, steps.remember
    )
    return {i: masks[i] for i in prompts.objects}


def _has_mask(prompts: tuple[Prompt, ...]) -> bool:
    return any(isinstance(prompt, MaskPrompt) for prompt in prompts)


def _answer(
    encoder: Embeddings, objects: Mapping[int, tuple[Prompt, ...]], sizes: Mapping[int, Size]
) -> dict[int, Mask]:
    """Masks of objects, each from all its prompts at once."""
    prompts = PromptSet(objects)
    sized = {i: (sized_click(prompts.of(i)), s) for i, s in sizes.items() if s is not Size.BEST}
    first = {i: (click,) for i, (click, _) in sized.items() if click is not None}
    candidates = _predict(encoder, first, {i: sizes[i] for i in first})
    more = {
        i: (*of_object, *_as_prompt(candidates.get(i)))
        for i, of_object in prompts.objects.items()
        if of_object != first.get(i)
    }
    if encoder.model.policy.point_with_mask:
        more = {i: with_middle(of_object) for i, of_object in more.items()}
    masks = candidates | _predict(encoder, more, {})
    return {i: _unless_blank(encoder, masks[i]) for i in prompts.objects}


def _unless_blank(encoder: Embeddings, mask: Mask) -> Mask:
    """The mask; without pixels where the image has a single value."""
    volume = encoder.at_hand
    if volume is None or mask.empty or not is_blank(volume, mask.plane, mask.bbox):
        return mask
    return blank_mask(mask)


def with_middle(prompts: tuple[Prompt, ...]) -> tuple[Prompt, ...]:
    """Add a foreground click to a mask with background clicks alone.

    Background clicks alone do not say what to keep. The model saw few such prompts in training and
    would empty the mask.

    Parameters
    ----------
    prompts : tuple of Prompt
        Of one object.

    Returns
    -------
    tuple of Prompt
        With a click deep inside the largest mask prompt, away from the background clicks. Unchanged
        if there is no mask, no click, or a foreground click or box already.
    """
    masks = [prompt for prompt in prompts if isinstance(prompt, MaskPrompt)]
    others = [prompt for prompt in prompts if not isinstance(prompt, MaskPrompt)]
    if not masks or not others or any(prompt.is_foreground for prompt in others):
        return prompts
    mask = max(masks, key=lambda prompt: np.count_nonzero(prompt.pixels))
    free = mask.pixels.copy()
    for prompt in others:
        if (part := intersection(prompt.bbox, mask.bbox)) is not None:
            free[place(part, mask.bbox)] = False
    if not free.any():
        return prompts
    y, x = innermost(free)
    return (*prompts, PointPrompt((*mask.plane, float(mask.y0 + y), float(mask.x0 + x))))


def _as_prompt(mask: Mask | None) -> Iterable[MaskPrompt]:
    """The mask as a prompt for its correction; nothing for an empty mask."""
    if mask is not None and not mask.empty:
        yield MaskPrompt(mask.plane, mask.bbox[0], mask.bbox[1], mask.pixels)


def _predict(
    encoder: Embeddings, prompts: Mapping[int, tuple[Prompt, ...]], sizes: Mapping[int, Size]
) -> dict[int, Mask]:
    """Masks of objects, across tiles and with second looks."""
    clean = encoder.model.policy.clean_masks
    objects = {
        i: ObjectAcrossTiles(
            of_object, home_tiles(encoder.grid, of_object), clean, sizes.get(i, Size.BEST)
        )
        for i, of_object in prompts.items()
    }
    while pending := {i: across for i, across in objects.items() if across.pending}:
        for tile, ids in _by_tile(pending).items():
            _ask(encoder, tile, {i: objects[i] for i in ids}, sizes)
        for across in pending.values():
            across.pending = across.reached_tiles(encoder.grid)
    if encoder.closer:
        _look_again(encoder, prompts, objects, sizes)
    return {i: across.mask() for i, across in objects.items()}


def _ask(
    encoder: Embeddings,
    tile: Tile,
    objects: Mapping[int, ObjectAcrossTiles],
    sizes: Mapping[int, Size],
) -> None:
    """Decode objects in a tile; three candidates where a size is to be chosen."""
    prompts = {i: inside for i, across in objects.items() if (inside := across.prompts_in(tile))}
    if not prompts:
        return
    embedding = encoder.get(tile)
    for multimask_output in (False, True):
        group = {i: inside for i, inside in prompts.items() if (i in sizes) is multimask_output}
        answers = decode_near(encoder.model, embedding, PromptSet(group), multimask_output)
        for i, candidates in answers.items():
            objects[i].receive(objects[i].choose(candidates))


def _look_again(
    encoder: Embeddings,
    prompts: Mapping[int, tuple[Prompt, ...]],
    objects: Mapping[int, ObjectAcrossTiles],
    sizes: Mapping[int, Size],
) -> None:
    """Decode objects of a single tile once more at another zoom or mirrored, where that helps.

    Not those with a chosen size: a second look would choose among the candidates again.
    """
    answers = {i: across.only_answer for i, across in objects.items() if i not in sizes}
    first = {i: answer for i, answer in answers.items() if answer is not None}
    looks = look_at_tiny(encoder, prompts, first)
    others = {i: answer for i, answer in first.items() if i not in looks}
    looks |= look_farther(encoder, prompts, others)
    others = {i: answer for i, answer in first.items() if i not in looks}
    looks |= look_closer(encoder, prompts, others)
    others = {i: answer for i, answer in first.items() if i not in looks}
    for i, look in (looks | look_mirrored(encoder, prompts, others)).items():
        objects[i].look = look


def predict_candidates(encoder: Embeddings, prompts: PromptSet) -> dict[int, tuple[Mask, ...]]:
    """Three candidate masks (part, whole, cluster) for each object, best first.

    Candidates are for the user to choose from, and come from a single tile, the one in which the
    prompts lie most inwards. :func:`predict` with the chosen mask among the prompts extends the
    object into other tiles.

    Parameters
    ----------
    encoder : Embeddings
        Model, grid and embeddings.
    prompts : PromptSet
        All on one plane.

    Returns
    -------
    dict
        Object id to its candidates, by decreasing predicted IoU.
    """
    candidates = {}
    for object_id, of_object in prompts.objects.items():
        tile = home_tiles(encoder.grid, of_object)[0]
        inside = PromptSet({object_id: restrict(of_object, tile)})
        answers = decode_near(encoder.model, encoder.get(tile), inside, multimask_output=True)
        masks = [answer.to_mask() for answer in answers[object_id]]
        if encoder.model.policy.clean_masks:
            masks = [refine(mask, object_clicks(of_object)) for mask in masks]
        candidates[object_id] = tuple(sorted(masks, key=lambda mask: -mask.iou))
    return candidates


def _by_tile(objects: Mapping[int, ObjectAcrossTiles]) -> dict[Tile, list[int]]:
    """Pending tile to the ids of the objects to ask about there."""
    by_tile: dict[Tile, list[int]] = defaultdict(list)
    for object_id, across in objects.items():
        for tile in across.pending:
            by_tile[tile].append(object_id)
    return by_tile
