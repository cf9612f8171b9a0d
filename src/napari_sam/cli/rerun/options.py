"""Options: how a recipe is followed here."""

from dataclasses import dataclass
from pathlib import Path

from .inputs import Inputs


@dataclass(frozen=True, slots=True)
class RerunOptions:
    """Options of ``napari-sam rerun``.

    Parameters
    ----------
    inputs : Inputs
        Places of the inputs.
    device : str or None
        Device of the model; that of the recipe if None.
    scheduler : str or None
        Dask cluster for the tiles.
    cache_dir : Path or None
        Folder of the embedding cache.
    caches : bool
        Whether embeddings are kept.
    overwrite : bool
        Whether results that exist may be replaced.
    recipe : bool
        Whether the new result gets a recipe.
    quiet : bool
        Show no bars.
    """

    inputs: Inputs
    device: str | None = None
    scheduler: str | None = None
    cache_dir: Path | None = None
    caches: bool = True
    overwrite: bool = False
    recipe: bool = True
    quiet: bool = False
