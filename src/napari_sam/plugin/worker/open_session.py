"""Open session: a Session for an image as a model sees it; no Qt, no napari."""

from typing import TYPE_CHECKING

from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.plugin.image.session_input import colours_of, contrast_of, volume_of
from napari_sam.plugin.settings import Settings

if TYPE_CHECKING:
    from napari_sam.model.sam import Sam
    from napari_sam.session import Session


def open_session(model: "Sam", settings: Settings, source: ImageSource) -> "Session":
    """Open a session; automatic contrast reads a few patches of the image.

    Parameters
    ----------
    model : Sam
        The model.
    settings : Settings
        Cache and second looks.
    source : ImageSource
        The image.
    """
    from napari_sam.session import Session

    return Session.open(
        volume_of(source),
        model=model,
        contrast=contrast_of(source),
        colours=colours_of(source),
        cache_dir=settings.cache_dir,
        cache_budget=settings.cache_budget,
        closer=settings.closer,
    )
