"""Small real parts of the dock for tests without a window: an image, its layers, a desk."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from napari.components import LayerList
from napari.layers import Image, Layer

from napari_sam.masks.mask import Mask
from napari_sam.plugin.image.current_image import CurrentImage
from napari_sam.plugin.image.image_source import read_image_layer
from napari_sam.plugin.labels.label_writer import LabelWriter
from napari_sam.plugin.labels.safekeeping import Safekeeping
from napari_sam.plugin.layers.labels_layer import LabelsLayer
from napari_sam.plugin.layers.preview_layer import PreviewLayer
from napari_sam.plugin.layers.prompt_layers import PromptLayers
from napari_sam.plugin.undo.history import History
from napari_sam.plugin.worker.jobs import Job


def mask_at(plane: tuple[int, ...], y0: int, x0: int, pixels: Sequence[Sequence[int]]) -> Mask:
    array = np.array(pixels, bool)
    return Mask(plane, (y0, x0, y0 + array.shape[0], x0 + array.shape[1]), array, 0.9, 3.0)


class LayersAlone:
    """The part of a viewer that has layers; napari's whole model takes half a second to make."""

    def __init__(self) -> None:
        self.layers = LayerList()

    def add_layer(self, layer: Layer) -> Layer:
        self.layers.append(layer)
        return layer


class Scene:
    """A stack of 4 planes of 10 x 12 pixels with the layers of the dock, without a window."""

    def __init__(self) -> None:
        self.viewer: Any = LayersAlone()
        self.layer = self.viewer.add_layer(
            Image(np.zeros((4, 10, 12), np.uint8), name="cells", axis_labels=("z", "y", "x"))
        )
        source = read_image_layer(self.layer, (0.0, 0.0, 0.0), auto_contrast=False)
        self.image = CurrentImage(self.layer, source)
        self.history = History()
        self.preview = PreviewLayer(self.viewer, self.image)
        self.prompts = PromptLayers(self.viewer, self.image, self.preview, lambda layer: None)
        self.labels = LabelsLayer(self.viewer, self.image, self.preview)
        self.keeping = Safekeeping(source, "")
        self.writer = LabelWriter(self.image, self.labels, self.keeping, self.history)


class Engine:
    """Gives the steps that a test has set, and notes what it was asked."""

    def __init__(self) -> None:
        self.steps: list[Any] = []
        self.calls: list[tuple[Any, ...]] = []

    def follow(self, settings: Any, source: Any, *question: Any) -> Iterator[Any]:
        self.calls.append(question)
        yield from self.steps

    def predict(self, settings: Any, source: Any, questions: Any) -> Iterator[Any]:
        self.calls.append((questions,))
        yield from self.steps


class Runner:
    """Keeps jobs until a test runs them."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def submit(self, job: Job) -> None:
        self.jobs.append(job)

    def drop(self, job: Job) -> None:
        self.jobs.remove(job)
        job.dropped = True
        job.cancelled()

    def run(self) -> None:
        """Run the oldest job to its end."""
        job = self.jobs.pop(0)
        for event in job.steps:
            job.receive(event)
        job.finish()


class QuietDesk:
    """What a part of the dock needs of a desk, with a worker that a test runs."""

    settings = None

    def __init__(self, scene: Scene) -> None:
        self.engine, self.runner = Engine(), Runner()
        self.workspace = scene.image  # has the source, which is all that is needed here
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def receive(self, event: Any) -> None:
        self.said.append(type(event).__name__)
