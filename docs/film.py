"""Film: pictures of napari's window, with the arrow of the mouse and a caption drawn into them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from qtpy.QtCore import QPoint
from qtpy.QtTest import QTest
from screenshots import wait_for

WIDTH = 840
_ARROW = ((0, 0), (0, 17), (4, 13), (7, 20), (10, 19), (7, 12), (12, 12))


@dataclass(slots=True)
class Film:
    """Pictures of the window, each with the milliseconds for which it is seen.

    Parameters
    ----------
    viewer : napari.Viewer
        Shown on a screen.
    mouse : QPoint
        Where the arrow is, in pixels of the window.
    """

    viewer: Any
    mouse: QPoint
    pictures: list[Image.Image] = field(default_factory=list)
    times: list[int] = field(default_factory=list)

    def take(self, text: str, milliseconds: int) -> None:
        """Add a picture of the window as it is now."""
        pixels = self.viewer.screenshot(canvas_only=False, flash=False)
        picture = Image.fromarray(pixels).convert("RGB")
        self._draw_text(picture, text)
        corners = [(self.mouse.x() + x, self.mouse.y() + y) for x, y in _ARROW]
        ImageDraw.Draw(picture).polygon(corners, fill="white", outline="black")
        height = round(picture.height * WIDTH / picture.width)
        self.pictures.append(picture.resize((WIDTH, height), Image.Resampling.LANCZOS))
        self.times.append(milliseconds)

    def move(self, widget: Any, place: QPoint) -> Iterator[None]:
        """Move the mouse to a place on a widget, step by step."""
        start = self.mouse
        way = widget.mapTo(self.viewer.window._qt_window, place) - start
        for share in np.linspace(0, 1, 6)[1:]:
            self.mouse = start + way * float(share)
            QTest.mouseMove(widget, widget.mapFrom(self.viewer.window._qt_window, self.mouse))
            wait_for(lambda: True)
            yield

    def save(self, path: Path) -> None:
        """Write them as a GIF that begins anew when it is over."""
        seen = [one for one, time in zip(self.pictures, self.times, strict=True) if time > 500]
        few = _palette(Image.fromarray(np.vstack([np.asarray(one) for one in seen])))
        same = [one.quantize(palette=few, dither=Image.Dither.NONE) for one in self.pictures]
        same[0].save(
            path, save_all=True, append_images=same[1:], duration=self.times, loop=0, optimize=True
        )

    def _draw_text(self, picture: Image.Image, text: str) -> None:
        if not text:
            return
        native = self.viewer.window._qt_viewer.canvas.native
        corner = native.mapTo(self.viewer.window._qt_window, native.rect().bottomLeft())
        draw = ImageDraw.Draw(picture)
        font = ImageFont.load_default(size=26)
        place = (corner.x() + 16, corner.y() - 16)
        box = draw.textbbox(place, text, font=font, anchor="lb")
        draw.rectangle((box[0] - 8, box[1] - 6, box[2] + 8, box[3] + 6), fill="#202020")
        draw.text(place, text, font=font, anchor="lb", fill="white")


def _palette(picture: Image.Image) -> Image.Image:
    """Choose 255 colours: the frequent ones, for greys, and the far ones, for labels and points."""
    palette = Image.new("P", (1, 1))
    parts = {Image.Quantize.MEDIANCUT: 127, Image.Quantize.MAXCOVERAGE: 128}
    colours = (picture.quantize(count, method=way).getpalette() for way, count in parts.items())
    palette.putpalette([value for part in colours for value in part])
    return palette
