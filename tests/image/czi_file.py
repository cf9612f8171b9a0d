"""A CZI file, written with pylibCZIrw: scenes side by side, each a mosaic of two tiles."""

from pathlib import Path

import numpy as np
from pylibCZIrw import czi


def write_czi(path: Path, scenes: np.ndarray, *, names: bool = True, seconds: float = 5.0) -> Path:
    """Write scenes ``(S, T, C, Z, Y, X)`` with pixels of 0.2 um, 1.5 um apart.

    Parameters
    ----------
    path : Path
        A new file.
    scenes : ndarray
        uint8 or uint16.
    names : bool
        Whether the scenes have the names left, right and so on.
    seconds : float
        Between two frames.
    """
    middle = scenes.shape[-1] // 2
    with czi.create_czi(str(path)) as file:
        for scene, t, c, z in np.ndindex(*scenes.shape[:4]):
            plane = scenes[scene, t, c, z, :, :, None]
            left = 100 + 2 * scene * scenes.shape[-1]
            for x in (0, middle):
                tile = plane[:, :middle] if x == 0 else plane[:, middle:]
                place = {"T": t, "C": c, "Z": z}
                file.write(np.ascontiguousarray(tile), (left + x, 40), place, scene=scene)
        file.write_metadata(
            channel_names={0: "DAPI", 1: "GFP"}, scale_x=2e-7, scale_y=2e-7, scale_z=1.5e-6
        )
    elements = (
        f"<T><Positions><Interval><Increment>{seconds}</Increment></Interval></Positions></T>"
    )
    if names:
        listed = ("left", "right", "third")[: len(scenes)]
        each = "".join(f'<Scene Index="{i}" Name="{name}"/>' for i, name in enumerate(listed))
        elements += f"<S><Scenes>{each}</Scenes></S>"
    with czi.edit_czi(str(path)) as editor:
        builder = editor.begin_edit()
        builder.set_xml(builder.get_xml().replace("<Dimensions>", f"<Dimensions>{elements}"))
        builder.commit()
    return path
