"""Report: figures of sets and methods as Markdown tables."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from .figures import Figures, macro_mean

MEAN = "mean over sets"
"""Name of the row with means, in the place of the name of a set."""

Results = Mapping[str, Mapping[str, Figures]]
"""Figures by set, then by method. A method is a model, or a classical algorithm without one."""


def _number(value: float) -> str:
    return f"{value:.3f}"


def _share(value: float) -> str:
    return f"{value:.1%}"


def _clicks(value: float) -> str:
    return f"{value:.1f}"


def _count(value: float) -> str:
    return f"{value:.0f}"


Column = tuple[str, str, Callable[[float], str]]
"""Heading, name of the figure, and function that formats its value."""

PROMPTED: tuple[Column, ...] = (
    ("objects", "objects", _count),
    ("click 1", "click_1_iou", _number),
    ("3", "click_3_iou", _number),
    ("5", "click_5_iou", _number),
    ("click 1 < 0.5", "click_1_under_half", _share),
    ("clicks to 0.85", "noc", _clicks),
    ("never", "never", _share),
    ("IoU error", "click_1_iou_error", _number),
    ("box", "box_iou", _number),
    ("box < 0.5", "box_under_half", _share),
    ("IoU error", "box_iou_error", _number),
    ("background clicks", "background_clicks", _count),
    ("taken", "background_taken", _share),
    ("score error there", "background_score_error", _number),
    ("on objects", "object_score_error", _number),
)


def _automatic(name: str) -> tuple[Column, ...]:
    """Return the columns of automatic segmentation, of a ``plane`` or a ``stack``."""
    return (
        ("objects", f"{name}_objects", _count),
        ("AP at 0.5", f"{name}_ap50", _number),
        ("mSA", f"{name}_msa", _number),
        ("missed", f"{name}_missed", _share),
        ("split", f"{name}_split", _share),
        ("merged", f"{name}_merged", _share),
        ("added", f"{name}_added", _share),
    )


TABLES: Mapping[str, tuple[Column, ...]] = {
    "Clicks and boxes": PROMPTED,
    "All objects, automatically": _automatic("plane"),
    "All objects of volumes, in 3D": _automatic("stack"),
}


def with_means(results: Results) -> dict[str, dict[str, Figures]]:
    """Add the means of each method over the sets, under the name :data:`MEAN`.

    Every set weighs the same, whatever its size; see
    :func:`~napari_sam.evaluate.figures.macro_mean`.
    """
    methods = dict.fromkeys(method for by_method in results.values() for method in by_method)
    means = {
        method: macro_mean(
            by_method[method] for by_method in results.values() if method in by_method
        )
        for method in methods
    }
    return {**{name: dict(by_method) for name, by_method in results.items()}, MEAN: means}


def markdown(results: Results) -> str:
    """Format results as Markdown tables: prompted, automatic in planes, and automatic in volumes.

    Parameters
    ----------
    results : mapping
        Figures by set, then by method.

    Returns
    -------
    str
        Tables that have a figure, without a line break at the end.
    """
    return "\n\n".join(_tables(results))


def _tables(results: Results) -> Iterator[str]:
    for title, columns in TABLES.items():
        filled = [column for column in columns if _has_values(column[1], results)]
        if filled:
            yield f"**{title}**\n\n" + "\n".join(_lines(filled, results))


def _has_values(figure: str, results: Results) -> bool:
    """Whether any method on any set has a figure of this name."""
    return any(
        figure in figures for by_method in results.values() for figures in by_method.values()
    )


def _lines(columns: Sequence[Column], results: Results) -> Iterator[str]:
    yield "| set | method | " + " | ".join(heading for heading, _, _ in columns) + " |"
    yield "|---" * (len(columns) + 2) + "|"
    for name, by_method in results.items():
        for method, figures in by_method.items():
            cells = [show(figures[key]) if key in figures else "" for _, key, show in columns]
            if any(cells):
                yield f"| {name} | {method} | " + " | ".join(cells) + " |"
