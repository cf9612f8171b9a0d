"""Measure options: columns of ``napari-sam measure``, and how its files are read."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import AxesOption, SeriesOption

if TYPE_CHECKING:
    from napari_sam.measure.texture import Texture


@dataclass(frozen=True, slots=True)
class MeasureOptions:
    """Options of the measurements of an image, or of each field of a plate.

    The command takes the group through :func:`~napari_sam.cli.option_groups.expand_groups`.

    Parameters
    ----------
    shape, texture : bool
        Whether shapes and neighbours, and textures are measured.
    contrast : tuple of float or None
        Intensities of the lowest and highest grey level of textures; chosen from the image if None.
    axes : str or None
        One letter of TCZYX for each dimension of the image, or of labels without an image; guessed
        if None.
    series : str or None
        Number or name of the image in a file that holds several; name of the labels inside the
        fields of a plate; the first if None.
    """

    shape: Annotated[
        bool, typer.Option(help="Measure shapes and neighbours too, a millisecond an object.")
    ] = True
    texture: Annotated[
        bool,
        typer.Option(
            "--texture",
            help="Measure the texture of each channel too, on 32 grey levels of --image, a "
            "millisecond an object.",
        ),
    ] = False
    contrast: Annotated[
        tuple[float, float] | None,
        typer.Option(
            metavar="LOW HIGH",
            help="Intensities of the lowest and highest grey level of --texture; by default chosen "
            "from the image.",
        ),
    ] = None
    axes: AxesOption = None
    series: SeriesOption = None

    def check(self, image: Path | None) -> None:
        """Check that the options about texture go together.

        Raises
        ------
        typer.BadParameter
            If the image is missing, or limits of contrast are given without ``--texture``.
        """
        if self.texture and image is None:
            raise typer.BadParameter("--texture is measured in the image: give --image too")
        if self.contrast is not None and not self.texture:
            raise typer.BadParameter("--contrast is for the grey levels of --texture: give it too")

    def grey_levels(self) -> "Texture | None":
        """Grey levels for the textures; None if no texture is measured."""
        from napari_sam.measure.texture import Texture

        return Texture(contrast=self.contrast or "auto") if self.texture else None
