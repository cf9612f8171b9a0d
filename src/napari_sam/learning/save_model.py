"""Save model: a model with its lesson as a model of the user, loaded by a new name."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from napari_sam.errors import ModelError
from napari_sam.model.sam import Sam
from napari_sam.weights.catalogue import find_card
from napari_sam.weights.import_weights import import_weights
from napari_sam.weights.load import build, save_weights
from napari_sam.weights.store import ModelStore


def save_model(
    model: Sam, name: str, store: ModelStore | None = None, overwrite: bool = False
) -> str:
    """Copy a model into the folder of weights, for loading by name.

    Afterwards ``Session.open(model=name)``, ``--model name`` and the dock's list of models have it.
    The weights are stored as float32: a saved model answers exactly as the model in memory did.

    Parameters
    ----------
    model : Sam
        Model with all of its weights, such as :meth:`Delta.applied_to
        <napari_sam.learning.delta.Delta.applied_to>` makes it, on any device; unchanged.
    name : str
        Up to 64 letters, digits and ``._+-``; not that of a published model.
    store : ModelStore, optional
        The folder of weights; the user's own by default.
    overwrite : bool
        Replace a model of the same name that was saved or imported before.

    Returns
    -------
    str
        `name`.

    Raises
    ------
    ModelError
        If the name cannot be used or is taken, or the folder cannot be written.
    """
    store = ModelStore() if store is None else store
    name = name.strip()
    if find_card(name) is not None:
        raise ModelError(f"{name} is the name of a published model: choose another name")
    if store.folder_of(name).exists() and not overwrite:
        raise ModelError(f"a model {name} is there already: choose another name, or overwrite it")
    named = build(replace(model.config, name=name), model.policy, model.state_dict())
    with TemporaryDirectory(prefix="napari-sam-") as folder:
        path = Path(folder) / "weights.safetensors"
        try:
            save_weights(named, path, torch.float32)
        except OSError as error:
            raise ModelError(
                f"{path} cannot be written ({error.strerror or error}): free space there"
            ) from error
        return import_weights(path, name=name, store=store, overwrite=overwrite)
