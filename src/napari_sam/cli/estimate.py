"""``napari-sam evaluate --estimate``: number of wrong objects, from looks at a sample."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_sam.errors import LabelError, OutputError

from .options import OverwriteOption
from .report import progress, report, warn

if TYPE_CHECKING:
    from napari_sam.evaluate.ground_truth import Pair
    from napari_sam.image.volume import Volume
    from napari_sam.session import Session

    from .settings import Settings

_NO_DRAWS = (
    "no look is marked as random, so nothing is known about the other objects: --looks N -o FILE "
    "draws objects to look at"
)


@dataclass(frozen=True, slots=True)
class EstimateOptions:
    """Options of ``evaluate`` for an estimate of wrong objects.

    Parameters
    ----------
    estimate : bool
        Whether to estimate, instead of the other figures.
    decisions : Path or None
        Table with a verdict on some of the found objects.
    looks : int
        Objects to look at.
    output : Path or None
        Table to write, for verdicts.
    overwrite : bool
        Whether `output` may replace a file.
    """

    estimate: Annotated[
        bool,
        typer.Option(
            "--estimate",
            help="Say how many found objects are wrong, with a 95 % interval, from looks at some.",
        ),
    ] = False
    decisions: Annotated[
        Path | None,
        typer.Option(help="With --estimate: a .csv with label, verdict (right, wrong), random."),
    ] = None
    looks: Annotated[
        int, typer.Option(min=1, help="With --estimate: objects to look at, drawn at random.")
    ] = 40
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="With --estimate: a .csv of these, for --decisions."),
    ] = None
    overwrite: OverwriteOption = False

    def check(self, images: Path, labels: Path | None) -> None:
        """Refuse arguments and options that do not go together."""
        if not self.estimate and (self.decisions or self.output):
            raise typer.BadParameter("--decisions and --output go with --estimate")
        if self.decisions and self.output:
            raise typer.BadParameter("give --decisions for an estimate, or --output for a table")
        if labels is not None and (self.decisions or self.output):
            raise typer.BadParameter("LABELS are the truth, which takes no --decisions or --output")
        is_found = images.suffix.lower() in (".csv", ".zarr") and labels is None
        if self.estimate and self.needs_truth and is_found:
            raise typer.BadParameter(
                f"{images.name} without true labels: -o FILE.csv draws objects to look at, and "
                "--decisions FILE.csv takes the verdicts on them"
            )

    @property
    def needs_truth(self) -> bool:
        """Whether the looks are answered by true objects, not by a person."""
        return self.decisions is None and self.output is None


def estimate_by_person(found: Path, options: EstimateOptions, *, as_json: bool) -> None:
    """Write a table of objects to look at, or print the estimate from a filled-in table.

    Parameters
    ----------
    found : Path
        Labels with scores, or a table with them.
    options : EstimateOptions
        Name either of the tables.
    as_json : bool
        Whether to print JSON.
    """
    from .looks_table import read_scored

    scores = read_scored(found)
    if options.output is not None:
        report(_draw(found, scores, options.output, options), as_json=as_json)
    elif options.decisions is not None:
        _print_estimate(scores, options.decisions, as_json=as_json)


def _draw(
    found: Path, scores: Mapping[int, float], output: Path, options: EstimateOptions
) -> dict[str, Any]:
    """Write the table of objects to look at."""
    import numpy as np

    from napari_sam.evaluate.looks import spread_draw
    from napari_sam.labels.files.inputs import Inputs

    from .looks_table import write_looks
    from .target import check_place

    Inputs({found: "file of found objects"}).check([output])
    check_place(output)
    if output.suffix.lower() != ".csv":
        raise OutputError(f"the objects to look at are a .csv file: not {output.name}")
    if output.exists() and not options.overwrite:
        raise OutputError(f"{output} exists: choose another name, or --overwrite")
    labels = sorted(scores)
    rng = np.random.default_rng(len(labels))
    drawn = spread_draw(np.array([scores[k] for k in labels]), options.looks, rng)
    write_looks(output, [labels[i] for i in drawn], scores)
    return {"file": str(output), "looks": len(drawn), "objects": len(labels), "warnings": []}


def _print_estimate(scores: Mapping[int, float], table: Path, *, as_json: bool) -> None:
    from napari_sam.evaluate.estimate import estimate_wrong

    from .looks_table import read_decisions

    decisions = read_decisions(table, scores)
    if not decisions:
        raise LabelError(f"{table} has no verdict: write right or wrong behind each label")
    turn_of = {decision.label: turn for turn, decision in enumerate(decisions, 1)}
    wrong = {decision.label for decision in decisions if decision.wrong}
    random = {decision.label for decision in decisions if decision.random}
    estimate = estimate_wrong(
        list(scores.values()),
        [turn_of.get(label, 0) for label in scores],
        [label in wrong for label in scores],
        [label in random for label in scores],
    )
    warnings = [] if random or len(decisions) == len(scores) else [_NO_DRAWS]
    if as_json:
        report(asdict(estimate) | {"warnings": warnings}, as_json=True)
        return
    for line in warnings:
        warn(line)
    typer.echo(f"{str(estimate).capitalize()}, by {estimate.looks} looks.")
    if estimate.looks_to_halve:
        typer.echo(f"{estimate.looks_to_halve} more looks halve this range.")


def estimate_by_truth(
    settings: "Sequence[Settings]",
    sets: "Mapping[str, Sequence[Pair]]",
    looks: int,
    *,
    as_json: bool,
) -> None:
    """Segment images, answer the looks by the true objects, and print how often the range holds.

    Parameters
    ----------
    settings : sequence of Settings
        The models.
    sets : mapping of str to sequence of Pair
        Images with true labels, by the name of the set.
    looks : int
        Objects to look at.
    as_json : bool
        Whether to print JSON.
    """
    rows: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in sets}
    sessions: list[Session] = []
    for unloaded in settings:
        loaded = unloaded.loaded(quiet=as_json)
        for name, pairs in sets.items():
            rows[name][str(unloaded.model)] = _covered(pairs, loaded, looks, sessions, as_json)
    warnings = list(dict.fromkeys(line for session in sessions for line in session.warnings))
    if as_json:
        report({"sets": rows, "warnings": warnings}, as_json=True)
        return
    for line in warnings:
        warn(line)
    typer.echo("| set | method | objects | wrong | estimate | 95 % interval | held |")
    typer.echo("|---" * 7 + "|")
    for name, by_model in rows.items():
        for model, row in by_model.items():
            cells = "{total} | {true_wrong} | {wrong} | {low} to {high} | {held:.1%}".format(**row)
            typer.echo(f"| {name} | {model} | {cells} |")


def _covered(
    pairs: "Sequence[Pair]",
    settings: "Settings",
    looks: int,
    sessions: "list[Session]",
    quiet: bool,
) -> dict[str, Any]:
    """Estimate from the first draw of looks, the true number, and the coverage of many draws.

    `sessions` gets the session on each image, for its warnings.
    """
    from napari_sam.evaluate.coverage import measure_coverage
    from napari_sam.evaluate.rightness import JudgedObjects, judge_pairs

    def open_session(volume: "Volume") -> "Session":
        sessions.append(settings.open(volume, quiet=quiet))
        return sessions[-1]

    steps = judge_pairs(pairs, open_session)
    first = list(islice(steps, 1))  # none, if no plane of a stack has a true object
    total = first[0].total if first else 0
    bar = progress(chain(first, steps), total, "evaluate", quiet=quiet)
    judged = JudgedObjects.of_all(step.objects for step in bar)
    if not len(judged):
        raise LabelError(f"nothing was found in {pairs[0].image}: there is nothing to look at")
    coverage = measure_coverage(judged, looks)
    return asdict(coverage.first) | {
        "true_wrong": coverage.wrong,
        "held": coverage.held,
        "mean_width": coverage.width,
    }
