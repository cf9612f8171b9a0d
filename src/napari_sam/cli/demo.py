"""``napari-sam demo``: the main job on a real image, in seconds."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from .options import (
    DEFAULT_MODEL,
    DebugOption,
    DeviceOption,
    JsonOption,
    ModelOption,
    OverwriteOption,
    fetch_weights,
)
from .report import report


def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the results; made if missing.")
    ] = Path("napari-sam-demo"),
    model: ModelOption = DEFAULT_MODEL,
    device: DeviceOption = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Segment a real micrograph, by itself and from a few clicks, and draw what was found."""
    from tqdm import tqdm

    from napari_sam.demo import DEMO_FILES, run_demo

    fetch_weights(model, quiet=json)
    with tqdm(total=len(DEMO_FILES), desc="demo", disable=json or None, leave=False) as bar:
        result = run_demo(
            output,
            model=model,
            device=device,
            overwrite=overwrite,
            on_file=lambda _: bar.update() and None,
        )
    summary = {
        **asdict(result),
        "seconds": round(result.seconds, 2),
        "files": [str(file) for file in result.files],
    }
    report(summary, as_json=json)
