"""``napari-sam demo``: the main job on a real image, in seconds."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from .option_groups import expand_groups
from .options import (
    DEFAULT_MODEL,
    DeviceOption,
    ModelOption,
    OverwriteOption,
    PrecisionOption,
    ReportOptions,
)
from .report import report
from .settings import fetch_weights


@expand_groups
def demo(
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the results; made if missing.")
    ] = Path("napari-sam-demo"),
    model: ModelOption = DEFAULT_MODEL,
    device: DeviceOption = None,
    precision: PrecisionOption = None,
    overwrite: OverwriteOption = False,
    report_options: ReportOptions,
) -> None:
    """Segment a real micrograph, by itself and from a few clicks, and draw what was found."""
    from tqdm import tqdm

    from napari_sam.demo import DEMO_FILES, run_demo

    fetch_weights(model, quiet=report_options.json)
    disable = report_options.json or None  # None: no bar where standard error is not a terminal
    with tqdm(total=len(DEMO_FILES), desc="demo", disable=disable, leave=False) as bar:
        result = run_demo(
            output,
            model=model,
            device=device,
            precision=precision,
            overwrite=overwrite,
            on_file=lambda _: bar.update() and None,
        )
    summary = {
        **asdict(result),
        "seconds": round(result.seconds, 2),
        "files": [str(file) for file in result.files],
    }
    report(summary, as_json=report_options.json)
