"""Report: figures of sets and methods as a table."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from .figures import Figures, macro_mean

MEAN = "mean over sets"

Results = Mapping[str, Mapping[str, Figures]]
"""Set to method to figures. A method is a model, or a way to do without one."""


def _number(value: float) -> str:
    return f"{value:.3f}"


def _share(value: float) -> str:
    return f"{value:.1%}"


def _clicks(value: float) -> str:
    return f"{value:.1f}"


def _count(value: float) -> str:
    return f"{value:.0f}"


Column = tuple[str, str, Callable[[float], str]]

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
    """The results, and under :data:`MEAN` those of each method averaged over the sets."""
    methods = dict.fromkeys(method for own in results.values() for method in own)
    means = {
        method: macro_mean(own[method] for own in results.values() if method in own)
        for method in methods
    }
    return {**{name: dict(own) for name, own in results.items()}, MEAN: means}


def markdown(results: Results) -> str:
    """The results as Markdown tables, one for each part that was looked at.

    Parameters
    ----------
    results : mapping
        Set to method to figures.

    Returns
    -------
    str
        Without a line break at the end.
    """
    return "\n\n".join(_tables(results))


def _tables(results: Results) -> Iterator[str]:
    for title, columns in TABLES.items():
        known = [column for column in columns if _is_known(column[1], results)]
        if known:
            yield f"**{title}**\n\n" + "\n".join(_lines(known, results))


def _is_known(figure: str, results: Results) -> bool:
    return any(figure in figures for own in results.values() for figures in own.values())


def _lines(columns: Sequence[Column], results: Results) -> Iterator[str]:
    yield "| set | method | " + " | ".join(heading for heading, _, _ in columns) + " |"
    yield "|---" * (len(columns) + 2) + "|"
    for name, own in results.items():
        for method, figures in own.items():
            cells = [show(figures[key]) if key in figures else "" for _, key, show in columns]
            if any(cells):
                yield f"| {name} | {method} | " + " | ".join(cells) + " |"
