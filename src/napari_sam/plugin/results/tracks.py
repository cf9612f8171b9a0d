"""Tracks: the ways of all labels through time, in a Tracks layer over the image; no Qt."""

from collections.abc import Callable

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Tracks

from napari_sam.labels.tracks import Tracks as LabelTracks
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.plugin.labels.lineage import parents_of
from napari_sam.plugin.layers.conventions import IMAGE_KEY
from napari_sam.plugin.layers.placement import placement
from napari_sam.plugin.worker.events import Event, Tracked
from napari_sam.plugin.worker.jobs import Job


class Tracking:
    """Reads tracks off the labels on request, and shows a Tracks layer.

    Parameters
    ----------
    desk : Desk
        Has the workspace, the engine and the runner.
    viewer : napari.Viewer
        Gets the Tracks layer.
    """

    def __init__(self, desk: Desk, viewer: ViewerModel) -> None:
        self._desk, self._viewer = desk, viewer

    def start(self) -> None:
        """Show the tracks of all labels in a layer of their own."""
        self._desk.begin_action()
        self._read(self._desk.say)

    def renew(self) -> None:
        """Show the tracks anew after a change of labels, without a word."""
        self._read(lambda line: None)

    def _read(self, say: Callable[[str], None]) -> None:
        work = self._desk.workspace
        if work is None or work.labels is None:
            return
        source, plain = work.source, work.labels_layer.plain()

        def receive(event: Event) -> None:
            if not isinstance(event, Tracked):
                self._desk.receive(event)
            elif work.image in self._viewer.layers and len(event.tracks.data):
                show_tracks(self._viewer, work.image, source, event.tracks)
                count = len(np.unique(event.tracks.data[:, 0]))
                say(f"{count} tracks: File > Save as CSV.")
            else:
                say("There are no labels yet: accept objects first.")

        steps = self._desk.engine.tracks(plain, source.label_axes, parents_of(work.labels))
        self._desk.runner.submit(Job(steps, receive))


def show_tracks(
    viewer: ViewerModel, image: Image, source: ImageSource, tracks: LabelTracks
) -> Tracks:
    """Put a Tracks layer over an image, in place of an earlier Tracks layer."""
    data = tracks.data
    if source.channel_axis is not None:
        data = np.insert(data, 1 + source.channel_axis, source.channel, axis=1)
    for layer in list(viewer.layers):
        belongs = layer.metadata.get(IMAGE_KEY) == str(image.unique_id)
        if belongs and layer.name.startswith("SAM tracks"):
            viewer.layers.remove(layer)
    active = viewer.layers.selection.active
    added = viewer.add_tracks(
        data,
        graph={child: list(mothers) for child, mothers in tracks.graph.items()},
        name="SAM tracks",
        metadata={IMAGE_KEY: str(image.unique_id)},
        **placement(image),
    )
    viewer.layers.selection.active = active
    return added
