"""Results of the race, and the table of their medians."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

COLUMNS = (
    *("field", "way", "learning", "cells", "clicks", "boxes", "keys", "looks"),
    *("person min", "waits min", "total min", "processor min", "idle total min", "s a cell"),
    *("worst wait s", "AP found", "AP"),
)


@dataclass(frozen=True, slots=True)
class Race:
    """Result of one race.

    Parameters
    ----------
    field, way : str
        See ``race.py``.
    learning : bool
        Whether the dock learned by itself.
    cells, labels, given_up : int
        Numbers of true cells, of saved labels, and of cells that the person tried in vain.
    actions : dict of str to int
        Number of actions by kind.
    person, waiting, processor : float
        Seconds of the person, of waiting, and of the processor while the person waited.
    worst_wait : (str, float)
        The longest wait: for what, and seconds.
    waits : dict of str to float
        Seconds of waiting by what was waited for.
    ap : float
        AP at an IoU of 0.5 of the saved labels.
    found_ap : float or None
        The same right after *Find all objects*; None without a search.
    reviewed, dropped : int
        Number of objects that the review has shown, and of clicks that added no prompt.
    curve : list of (float, float)
        Seconds, with those of the processor as waits, and AP at that time.
    learned : str
        Line of the fold *Learning* at the end.
    is_saved : bool
        Whether the saved labels are those on the screen.
    """

    field: str
    way: str
    learning: bool
    cells: int
    labels: int
    given_up: int
    actions: dict[str, int]
    person: float
    waiting: float
    processor: float
    worst_wait: tuple[str, float]
    waits: dict[str, float]
    ap: float
    found_ap: float | None
    reviewed: int
    dropped: int
    curve: list[tuple[float, float]]
    learned: str
    is_saved: bool

    @property
    def minutes(self) -> float:
        """Minutes from opening the image until the labels are saved."""
        return (self.person + self.waiting) / 60

    @property
    def idle_minutes(self) -> float:
        """The same with the seconds of the processor as waits, as on an idle machine."""
        return (self.person + self.processor) / 60


def median_row(name: str, races: Sequence[Race]) -> list[str]:
    """Format the medians over races of the same way."""

    def middle(value: Any, digits: int = 0) -> str:
        return f"{median(float(value(each)) for each in races):.{digits}f}"

    def count(*kinds: str) -> str:
        return middle(lambda each: sum(each.actions.get(kind, 0) for kind in kinds))

    found = [each.found_ap for each in races if each.found_ap is not None]
    worst = max(races, key=lambda each: each.worst_wait[1]).worst_wait
    return [
        *(name, races[0].way, "on" if races[0].learning else "off"),
        middle(lambda each: each.cells),
        count("click", "background click"),
        count("box"),
        count("key", "shifted key", "right-hand key"),
        count("look"),
        middle(lambda each: each.person / 60, 1),
        middle(lambda each: each.waiting / 60, 1),
        middle(lambda each: each.minutes, 1),
        middle(lambda each: each.processor / 60, 1),
        middle(lambda each: each.idle_minutes, 1),
        middle(lambda each: 60 * each.idle_minutes / each.cells, 1),
        f"{worst[1]:.1f} ({worst[0]})",
        f"{median(found):.2f}" if found else "",
        middle(lambda each: each.ap, 2),
    ]


def table(races: Sequence[Race]) -> Iterator[str]:
    """Yield the lines of a Markdown table: medians by set, then over all sets."""
    yield f"| {' | '.join(COLUMNS)} |"
    yield f"|{'---|' * len(COLUMNS)}"
    kinds = list(dict.fromkeys((each.way, each.learning) for each in races))
    for name in dict.fromkeys(each.field.partition("/")[0] for each in races):
        for kind in kinds:
            same = [r for r in races if r.field.startswith(f"{name}/")]
            same = [r for r in same if (r.way, r.learning) == kind]
            if same:
                yield f"| {' | '.join(median_row(name, same))} |"
    for kind in kinds:
        same = [r for r in races if (r.way, r.learning) == kind]
        yield f"| {' | '.join(median_row('all', same))} |"
