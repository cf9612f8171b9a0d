"""Picture of the figures of accuracy.py."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.evaluate.figures import CLICKS_SHOWN
from napari_sam.evaluate.report import MEAN, Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# figure -> title of its panel
PANELS = {
    "click_1_iou": "mean IoU after one click",
    "click_1_under_half": "objects with an IoU under 0.5 after one click",
    "box_iou": "mean IoU for one box",
    "plane_msa": "all objects, automatically: mSA",
    "plane_ap50": "all objects, automatically: AP at an IoU of 0.5",
}


def draw(results: Results, path: Path) -> None:
    """Draw the mean IoU against the number of clicks, and bars for the figures of each set.

    Parameters
    ----------
    results : mapping
        Figures by set, then by method, with the means over sets.
    path : Path
        File for the picture, in the format of its suffix: ``.png``, ``.svg`` or ``.pdf``.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(16, 9), layout="constrained")
    axes = figure.subplots(2, 3)
    colours = {method: f"C{i}" for i, method in enumerate(_methods(results))}
    _draw_clicks(axes[0, 0], results, colours)
    for axis, (name, title) in zip(axes.flat[1:], PANELS.items(), strict=True):
        _draw_sets(axis, results, name, colours)
        axis.set_title(title)
    handles = {
        label: handle
        for axis in axes.flat
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        list(handles.values()), list(handles), loc="outside lower center", ncols=len(handles) or 1
    )
    figure.savefig(path, dpi=120)


def _methods(results: Results) -> Iterator[str]:
    yield from dict.fromkeys(method for by_method in results.values() for method in by_method)


def _draw_clicks(axis: "Axes", results: Results, colours: dict[str, str]) -> None:
    for method, figures in results[MEAN].items():
        counts = [n for n in CLICKS_SHOWN if f"click_{n}_iou" in figures]
        ious = [figures[f"click_{n}_iou"] for n in counts]
        if counts:
            axis.plot(counts, ious, "o-", color=colours[method], label=method)
    axis.set(xlabel="clicks", ylim=(0, 1), xticks=CLICKS_SHOWN)
    axis.set_title("mean IoU after some clicks, averaged over sets")


def _draw_sets(axis: "Axes", results: Results, name: str, colours: dict[str, str]) -> None:
    methods = [m for m in colours if any(name in row.get(m, {}) for row in results.values())]
    axis.set_visible(bool(methods))
    width = 0.8 / max(1, len(methods))
    for i, method in enumerate(methods):
        places = np.arange(len(results)) + (i - (len(methods) - 1) / 2) * width
        values = [row.get(method, {}).get(name, 0.0) for row in results.values()]
        axis.bar(places, values, width, color=colours[method], label=method)
    axis.set_ylim(0, 1)
    axis.set_xticks(range(len(results)), list(results), rotation=30, ha="right")
