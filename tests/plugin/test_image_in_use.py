"""Whatever is hidden, covered, chosen, added or removed: the image in use is one that is seen."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from napari.components import ViewerModel
from napari.layers import Image

from napari_sam.plugin.desk import Desk
from napari_sam.plugin.image.image_source import image_layers
from napari_sam.plugin.image.sight import is_seen
from napari_sam.plugin.image_in_use import ImageInUse
from napari_sam.plugin.labels.acceptance import Acceptance
from napari_sam.plugin.layers.own_layers import layers_by_image
from napari_sam.plugin.settings import Settings
from tests.plugin.bench import picture
from tests.plugin.scene import mask_at

SQUARE = np.ones((3, 3), bool)


class Seat:
    """A viewer without a window; images are listed after each event, as the dock does soon."""

    def __init__(self) -> None:
        self.viewer = ViewerModel()
        self.count = 0
        self.said: list[str] = []
        self.listed: list[tuple[list[str], int]] = []
        self.add("translucent")
        self.desk = Desk(self.viewer, Settings, Acceptance, lambda: False)
        self.desk.status_changed.connect(self.said.append)
        self.images = ImageInUse(
            self.desk,
            self.viewer,
            unfinished=lambda: False,
            later=lambda: None,
            adopt=lambda layer: None,
            adopt_labels=lambda layer: None,
        )
        self.images.listed.connect(lambda names, index: self.listed.append((names, index)))
        self.images.list_images()

    def close(self) -> None:
        self.images.leave()
        self.images.close()
        self.desk.engine.close()

    @property
    def layers(self) -> list[Image]:
        return image_layers(self.viewer.layers)

    def pick(self, number: int, do: Callable[[Image], None]) -> None:
        if self.layers:
            do(self.layers[number % len(self.layers)])

    # --- what may happen ---------------------------------------------------------------------

    def add(self, blending: str) -> None:
        self.count += 1
        pixels = picture(12, 14, seed=self.count)
        self.viewer.add_image(pixels, name=f"image {self.count}", blending=blending)

    def toggle(self, number: int) -> None:
        self.pick(number, lambda image: setattr(image, "visible", not image.visible))

    def raise_up(self, number: int) -> None:
        layers = self.viewer.layers
        self.pick(number, lambda image: layers.move(layers.index(image), len(layers)))

    def remove(self, number: int) -> None:
        self.pick(number, self.viewer.layers.remove)

    def choose(self, number: int) -> None:
        if self.layers:
            chosen = self.layers[number % len(self.layers)]
            self.images.choose(self.layers.index(chosen))
            assert self.images.image == chosen
            assert is_seen(self.viewer, chosen)

    def accept(self) -> None:
        work = self.desk.workspace
        if work is not None:
            work.writer.accept([mask_at((), 2, 3, SQUARE)])

    # --- what must be ------------------------------------------------------------------------

    def check(self) -> None:
        image, seen = self.images.image, [i for i in self.layers if is_seen(self.viewer, i)]
        names, index = self.listed[-1]
        assert names == [layer.name for layer in self.layers]
        assert (index >= 0) == (image is not None) == bool(self.layers)
        if image is None:
            return
        assert self.layers[index] == image
        assert image in seen or not seen
        middle = image.data_to_world((6, 7))
        assert (self.desk.why_unseen(middle) == "") == (image in seen)
        by_key = {str(each.unique_id): each for each in self.layers}
        dock = layers_by_image(self.viewer.layers)
        for key, layers in dock.items():
            for layer in layers:
                role = layer.metadata["napari-sam-role"]
                if key in by_key:
                    several = len(dock) > 1
                    assert layer.name == (f"{role} ({by_key[key].name})" if several else role)
                    assert layer.visible == (by_key[key] in seen or by_key[key] == image)


steps = st.one_of(
    st.tuples(st.just("add"), st.sampled_from(["translucent", "additive"])),
    st.tuples(st.sampled_from(["toggle", "raise_up", "choose", "remove"]), st.integers(0, 3)),
    st.tuples(st.just("toggle"), st.integers(0, 3)),
    st.tuples(st.just("accept")),
)


@pytest.mark.long
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(events=st.lists(steps, min_size=4, max_size=10))
def test_the_image_in_use_is_seen_and_layers_say_whose_they_are(
    events: list[tuple[object, ...]], own_journals: None, tmp_path: Path
) -> None:
    seat = Seat()
    try:
        for name, *arguments in events:
            getattr(seat, str(name))(*arguments)
            seat.images.list_images()
            seat.check()
    finally:
        seat.close()
