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
    Settings,
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
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Encode all tiles of IMAGE into the cache; what is there already is skipped."""
    started = perf_counter()
    settings = Settings(model, device, axes, channels, contrast, cache_dir)
    session = settings.open(settings.read(image), quiet=json)
    total = len(session.tiles())
    for _ in progress(session.encode(), total, "embed", quiet=json):
        pass
    summary = {
        "tiles": total,
        "seconds": round(perf_counter() - started, 2),
        "model": session.model.config.name,
        "device": session.device,
        "warnings": list(session.warnings),
    }
    report(summary, as_json=json)
