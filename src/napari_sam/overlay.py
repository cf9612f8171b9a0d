"""Overlay: a picture of labels and prompts on the image, for a person to judge."""

from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from skimage.segmentation import find_boundaries

from napari_sam.labels.files.atomic import replacing
from napari_sam.prompts.prompt import BoxPrompt, PointPrompt, PromptSet

Scalar = TypeVar("Scalar", bound=np.generic)

ZOOM = 3
"""Pixels of the picture per pixel of the image, so that outlines do not hide small nuclei."""

_CAPTION = 36
"""Height of the line of text above each half of the picture, in its pixels."""

_GAP = 8
"""Width between the halves of the picture, in its pixels."""

_COLOURS: NDArray[np.uint8] = np.array(
    [
        (255, 255, 0),
        (0, 255, 255),
        (255, 0, 255),
        (0, 255, 0),
        (255, 80, 80),
        (255, 255, 255),
        (80, 160, 255),
    ],
    np.uint8,
)


def draw_overlay(
    path: Path,
    image: NDArray[np.uint8],
    automatic: NDArray[np.uint32],
    prompted: NDArray[np.uint32],
    prompts: PromptSet,
) -> None:
    """Draw the outlines of objects on the image: left automatic ones, right prompted ones.

    Parameters
    ----------
    path : Path
        PNG file; replaced in one step.
    image : ndarray
        ``(Y, X, 3)`` uint8.
    automatic, prompted : ndarray
        ``(Y, X)`` uint32 labels.
    prompts : PromptSet
        Prompts of the plane, drawn on the right: boxes, green foreground and red background
        points.
    """
    left = _panel(image, automatic, f"automatic: {_count(automatic)} objects")
    right = _panel(image, prompted, f"prompted: {_count(prompted)} objects")
    _draw_prompts(right, prompts)
    picture = Image.new("RGB", (left.width + _GAP + right.width, left.height), "white")
    picture.paste(left, (0, 0))
    picture.paste(right, (left.width + _GAP, 0))
    with replacing(path) as partial:
        picture.save(partial, format="PNG")


def outlined(
    image: NDArray[np.uint8], labels: NDArray[np.integer], zoom: int = ZOOM
) -> NDArray[np.uint8]:
    """Zoom an image and draw the outline of each object in a colour.

    Parameters
    ----------
    image : ndarray
        ``(Y, X, 3)`` uint8.
    labels : ndarray
        ``(Y, X)`` integers.
    zoom : int
        Pixels of the picture per pixel of the image.

    Returns
    -------
    ndarray
        ``(zoom * Y, zoom * X, 3)`` uint8. Outlines are two pixels wide, inside the objects.
    """
    zoomed = _zoom(image, zoom)
    large = _zoom(labels, zoom)
    outermost = find_boundaries(large, mode="inner")
    edge = outermost | find_boundaries(np.where(outermost, 0, large), mode="inner")
    zoomed[edge] = _COLOURS[large[edge] % len(_COLOURS)]
    return zoomed


def _zoom(pixels: NDArray[Scalar], zoom: int) -> NDArray[Scalar]:
    return pixels.repeat(zoom, axis=0).repeat(zoom, axis=1)


def _count(labels: NDArray[np.uint32]) -> int:
    return len(np.unique(labels[labels > 0]))


def _panel(image: NDArray[np.uint8], labels: NDArray[np.uint32], caption: str) -> Image.Image:
    pixels = outlined(image, labels)
    panel = Image.new("RGB", (pixels.shape[1], pixels.shape[0] + _CAPTION), "white")
    panel.paste(Image.fromarray(pixels), (0, _CAPTION))
    ImageDraw.Draw(panel).text((8, 6), caption, fill="black", font=ImageFont.load_default(22))
    return panel


def _draw_prompts(panel: Image.Image, prompts: PromptSet) -> None:
    draw = ImageDraw.Draw(panel)
    for prompt in (prompt for of_object in prompts.objects.values() for prompt in of_object):
        if isinstance(prompt, BoxPrompt):
            (y0, x0), (y1, x1) = (_on_panel(corner) for corner in (prompt.start, prompt.stop))
            draw.rectangle((x0, y0, x1, y1), outline="black", width=2)
        elif isinstance(prompt, PointPrompt):
            y, x = _on_panel(prompt.position)
            colour = "lime" if prompt.label else "red"
            draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=colour, outline="black")


def _on_panel(position: tuple[float, ...]) -> tuple[float, float]:
    """Convert data coordinates (integers are pixel centres) to pixels of the panel, yx."""
    y, x = position[-2:]
    return (y + 0.5) * ZOOM + _CAPTION, (x + 0.5) * ZOOM
