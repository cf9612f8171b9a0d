"""Store model: a fine-tuned model among the user's own, under a name."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from napari_sam.errors import ModelError
from napari_sam.learning.save_model import save_model
from napari_sam.model.sam import Sam
from napari_sam.weights.catalogue import find_card
from napari_sam.weights.import_weights import import_weights
from napari_sam.weights.published_layout import has_published_layout, save_published
from napari_sam.weights.store import ModelStore


def progress_of(name: str, overwrite: bool) -> Path:
    """File for the progress of a fine-tuning, in the folder of weights.

    Parameters
    ----------
    name : str
        Name of the model to be.
    overwrite : bool
        Whether a model of that name may be replaced.

    Raises
    ------
    ModelError
        If the name cannot be used or is taken.
    """
    store = ModelStore()
    folder = store.folder_of(name)
    if find_card(name) is not None:
        raise ModelError(f"{name} is the name of a published model: choose another name")
    if folder.exists() and not overwrite:
        raise ModelError(
            f"a model {name} is there already: choose another name, or replace it (--overwrite)"
        )
    return store.root / "training" / name / "progress.safetensors"


def store_model(model: Sam, base: str | Path | None, name: str, overwrite: bool) -> Path:
    """Store a fine-tuned model, for loading by name.

    Parameters
    ----------
    model : Sam
        The model.
    base : str, Path or None
        Name or file of the model that it was fine-tuned from; None for a model without a file.
    name : str
        Its name.
    overwrite : bool
        Replace a model of that name.

    Returns
    -------
    Path
        File of the weights. Of SAM 1, MobileSAM and SAM 2 it is a checkpoint that micro-sam opens.

    Raises
    ------
    ModelError
        If the model cannot be stored.
    """
    weights, decoder = (None, None) if base is None else _files(base)
    if weights is None or not has_published_layout(model.config, weights):
        save_model(model, name, overwrite=overwrite)
        return _weights_of(name)
    with TemporaryDirectory(prefix="napari-sam-") as folder:
        path = Path(folder) / "weights.pt"
        try:
            save_published(model, weights, decoder, path)
        except (OSError, RuntimeError) as error:  # torch raises both for a full disk
            raise ModelError(f"{path} cannot be written ({error}): free space there") from error
        import_weights(path, name=name, overwrite=overwrite)
    return _weights_of(name)


def _files(base: str | Path) -> tuple[Path, Path | None]:
    if os.path.isfile(base):
        return Path(base), None
    stored = ModelStore().get(str(base))
    return stored.weights, stored.decoder


def _weights_of(name: str) -> Path:
    return ModelStore().get(name).weights
