"""Settings: model, contrast and image of a recipe, ready to open a session."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.cli.options import ImageOptions
from napari_sam.cli.settings import ExactView, Settings
from napari_sam.errors import ImageError

from .image import read_image_of
from .inputs import Inputs
from .model import device_of, model_of, warn_of_precision
from .options import RerunOptions

if TYPE_CHECKING:
    from napari_sam.image.volume import Volume
    from napari_sam.recipe.inputs import ImageRecord
    from napari_sam.recipe.record import Recipe


@dataclass(frozen=True, slots=True)
class RecipeSettings(Settings):
    """Settings that read the image of a recipe.

    Parameters
    ----------
    record : ImageRecord or None
        The image.
    inputs : Inputs or None
        Places of the inputs; comparison with the recipe.
    """

    record: "ImageRecord | None" = None
    inputs: Inputs | None = None

    def read(self, path: Path | str) -> "Volume":
        """Open the image as :func:`read_image_of` does."""
        if self.record is None or self.inputs is None:
            raise ImageError("the recipe is about no image")
        return read_image_of(self.record, path, self.inputs)


def recipe_settings(recipe: "Recipe", folder: Path, options: RerunOptions) -> RecipeSettings:
    """Settings of a recipe, without what the model had learned.

    Parameters
    ----------
    recipe : Recipe
        With an image, a model and a contrast.
    folder : Path
        Folder that is removed in the end.
    options : RerunOptions
        Places of the inputs, and where the model runs.

    Raises
    ------
    NapariSamError
        If the model is not there, or is another.
    """
    from napari_sam.recipe.read import needed

    model, contrast = needed(recipe.model), needed(recipe.contrast)
    device = options.device
    if options.scheduler is None:
        device = device_of(model, options)
        warn_of_precision(model, device)
    return RecipeSettings(
        model=model_of(model, options),
        device=device,
        # Without a cache embeddings are not rounded: if the user wants none, it is removed too.
        image=ImageOptions(cache_dir=options.cache_dir if options.caches else folder / "cache"),
        caches=model.rounded,
        closer=model.closer,
        precision=model.precision,
        exact=ExactView(contrast.limits, contrast.colours or None, model.tile_size),
        record=recipe.image,
        inputs=options.inputs,
    )
