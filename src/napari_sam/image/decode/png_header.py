"""PngHeader: size and kind of the pixels of a PNG, from the first bytes of the file."""

import struct
from dataclasses import dataclass
from pathlib import Path

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_IHDR = struct.Struct(">I4sIIBB")  # length, name, width, height, bits, colour type
_STORED = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Colour type -> values of a pixel (PNG, third edition, table 8)."""


@dataclass(frozen=True, slots=True)
class PngHeader:
    """Size and kind of the pixels of a PNG.

    Parameters
    ----------
    width, height : int
        Pixels.
    bits : int
        Bits of a value: 1, 2, 4, 8 or 16.
    colour_type : int
        0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA.
    """

    width: int
    height: int
    bits: int
    colour_type: int

    @classmethod
    def read(cls, path: Path) -> "PngHeader | None":
        """Read the header of a file; None if the file is no PNG, or a damaged one."""
        with path.open("rb") as file:
            start = file.read(len(_SIGNATURE) + _IHDR.size)
        if not start.startswith(_SIGNATURE) or len(start) < len(_SIGNATURE) + _IHDR.size:
            return None
        _, name, width, height, bits, colour_type = _IHDR.unpack_from(start, len(_SIGNATURE))
        if name != b"IHDR" or colour_type not in _STORED or not width or not height:
            return None
        return cls(width, height, bits, colour_type)

    @property
    def has_palette(self) -> bool:
        """Whether values are indices of colours."""
        return self.colour_type == 3

    @property
    def colours(self) -> int:
        """Values of a decoded pixel: 1 grey, without alpha; 3 RGB, 4 RGBA."""
        return 1 if self.colour_type in (0, 4) else _STORED[self.colour_type]

    @property
    def nbytes(self) -> int:
        """Bytes of the decoded pixels."""
        stored = _STORED[self.colour_type]
        return self.width * self.height * stored * (2 if self.bits == 16 else 1)
