"""Make the animated picture of the README: a mouse and a keyboard at work in the dock.

Run it on a screen, or on a virtual one::

    xvfb-run -s "-screen 0 1280x800x24" python docs/animation.py docs/images/dock.gif

The image is the plugin's own sample of nuclei. Clicks and keys are Qt's own events, and what is
seen is what napari painted. The arrow of the mouse and the line that names the key are drawn into
the pictures, for no screenshot has them.
"""

import argparse
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import napari
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from qtpy.QtTest import QTest
from screenshots import canvas_position, click, press, wait_for

from napari_sam.plugin.commands import SamWidget
from napari_sam.plugin.samples import nuclei_2d
from napari_sam.plugin.settings import Settings

Place = tuple[float, float]

SCRIPT: tuple[tuple[str, str, Place | None], ...] = (
    ("Click on a cell", "", (164, 268)),
    ("Enter: accept it", "Enter", None),
    ("The next one: too much of it?", "", (200, 272)),
    ("Q, and click on what is not the object", "q", (212, 260)),
    ("Enter", "Enter", None),
    ("Its neighbour", "", (213, 259)),
    ("Enter", "Enter", None),
)
"""What is said, the key that is pressed, and the pixel yx that is clicked on."""

VIEW, ZOOM = (190, 272), 9.0
WIDTH, COLOURS = 840, 255
_ARROW = ((0, 0), (0, 17), (4, 13), (7, 20), (10, 19), (7, 12), (12, 12))


@dataclass(slots=True)
class Film:
    """Pictures of the window, each with the milliseconds for which it is seen."""

    viewer: Any
    mouse: Place = VIEW
    pictures: list[Image.Image] = field(default_factory=list)
    times: list[int] = field(default_factory=list)

    def take(self, text: str, milliseconds: int) -> None:
        """Add a picture of the window as it is now."""
        pixels = self.viewer.screenshot(canvas_only=False, flash=False)
        picture = Image.fromarray(pixels).convert("RGB")
        self._draw_text(picture, text)
        self._draw_arrow(picture)
        height = round(picture.height * WIDTH / picture.width)
        self.pictures.append(picture.resize((WIDTH, height), Image.Resampling.LANCZOS))
        self.times.append(milliseconds)

    def save(self, path: Path) -> None:
        """Write them as a GIF that begins anew when it is over."""
        seen = [one for one, time in zip(self.pictures, self.times, strict=True) if time > 500]
        all_colours = Image.fromarray(np.vstack([np.asarray(one) for one in seen]))
        few = all_colours.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE)
        same = [one.quantize(palette=few, dither=Image.Dither.NONE) for one in self.pictures]
        same[0].save(
            path, save_all=True, append_images=same[1:], duration=self.times, loop=0, optimize=False
        )

    def _draw_arrow(self, picture: Image.Image) -> None:
        native = self.viewer.window._qt_viewer.canvas.native
        window = self.viewer.window._qt_window
        place = canvas_position(self.viewer, in_world(self.viewer, self.mouse))
        there = native.mapTo(window, place)
        corners = [(there.x() + x, there.y() + y) for x, y in _ARROW]
        ImageDraw.Draw(picture).polygon(corners, fill="white", outline="black")

    def _draw_text(self, picture: Image.Image, text: str) -> None:
        native = self.viewer.window._qt_viewer.canvas.native
        corner = native.mapTo(self.viewer.window._qt_window, native.rect().bottomLeft())
        draw = ImageDraw.Draw(picture)
        font = ImageFont.load_default(size=26)
        place = (corner.x() + 16, corner.y() - 16)
        box = draw.textbbox(place, text, font=font, anchor="lb")
        if text:
            draw.rectangle((box[0] - 8, box[1] - 6, box[2] + 8, box[3] + 6), fill="#202020")
        draw.text(place, text, font=font, anchor="lb", fill="white")


def main() -> None:
    """Open napari, click, and film it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path, help="the GIF that is written")
    parser.add_argument("--theme", default="dark", help="napari's: dark or light")
    options = parser.parse_args()
    os.environ["NAPARI_SAM_JOURNAL_DIR"] = tempfile.mkdtemp()  # no offer to restore
    viewer, dock = _opened(options.theme)
    film = Film(viewer)
    for text, key, place in SCRIPT:
        for _ in _moves(film, place):
            film.take(text, 60)
        if key:
            press(viewer, key)
        if place is not None:
            click(viewer, in_world(viewer, place))
        wait_for(lambda: not dock.controller.runner.busy)
        film.take(text, 1200)
    film.take("", 1500)
    film.save(options.path)
    print(f"{len(film.pictures)} pictures, {options.path.stat().st_size / 1e6:.2f} MB")
    viewer.close()


def _opened(theme: str) -> tuple[Any, SamWidget]:
    viewer = napari.Viewer(show=False)
    data, options, _ = nuclei_2d()[0]
    viewer.add_image(data, **options)
    viewer.theme = theme
    viewer.show()
    viewer.window.resize(1280, 800)
    dock = SamWidget(viewer, Settings(model="cells-tiny", cache_dir=False))
    viewer.window.add_dock_widget(dock, name="SAM")
    wait_for(lambda: not dock.controller.runner.busy)
    viewer.scene.camera.center, viewer.scene.camera.zoom = in_world(viewer, VIEW), ZOOM
    wait_for(lambda: True)
    return viewer, dock


def in_world(viewer: Any, pixel: Place) -> Place:
    """Where a pixel of the image is, in micrometres."""
    y, x = viewer.layers[0].data_to_world(pixel)
    return float(y), float(x)


def _moves(film: Film, place: Place | None) -> Iterator[None]:
    """Move the mouse to a place, step by step."""
    if place is None:
        return
    start, stop = np.array(film.mouse), np.array(place)
    for share in np.linspace(0, 1, 6)[1:]:
        y, x = start + (stop - start) * share
        film.mouse = (float(y), float(x))
        native = film.viewer.window._qt_viewer.canvas.native
        QTest.mouseMove(native, canvas_position(film.viewer, in_world(film.viewer, film.mouse)))
        wait_for(lambda: True)
        yield


if __name__ == "__main__":
    main()
