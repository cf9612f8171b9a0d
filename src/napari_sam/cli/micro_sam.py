"""``napari-sam cache import-micro-sam`` and ``export-micro-sam``: exchange of embeddings."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_sam.errors import OutputError

from .option_groups import expand_groups
from .options import (
    DeviceOption,
    ImageArgument,
    ImageOptions,
    ModelOption,
    OverwriteOption,
    PrecisionOption,
    ReportOptions,
)
from .report import progress, report
from .settings import Settings, path_or_url, weights_file
from .target import check_place

if TYPE_CHECKING:
    from napari_sam.embeddings.micro_sam import Origin, PlaneSurvey
    from napari_sam.image.volume import Volume
    from napari_sam.session import Session

FolderArgument = Annotated[Path, typer.Argument(metavar="FOLDER.zarr", help="micro-sam's folder.")]
OutArgument = Annotated[
    Path, typer.Argument(metavar="OUT.zarr", help="Where micro-sam shall find them.")
]


@expand_groups
def import_micro_sam(
    image: ImageArgument,
    folder: FolderArgument,
    *,
    model: ModelOption,
    image_options: ImageOptions,
    report_options: ReportOptions,
) -> None:
    """Take embeddings that micro-sam computed for IMAGE into the cache."""
    from napari_sam.embeddings.micro_sam import MicroSamFolder, check_exchangeable, import_planes

    settings = Settings(model, "cpu", image_options, precision="fp32")  # as micro-sam computes
    volume = settings.read(path_or_url(image))
    check_exchangeable(volume)
    stored = MicroSamFolder.open(folder)
    session, planes, origin = _surveyed(settings, volume, quiet=report_options.json)
    warnings = stored.check(origin, volume.plane_shape, volume.dtype)
    steps = session.encode(work=lambda encoder, _: import_planes(encoder, stored, planes))
    steps = progress(steps, len(planes), "import", quiet=report_options.json)
    counts = Counter(step.outcome for step in steps)
    cache = session.encoder.cache
    room = 0 if cache is None else cache.info().tiles_done
    if counts["taken"] > room:
        warnings.append(
            f"the cache has room for {room} planes, the first are pushed out already: give it more "
            "(NAPARI_SAM_CACHE_BUDGET), and import again"
        )
    summary = _summary(session, planes) | {
        "taken": counts["taken"],
        "other_limits": counts["other limits"],
        "damaged": counts["damaged"],
    }
    summary["warnings"] = warnings + summary["warnings"]
    if report_options.json:
        report(summary, as_json=True)
        return
    report({"warnings": summary["warnings"]}, as_json=False)
    typer.echo(_sentence(summary))
    typer.echo(
        f"they are used with --model {model} --contrast {_contrast_option(summary['contrast'])}"
    )


@expand_groups
def export_micro_sam(
    image: ImageArgument,
    output: OutArgument,
    *,
    model: ModelOption,
    device: DeviceOption = None,
    precision: PrecisionOption = None,
    image_options: ImageOptions,
    overwrite: OverwriteOption = False,
    report_options: ReportOptions,
) -> None:
    """Write the embeddings of IMAGE so that micro-sam opens them; what is missing is computed."""
    from napari_sam.embeddings.micro_sam import check_exchangeable, check_limits, export_planes
    from napari_sam.labels.files.atomic import replacing
    from napari_sam.labels.files.inputs import Inputs

    Inputs({Path(image): "image"} | weights_file(model)).check([output])
    _check_target(output, overwrite=overwrite)
    settings = Settings(model, device, image_options, precision=precision)
    volume = settings.read(path_or_url(image))
    check_exchangeable(volume)
    session, planes, origin = _surveyed(settings, volume, quiet=report_options.json)
    check_limits(session.mapping, session.volume, planes)
    with replacing(output) as place:
        steps = session.encode(
            work=lambda encoder, _: export_planes(encoder, planes, origin, place)
        )
        for _ in progress(steps, len(planes), "export", quiet=report_options.json):
            pass
    summary = _summary(session, planes)
    if not report_options.json:
        summary["contrast"] = _contrast_option(summary["contrast"])
    report({"file": str(output), **summary}, as_json=report_options.json)


def _surveyed(
    settings: Settings, volume: "Volume", *, quiet: bool
) -> "tuple[Session, list[PlaneSurvey], Origin]":
    """Load the model, survey the image, and open a session on it.

    Without ``--contrast`` the limits are the lowest and the highest value of the image, as in
    micro-sam.

    Returns
    -------
    Session
        Session with these limits.
    list of PlaneSurvey
        Limits and digest of each plane.
    Origin
        Attributes under which micro-sam stores embeddings of the image.
    """
    from napari_sam import __version__
    from napari_sam.embeddings.micro_sam import model_type, origin_of, survey, whole_range
    from napari_sam.model.sam import Sam

    model_hash = _published_hash(str(settings.model))
    settings = settings.loaded(quiet=quiet)
    if isinstance(settings.model, Sam):
        model_type(settings.model.config)  # refuses other families before the image is read
    total = len(list(volume.planes()))
    planes = list(progress(survey(volume), total, "read", quiet=quiet))
    if settings.image.contrast is None:
        contrast = whole_range(planes)
        settings = replace(settings, image=replace(settings.image, contrast=contrast))
    session = settings.open(volume, quiet=quiet)
    # micro-sam warns of any version but its own, so the name of this program may stand there
    version = f"napari-sam {__version__}"
    origin = origin_of(session.model.config, session.volume, planes, model_hash, version)
    return session, planes, origin


def _published_hash(model: str) -> str | None:
    """Return the XXH128 hash of a model's weights; None if the catalogue has no hash of that kind.

    micro-sam recognises a model by this hash.
    """
    from napari_sam.weights.catalogue import find_card

    card = None if Path(model).is_file() else find_card(model)
    file_hash = card.files[0].hash if card is not None else None
    return file_hash if file_hash is not None and file_hash.startswith("xxh128:") else None


def _summary(session: "Session", planes: "list[PlaneSurvey]") -> dict[str, Any]:
    return {
        "planes": len(planes),
        "model": session.model.config.name,
        "contrast": list(session.mapping.limits[0]),
        "warnings": list(session.warnings),
    }


def _sentence(summary: dict[str, Any]) -> str:
    """Say how many planes were imported, and why the rest were not."""
    parts = [f"{summary['taken']} of {summary['planes']} planes taken"]
    if skipped := summary["other_limits"]:
        verb = "has" if skipped == 1 else "have"
        parts.append(f"{skipped} {verb} other limits of contrast and will be computed")
    if damaged := summary["damaged"]:
        verb = "is" if damaged == 1 else "are"
        parts.append(f"{damaged} {verb} damaged and will be computed")
    return "; ".join(parts)


def _contrast_option(limits: list[float]) -> str:
    """Format limits as ``--contrast`` takes them: whole numbers without a decimal point."""
    return " ".join(repr(limit).removesuffix(".0") for limit in limits)


def _check_target(output: Path, *, overwrite: bool) -> None:
    """Raise OutputError, before the long work, if the export would replace other data."""
    from napari_sam.embeddings.micro_sam import is_replaceable

    if output.suffix != ".zarr":
        raise OutputError(
            f"{output.name} is no name for embeddings of micro-sam: end it with .zarr"
        )
    check_place(output)
    if not output.parent.is_dir():
        raise OutputError(
            f"the folder {output.parent} does not exist: create it, or choose another one"
        )
    if not output.exists():
        return
    if not overwrite:
        raise OutputError(
            f"{output} exists already: choose another name, or replace it with --overwrite"
        )
    if not is_replaceable(output):
        raise OutputError(
            f"{output} holds something else than embeddings of micro-sam: choose another name"
        )
