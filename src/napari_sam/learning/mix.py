"""Mix: a model with a share of the weights learned by a copy."""

import torch

from napari_sam.model.sam import Sam

from .teach import copy_of


def mix(model: Sam, learner: Sam, share: float) -> Sam:
    """A copy of a model with a share of the learned weights and the rest of its own.

    Parameters
    ----------
    model : Sam
        The model before it learned.
    learner : Sam
        A copy of it that has learned.
    share : float
        Share of the learned weights, 0 to 1. Wholly learned weights gain about as much on images of
        the kind as 0.6 of them, and forget more of all others.
    """
    mixed = copy_of(model)
    learned = learner.state_dict()
    with torch.no_grad():
        state = {
            name: value + share * (learned[name] - value) if value.is_floating_point() else value
            for name, value in model.state_dict().items()
        }
    mixed.load_state_dict(state)
    return mixed.eval()
