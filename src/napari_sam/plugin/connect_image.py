"""Connect image: signals between the rows of the image and the parts that read it."""

from napari_sam.plugin.dock.dock import SamDock
from napari_sam.plugin.image.model_view import ModelView
from napari_sam.plugin.objects.new_look import NewLook

from .image_in_use import ImageInUse


def connect_image(
    dock: SamDock, images: ImageInUse, model_view: ModelView, new_look: NewLook
) -> None:
    """Connect choice of image and channels, contrast, restoring and the model's view.

    Parameters
    ----------
    dock : SamDock
        Has the rows.
    images : ImageInUse
        Lists, uses and leaves images.
    model_view : ModelView
        Shows what the model sees.
    new_look : NewLook
        Asks again when the model sees something else.
    """
    row = dock.image_row
    row.chosen.connect(images.choose)
    row.channel_box.opened.connect(images.list_channels)
    row.channel_box.chosen.connect(images.choose_channel)
    row.auto_contrast_changed.connect(model_view.later)
    row.auto_contrast_changed.connect(new_look.automatic_changed)
    model_view.image_changed.connect(new_look.image_changed)
    images.layers_changed.connect(model_view.watch)
    images.listed.connect(dock.show_images)
    images.channels_listed.connect(row.channel_box.show_options)
    images.channels_listed.connect(model_view.later)
    images.used.connect(lambda work: dock.show_stack(work.source.stack_axes))
    images.used.connect(lambda work: new_look.note())
    images.restore_offered.connect(dock.show_restore)
    dock.restore_box.answered.connect(images.answer_restore)
