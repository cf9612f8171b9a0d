"""Results page: figures, curve and pictures of a fine-tuning in an HTML file."""

import platform
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_sam import __version__
from napari_sam.evaluate.figures import Figures
from napari_sam.labels.files.atomic import replacing
from napari_sam.overlay import outlined

from .curve import curve_svg
from .fine_tune import MIXED, FineTuned
from .labelled_plane import LabelledPlane
from .split import Split

PICTURES = 3
"""Planes that are shown, at most."""

_SIDE = 256
"""Side of the part of a plane that is shown, in pixels."""

_ZOOM = 2
_MOST_NAMES = 30
"""Images that a list names, at most."""

_ROWS = (
    ("AP at IoU 0.5, all objects, automatically", "plane_ap50", "{:.3f}"),
    ("mSA, mean of AP at 0.5 to 0.95", "plane_msa", "{:.3f}"),
    ("IoU after one click", "click_1_iou", "{:.3f}"),
    ("one click, share of objects under 0.5", "click_1_under_half", "{:.1%}"),
    ("IoU from a box", "box_iou", "{:.3f}"),
    ("box, share of objects under 0.5", "box_under_half", "{:.1%}"),
)

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em;
  color: #222; background: #fff; }
table { border-collapse: collapse; } td, th { padding: .25em 1em .25em 0; text-align: left; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
tr { border-bottom: 1px solid #ddd; }
svg { max-width: 100%; } svg text { font-size: 12px; fill: #555; }
svg .axis { fill: none; stroke: #888; }
svg .line { fill: none; stroke: #06c; stroke-width: 1.5; }
figure { margin: 1em 0; } img { width: 32%; image-rendering: pixelated; }
code { background: #f2f2f2; padding: .1em .3em; word-break: break-all; }
"""


@dataclass(frozen=True, slots=True)
class About:
    """Description of a training for its page: names, command, course, warnings.

    Parameters
    ----------
    name : str
        Name of the model.
    base : str
        The model that it was fine-tuned from, for people.
    command : str
        What the user did.
    course : str
        What learned and how long, as a sentence.
    warnings : tuple of str
        What was left out or decided.
    """

    name: str
    base: str
    command: str
    course: str
    warnings: tuple[str, ...] = ()


def write_results_page(path: Path, tuned: FineTuned, data: Split, about: About) -> None:
    """Write the page of results, with pictures and style inside.

    Parameters
    ----------
    path : Path
        HTML file; replaced in one step.
    tuned : FineTuned
        Model with figures and answers.
    data : Split
        Images that were learned and kept apart.
    about : About
        What the page says beside.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    page = "\n".join(_page(tuned, data, about))
    with replacing(path) as partial:
        partial.write_text(page, encoding="utf-8")


def _figure_rows(before: Figures, after: Figures) -> Iterator[tuple[str, str, str]]:
    """Rows of the table of figures: name, value before, value after."""
    for text, name, form in _ROWS:
        if name in before and name in after:
            yield text, form.format(before[name]), form.format(after[name])


def _page(tuned: FineTuned, data: Split, about: About) -> Iterator[str]:
    name = escape(about.name)
    yield f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
    yield f"<style>{_STYLE}</style></head><body>"
    yield f"<h1>{name}</h1><p>Fine-tuned from {escape(about.base)}. {escape(about.course)}</p>"
    yield f"<h2>Before and after</h2><p>{_apart(tuned, data)}</p>"
    yield "<table><tr><th></th><th>before</th><th>after</th></tr>"
    for row in _figure_rows(*tuned.figures):
        cells = "".join(f'<td class="number">{value}</td>' for value in row[1:])
        yield f"<tr><td>{escape(row[0])}</td>{cells}</tr>"
    yield "</table><h2>Pictures</h2>"
    yield from _pictures(tuned)
    yield "<h2>Loss</h2>" + (curve_svg(tuned.losses) if tuned.losses else "<p>No step.</p>")
    yield f"<p>{len(tuned.losses)} steps; the model has {MIXED:.0%} of what was learned.</p>"
    yield "<h2>How it was made</h2><dl>"
    for term, text in _facts(data, about):
        yield f"<dt>{term}</dt><dd>{text}</dd>"
    yield "</dl></body></html>"


def _apart(tuned: FineTuned, data: Split) -> str:
    objects = round(tuned.figures[0].get("objects", 0))
    if data.by_object:
        return (
            f"On {objects} objects that were held back, of the image that was learned: with a "
            "single image nothing else can be kept apart, and other images may be worse."
        )
    return f"On images kept apart, which were not learned; {objects} objects were asked."


def _pictures(tuned: FineTuned) -> Iterator[str]:
    pictures = 0
    for plane, before, after in zip(tuned.planes, tuned.before, tuned.after, strict=True):
        if before.labels is None or after.labels is None or pictures == PICTURES:
            continue
        pictures += 1
        region = plane.middle(_SIDE)
        images = "".join(
            _image(plane.rgb[region], labels[region], text)
            for text, labels in (
                ("true", plane.labels), ("before", before.labels), ("after", after.labels)
            )
        )  # fmt: skip
        caption = f"{escape(plane.name)}: labels, objects found before, objects found after"
        yield f"<figure>{images}<figcaption>{caption}</figcaption></figure>"
    if not pictures:
        yield "<p>None: this model does not find objects by itself within seconds.</p>"


def _image(rgb: NDArray[np.uint8], labels: NDArray[np.integer], text: str) -> str:
    picture = Image.fromarray(outlined(rgb, labels, _ZOOM)).quantize()
    content = BytesIO()
    picture.save(content, format="PNG")
    data = b64encode(content.getvalue()).decode()
    return f'<img alt="{text}" src="data:image/png;base64,{data}"> '


def _facts(data: Split, about: About) -> Iterator[tuple[str, str]]:
    yield "Made", f"{datetime.now():%Y-%m-%d %H:%M}"
    yield "Command", f"<code>{escape(about.command)}</code>"
    yield "Learned", f"{data.objects} objects of {_names(data.learned)}"
    yield "Kept apart", _names(data.apart)
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "numpy"))
    python = platform.python_version()
    yield "Versions", escape(f"napari-sam {__version__}, {versions}, Python {python}")
    if about.warnings:
        yield "Warnings", "<br>".join(map(escape, about.warnings))


def _names(planes: Sequence[LabelledPlane]) -> str:
    names = list(dict.fromkeys(plane.name for plane in planes))
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return escape(", ".join(names[:_MOST_NAMES]) + more)
