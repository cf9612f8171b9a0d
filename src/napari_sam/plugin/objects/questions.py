"""Questions: prompts of an object without an answer of the model; no Qt, no napari."""

from collections.abc import Mapping, Set

from napari_sam.image.volume import Plane
from napari_sam.masks.mask import Mask
from napari_sam.masks.prompted.size import Size, sized_click
from napari_sam.plugin.layers.read_prompts import PlanePrompts
from napari_sam.plugin.worker.events import Answer, Question
from napari_sam.prompts.prompt import MaskPrompt, PointPrompt, Prompt

from .chosen_masks import ChosenMasks

Key = tuple[object, ...]


class Questions:
    """Prompts of an object by plane, and planes without an answer.

    Only planes whose prompts changed are asked about again. An answer counts if it belongs to the
    prompts that are there when it comes.

    Parameters
    ----------
    followed : mapping of tuple to Mask
        Masks that following brought, by plane: prompts on these planes correct them.

    Attributes
    ----------
    prompts : mapping of tuple to PlanePrompts
        Prompts by plane, as they were read last.
    chosen : ChosenMasks
        Masks that the user preferred to answers: further prompts correct them.
    """

    def __init__(self, followed: Mapping[Plane, Mask]) -> None:
        self._followed = followed
        self.prompts: Mapping[Plane, PlanePrompts] = {}
        self.chosen = ChosenMasks()
        self._asked: dict[Plane, Key] = {}
        self._answered: dict[Plane, Key] = {}
        self._sizes: dict[Plane, Size] = {}

    def take(self, prompts: Mapping[Plane, PlanePrompts], size: Size) -> dict[Plane, Mask]:
        """Take the current prompts; a new first click means an object of `size`.

        Returns
        -------
        dict of tuple to Mask
            Chosen masks on planes whose prompts have become those of the choice again; their
            questions count as answered.
        """
        self.prompts = prompts
        self._sizes = {plane: self._sizes.get(plane, size) for plane in prompts}
        chosen = self.chosen.unchanged(prompts, self._sizes)
        again = {p: m for p, m in chosen.items() if self._answered.get(p) != self.on(p).key}
        self._answered.update({plane: self.on(plane).key for plane in again})
        return again

    def choose(self, plane: Plane, mask: Mask) -> None:
        """Prefer a mask to the answer on a plane; the question there counts as answered."""
        self.chosen.choose(plane, mask, self.prompts[plane], self._sizes[plane])
        self._asked[plane] = self._answered[plane] = self.on(plane).key

    def to_ask(self) -> dict[Plane, Question]:
        """Questions on all planes with unanswered prompts.

        Planes with background clicks alone are left out, unless the object was followed there.
        """
        questions = {
            plane: self.on(plane)
            for plane, prompts in self.prompts.items()
            if prompts.positive or plane in self._followed
        }
        self._asked = {plane: question.key for plane, question in questions.items()}
        return {p: q for p, q in questions.items() if self._answered.get(p) != q.key}

    def on(self, plane: Plane) -> Question:
        """The question on a plane with prompts."""
        return self._ask(plane, self.prompts[plane], self._sizes[plane])

    # --- answers -----------------------------------------------------------------------------

    @property
    def asked(self) -> Set[Plane]:
        """Planes with a question."""
        return self._asked.keys()

    @property
    def answered(self) -> Set[Plane]:
        """Planes with an answer, even to earlier prompts."""
        return self._answered.keys()

    @property
    def missing(self) -> list[Plane]:
        """Planes without an answer to the current prompts."""
        return [plane for plane, key in self._asked.items() if self._answered.get(plane) != key]

    def note_answer(self, answer: Answer) -> None:
        """Note the key of an answer."""
        self._answered[answer.plane] = answer.key

    def forget(self, plane: Plane) -> None:
        """Forget the answer on a plane."""
        self._answered.pop(plane, None)

    def ask_again(self) -> None:
        """Forget all answers: the model sees the image differently now."""
        self._answered.clear()

    def state(self) -> tuple[dict[Plane, Key], dict[Plane, Key]]:
        """Copies of the asked and the answered keys, by plane."""
        return dict(self._asked), dict(self._answered)

    def restore(self, questions: Mapping[Plane, Key], answered: Mapping[Plane, Key]) -> None:
        """Restore copies of keys."""
        self._asked, self._answered = dict(questions), dict(answered)

    # --- the size that a click means -----------------------------------------------------------

    def size_on(self, plane: Plane) -> Size | None:
        """Size meant by the first click on a plane; None for prompts without sizes."""
        prompts = self.prompts.get(plane)
        return self._sizes[plane] if prompts and self._has_sizes(plane, prompts) else None

    def resize(self, plane: Plane, size: Size) -> None:
        """Let the first click on a plane mean another size."""
        self._sizes[plane] = size

    def with_click(self, click: PointPrompt, size: Size) -> Question | None:
        """Question after a possible further click.

        Parameters
        ----------
        click : PointPrompt
            The click.
        size : Size
            The size that it means if it is the first on its plane.

        Returns
        -------
        Question or None
            None if no prompt on its plane would be on the object.
        """
        before = self.prompts.get(click.plane, PlanePrompts())
        # After the points and before the shapes, as `read_prompts` would order the click.
        place = sum(kind == "point" for kind, *_ in before.key)
        prompts = PlanePrompts([*before.prompts[:place], click, *before.prompts[place:]])
        prompts.key = [*before.key[:place], ("point", click), *before.key[place:]]
        if prompts.positive or click.plane in self._followed:
            return self._ask(click.plane, prompts, self._sizes.get(click.plane, size))
        return None

    def _ask(self, plane: Plane, prompts: PlanePrompts, chosen: Size) -> Question:
        size = chosen if self._has_sizes(plane, prompts) else Size.BEST
        corrected = self._with_mask(plane, prompts)
        return Question(corrected, (*prompts.key, size), size)

    def _has_sizes(self, plane: Plane, prompts: PlanePrompts) -> bool:
        """Whether the first click may mean objects of several sizes: a scribble does not."""
        clicks = all(kind == "point" for kind, *_ in prompts.key)
        return clicks and sized_click(self._with_mask(plane, prompts)) is not None

    def _with_mask(self, plane: Plane, prompts: PlanePrompts) -> list[Prompt]:
        """Prompts of a plane, with the chosen or followed mask to be corrected."""
        size = self._sizes.get(plane, Size.BEST)
        mask = self.chosen.corrected_by(plane, prompts, size) or self._followed.get(plane)
        if mask is None:
            return list(prompts.prompts)
        return [*prompts.prompts, MaskPrompt(plane, mask.bbox[0], mask.bbox[1], mask.pixels)]
