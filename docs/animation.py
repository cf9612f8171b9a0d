"""Make the animated pictures of the docs: a mouse and a keyboard at work in the dock.

Run it on a screen, or on a virtual one::

    xvfb-run -a -s "-screen 0 1280x800x24" python docs/animation.py docs/images/dock.gif
    xvfb-run -a -s "-screen 0 1280x800x24" python docs/animation.py docs/images/learning.gif \
        --story learning --image pnt_img_00003.npz

Clicks and keys are Qt's own events, and what is seen is what napari painted. The arrow of the mouse
and the caption are drawn into the pictures, for no screenshot has them. The story ``clicks`` has
the plugin's own sample of nuclei for its image, ``learning`` an image with true labels, which
count the objects that are right.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

import napari
import numpy as np
from film import Film
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from screenshots import canvas_position, click, drag, press, wait_for
from stories import STORIES, Place, Step, Story

from napari_sam.evaluate.ground_truth import Pair
from napari_sam.evaluate.matching import matches
from napari_sam.evaluate.overlap import overlap
from napari_sam.plugin.commands import SamWidget
from napari_sam.plugin.samples import nuclei_2d
from napari_sam.plugin.settings import Settings


def main() -> None:
    """Open napari, click, and film it."""
    options = _options()
    os.environ["NAPARI_SAM_JOURNAL_DIR"] = tempfile.mkdtemp()  # no offer to restore
    story, truth = STORIES[options.story], None
    viewer = napari.Viewer(show=False)
    if story.part is None:
        data, names, _ = nuclei_2d()[0]
        viewer.add_image(data, **names)
    else:
        sample, (y0, x0, y1, x1) = Pair(options.image, options.labels).read(), story.part
        viewer.add_image(sample.volume.read((), y0, x0, y1, x1).squeeze(), name=options.image.stem)
        truth = sample.plane(())[y0:y1, x0:x1]
    viewer.layers[0].gamma = story.gamma
    viewer.theme = options.theme
    viewer.show()
    viewer.window.resize(1280, 800)
    stage = Stage.of(viewer, story, truth)
    for step in story.steps:
        stage.play(step)
    film = stage.film
    film.take("", 1500)
    film.save(options.path)
    print(f"{len(film.pictures)} pictures, {options.path.stat().st_size / 1e6:.2f} MB")
    viewer.close()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path, help="the GIF that is written")
    parser.add_argument("--story", choices=list(STORIES), default="clicks")
    parser.add_argument("--image", type=Path, help="with true labels: .npz, or a TIFF and --labels")
    parser.add_argument("--labels", type=Path, help="true labels of a TIFF")
    parser.add_argument("--theme", default="dark", help="napari's: dark or light")
    options = parser.parse_args()
    if (STORIES[options.story].part is None) != (options.image is None):
        parser.error("the story learning needs --image, and the story clicks has a sample")
    return options


@dataclass(slots=True)
class Stage:
    """The window in which a story is played, and its film.

    Parameters
    ----------
    viewer : napari.Viewer
    dock : SamWidget
    film : Film
    truth : ndarray or None
        True labels of the image, ``(y, x)``.
    facts : dict of str to int
        By name in braces in a caption: number of true objects, of right ones, seconds of work.
    """

    viewer: Any
    dock: SamWidget
    film: Film
    truth: np.ndarray | None
    facts: dict[str, int]

    @classmethod
    def of(cls, viewer: Any, story: Story, truth: np.ndarray | None) -> "Stage":
        """Add the dock to a viewer, and look at the part of the image that a story is about."""
        dock = SamWidget(viewer, Settings(model="cells-tiny", cache_dir=False, learn=True))
        viewer.window.add_dock_widget(dock, name="SAM")
        stage = cls(viewer, dock, Film(viewer, QPoint()), truth, {})
        wait_for(stage.is_idle)
        middle = stage.in_world(story.view)
        viewer.scene.camera.center, viewer.scene.camera.zoom = middle, story.zoom
        wait_for(lambda: True)
        native = viewer.window._qt_viewer.canvas.native
        place = canvas_position(viewer, middle)
        stage.film.mouse = native.mapTo(viewer.window._qt_window, place)
        return stage

    def play(self, step: Step) -> None:
        """Do what the user does in a step, and film it until its work is done."""
        film = self.film
        for _ in self._moves(step):
            film.take(self._caption(step.text), 60)
        begin = time.monotonic()
        self._act(step)
        if step.work:
            wait_for(lambda: True)
            film.take(self._caption(step.text), 1200)
        wait_for(self.is_idle)
        self.facts["seconds"] = round(time.monotonic() - begin)
        self._count()
        caption = self._caption(step.work or step.text)
        film.take(caption, step.milliseconds)
        print(f"{caption} | {self.dock.status.text()}", flush=True)

    def is_idle(self) -> bool:
        """Whether the dock has done all that was asked, lessons too."""
        is_learning = self.dock.learn_box.learn_button.text() == "Stop learning"
        return not self.dock.controller.runner.busy and not is_learning

    def in_world(self, pixel: Place) -> Place:
        """Where a pixel of the image is, in the unit of the viewer."""
        y, x = self.viewer.layers[0].data_to_world(pixel)
        return float(y), float(x)

    def _moves(self, step: Step) -> Iterable[None]:
        if step.button:
            button = attrgetter(step.button)(self.dock)
            return self.film.move(button, button.rect().center())
        if step.place is not None:
            place = canvas_position(self.viewer, self.in_world(step.place))
            return self.film.move(self.viewer.window._qt_viewer.canvas.native, place)
        return ()

    def _act(self, step: Step) -> None:
        for key in step.keys.split():
            press(self.viewer, key)
        if step.button:
            QTest.mouseClick(attrgetter(step.button)(self.dock), Qt.MouseButton.LeftButton)
        elif step.corner is not None:
            drag(self.viewer, self.in_world(step.place), self.in_world(step.corner))
        elif step.place is not None:
            click(self.viewer, self.in_world(step.place))

    def _count(self) -> None:
        """Count true objects of which a label has half of the common pixels."""
        if self.truth is None or "SAM labels" not in self.viewer.layers:
            return
        shared = overlap(self.truth, np.asarray(self.viewer.layers["SAM labels"].data))
        self.facts |= {"true": len(shared.true_sizes), "right": matches(shared, 0.5)}

    def _caption(self, text: str) -> str:
        return text.format(**self.facts)


if __name__ == "__main__":
    main()
