"""``napari-sam cache import-micro-sam`` and ``export-micro-sam``: embeddings computed once."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_sam.errors import OutputError

from .options import (
    AxesOption,
    CacheDirOption,
    ChannelsOption,
    ContrastOption,
    DebugOption,
    DeviceOption,
    ImageArgument,
    JsonOption,
    ModelOption,
    OverwriteOption,
    Settings,
    located,
)
from .report import progress, report

if TYPE_CHECKING:
    from napari_sam.embeddings.micro_sam import Origin, PlaneSurvey
    from napari_sam.image.volume import Volume
    from napari_sam.session import Session

FolderArgument = Annotated[Path, typer.Argument(metavar="FOLDER.zarr", help="micro-sam's folder.")]
OutArgument = Annotated[
    Path, typer.Argument(metavar="OUT.zarr", help="Where micro-sam shall find them.")
]


def import_micro_sam(
    image: ImageArgument,
    folder: FolderArgument,
    model: ModelOption,
    axes: AxesOption = None,
    channels: ChannelsOption = None,
    contrast: ContrastOption = None,
    cache_dir: CacheDirOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Take embeddings that micro-sam computed for IMAGE into the cache."""
    from napari_sam.embeddings.micro_sam import MicroSamFolder, check_exchangeable, import_planes

    settings = Settings(model, "cpu", axes, channels, contrast, cache_dir)
    volume = settings.read(located(image))
    check_exchangeable(volume)
    stored = MicroSamFolder.open(folder)
    session, planes, origin = _surveyed(settings, volume, quiet=json)
    warnings = stored.check(origin, volume.plane_shape, volume.dtype)
    steps = session.encode(work=lambda encoder, _: import_planes(encoder, stored, planes))
    steps = progress(steps, len(planes), "import", quiet=json)
    counts = Counter(step.outcome for step in steps)
    if counts["taken"] > (room := session.interactive.room):
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
    if json:
        report(summary, as_json=True)
        return
    report({"warnings": summary["warnings"]}, as_json=False)
    typer.echo(_sentence(summary))
    typer.echo(f"they are used with --model {model} --contrast {_plain(summary['contrast'])}")


def export_micro_sam(
    image: ImageArgument,
    output: OutArgument,
    model: ModelOption,
    device: DeviceOption = None,
    axes: AxesOption = None,
    channels: ChannelsOption = None,
    contrast: ContrastOption = None,
    cache_dir: CacheDirOption = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Write the embeddings of IMAGE so that micro-sam opens them; what is missing is computed."""
    from napari_sam.embeddings.micro_sam import check_exchangeable, check_limits, export_planes
    from napari_sam.labels.files.atomic import replacing

    _check_target(output, overwrite=overwrite)
    settings = Settings(model, device, axes, channels, contrast, cache_dir)
    volume = settings.read(located(image))
    check_exchangeable(volume)
    session, planes, origin = _surveyed(settings, volume, quiet=json)
    check_limits(session.volume, session.mapping, planes)
    with replacing(output) as place:
        steps = session.encode(
            work=lambda encoder, _: export_planes(encoder, planes, origin, place)
        )
        for _ in progress(steps, len(planes), "export", quiet=json):
            pass
    summary = _summary(session, planes)
    summary["contrast"] = summary["contrast"] if json else _plain(summary["contrast"])
    report({"file": str(output), **summary}, as_json=json)


def _surveyed(
    settings: Settings, volume: "Volume", *, quiet: bool
) -> "tuple[Session, list[PlaneSurvey], Origin]":
    """Load the model and read the image; without limits, those of the image's values are taken."""
    from napari_sam import __version__
    from napari_sam.embeddings.micro_sam import model_type, origin_of, survey, whole_range
    from napari_sam.model.sam import Sam

    model_hash = _known_hash(str(settings.model))
    settings = settings.loaded(quiet=quiet)
    if isinstance(settings.model, Sam):
        model_type(settings.model.config)  # refused before the image is read
    total = len(list(volume.planes()))
    planes = list(progress(survey(volume), total, "read", quiet=quiet))
    if settings.contrast is None:
        settings = replace(settings, contrast=whole_range(planes))
    session = settings.open(volume, quiet=quiet)
    # micro-sam warns of any version but its own; this one says who it was
    version = f"napari-sam {__version__}"
    origin = origin_of(session.model.config, session.volume, planes, model_hash, version)
    return session, planes, origin


def _known_hash(model: str) -> str | None:
    """The hash that micro-sam knows a model by; of some models only another one is published."""
    from napari_sam.weights.catalogue import find_card

    card = None if Path(model).is_file() else find_card(model)
    known = card.files[0].hash if card is not None else None
    return known if known is not None and known.startswith("xxh128:") else None


def _summary(session: "Session", planes: "list[PlaneSurvey]") -> dict[str, Any]:
    return {
        "planes": len(planes),
        "model": session.model.config.name,
        "contrast": list(session.mapping.limits[0]),
        "warnings": list(session.warnings),
    }


def _sentence(summary: dict[str, Any]) -> str:
    parts = [f"{summary['taken']} of {summary['planes']} planes taken"]
    if others := summary["other_limits"]:
        verb = "has" if others == 1 else "have"
        parts.append(f"{others} {verb} other limits of contrast and will be computed")
    if damaged := summary["damaged"]:
        verb = "is" if damaged == 1 else "are"
        parts.append(f"{damaged} {verb} damaged and will be computed")
    return "; ".join(parts)


def _plain(limits: list[float]) -> str:
    return " ".join(repr(limit).removesuffix(".0") for limit in limits)


def _check_target(output: Path, *, overwrite: bool) -> None:
    """See that nothing but embeddings is replaced, before the long work."""
    from napari_sam.embeddings.micro_sam import is_replaceable

    if output.suffix != ".zarr":
        raise OutputError(
            f"{output.name} is no name for embeddings of micro-sam: end it with .zarr"
        )
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
