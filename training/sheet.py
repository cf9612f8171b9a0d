"""Sheet of procedural images by kind: ``python -m training.sheet docs/images/procedural.jpg``."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from .procedural import GENERATORS
from .samples import Sample

SIDE = 192  # pixels of an image on the sheet, as painted
MARGIN = 14  # height of a line of text, pixels


def draw_sheet(kinds: list[str], columns: int, seed: int) -> Image.Image:
    """Draw a row of images for each kind, with its name above; all kinds if none is named."""
    chosen = [kind for kind in dict.fromkeys(GENERATORS) if not kinds or kind.__name__ in kinds]
    height = SIDE + MARGIN
    sheet = Image.new("RGB", (columns * SIDE, len(chosen) * height), "white")
    writer = ImageDraw.Draw(sheet)
    for row, kind in enumerate(chosen):
        writer.text((2, row * height), kind.__name__.replace("_", " "), "black")
        for column in range(columns):
            sample = kind(np.random.default_rng((seed, column)))
            place = (column * SIDE, row * height + MARGIN)
            sheet.paste(Image.fromarray(fullest_part(sample)).convert("RGB"), place)
    return sheet


def fullest_part(sample: Sample) -> NDArray[np.uint8]:
    """Square part of :data:`SIDE` pixels of an image, a quarter, in which most is labelled."""
    starts = range(0, sample.labels.shape[0] - SIDE + 1, SIDE // 2)
    parts = [np.s_[y : y + SIDE, x : x + SIDE] for y in starts for x in starts]
    return sample.image[max(parts, key=lambda part: int((sample.labels[part] > 0).sum()))]


def main(
    picture: Annotated[Path, typer.Argument(help="File to write: .png or .jpg.")],
    kinds: Annotated[str, typer.Option(help="Names of kinds, with commas between.")] = "",
    columns: Annotated[int, typer.Option(help="Images of a kind.", min=1)] = 4,
    seed: int = 0,
) -> None:
    """Draw a sheet of procedural images."""
    draw_sheet(kinds.split(",") if kinds else [], columns, seed).save(picture)


if __name__ == "__main__":
    typer.run(main)
