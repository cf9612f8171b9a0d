"""How the masks that a model predicts become the answer to a prompt."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AnswerPolicy:
    """Rules by which an answer is chosen from the predicted masks and then post-processed.

    No field changes which weights a model has: two policies may be tried on the same weights. The
    file of weights carries the policy that suits its training, and the defaults are those of SAM's
    own code (arXiv:2304.02643).

    Parameters
    ----------
    mask_threshold : float
        Logit above which a pixel belongs to the mask.
    stable_single_mask : bool
        Replace a single mask that changes much when the threshold moves a little by the best of
        the three candidates, as SAM 2 does (arXiv:2408.00714, ``dynamic_multimask_via_stability``).
    best_candidate_for_box : bool
        Answer a box without points by the candidate of the highest predicted IoU instead of the
        single mask. Which is better depends on the training.
    best_mask_for_click : bool
        Answer one click without box and mask by the best of the single mask and the candidates.
    own_prompts : bool
        Answer a lone click and a lone box once more, with prompts that the model makes of its own
        first answer. For models that were trained on masks among the prompts.
    clean_masks : bool
        Remove crumbs, fill pinholes and cut the mask to the surroundings of the box.
    point_with_mask : bool
        Add a foreground click in the middle of the mask when background clicks alone correct it.
    steady_corrections : bool
        Answer the clicks of an object one after another; where a click would change much far from
        it, only the change around the click is taken.
    closer_looks : bool
        Predict small and large objects a second time in an enlarged or reduced window. For models
        that were trained at many scales.
    """

    mask_threshold: float = 0.0
    stable_single_mask: bool = False
    best_candidate_for_box: bool = False
    best_mask_for_click: bool = False
    own_prompts: bool = False
    clean_masks: bool = False
    point_with_mask: bool = False
    steady_corrections: bool = False
    closer_looks: bool = False
