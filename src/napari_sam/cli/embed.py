"""``napari-sam embed``: encode an image into the cache before anybody clicks."""

from time import perf_counter

from .option_groups import expand_groups
from .options import (
    DEFAULT_MODEL,
    DeviceOption,
    ImageArgument,
    ImageOptions,
    ModelOption,
    ReportOptions,
    SchedulerOption,
)
from .report import progress, report
from .settings import Settings, path_or_url
from .share_work import share_work


@expand_groups
def embed(
    image: ImageArgument,
    *,
    model: ModelOption = DEFAULT_MODEL,
    device: DeviceOption = None,
    image_options: ImageOptions,
    scheduler: SchedulerOption = None,
    report_options: ReportOptions,
) -> None:
    """Encode all tiles of IMAGE into the cache; what is there already is skipped."""
    started = perf_counter()
    quiet = report_options.json
    settings = Settings(model, device, image_options)
    volume = settings.read(path_or_url(image))
    with share_work(settings, scheduler) as (local_settings, cluster):
        session = local_settings.open(volume, quiet=quiet)
        total = len(session.tiles())
        steps = session.encode() if cluster is None else session.encode(work=cluster.encode)
        for _ in progress(steps, total, "embed", quiet=quiet):
            pass
        place = session.device if cluster is None else cluster.place
    summary = {
        "tiles": total,
        "seconds": round(perf_counter() - started, 2),
        "model": session.model.config.name,
        "device": place,
        "warnings": list(session.warnings),
    }
    report(summary, as_json=report_options.json)
