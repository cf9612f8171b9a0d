"""``napari-sam embed``: fill the cache, so that no click has to wait."""

from time import perf_counter

from .options import (
    DEFAULT_MODEL,
    AxesOption,
    CacheDirOption,
    ChannelsOption,
    ContrastOption,
    DebugOption,
    DeviceOption,
    ImageArgument,
    JsonOption,
    ModelOption,
    SchedulerOption,
    Settings,
    located,
    sharing,
)
from .report import progress, report


def embed(
    image: ImageArgument,
    model: ModelOption = DEFAULT_MODEL,
    device: DeviceOption = None,
    axes: AxesOption = None,
    channels: ChannelsOption = None,
    contrast: ContrastOption = None,
    cache_dir: CacheDirOption = None,
    scheduler: SchedulerOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Encode all tiles of IMAGE into the cache; what is there already is skipped."""
    started = perf_counter()
    settings = Settings(model, device, axes, channels, contrast, cache_dir)
    volume = settings.read(located(image))
    with sharing(settings, scheduler) as (here, cluster):
        session = here.open(volume, quiet=json)
        total = len(session.tiles())
        steps = session.encode() if cluster is None else session.encode(work=cluster.encode)
        for _ in progress(steps, total, "embed", quiet=json):
            pass
        device = session.device if cluster is None else cluster.place
    summary = {
        "tiles": total,
        "seconds": round(perf_counter() - started, 2),
        "model": session.model.config.name,
        "device": device,
        "warnings": list(session.warnings),
    }
    report(summary, as_json=json)
