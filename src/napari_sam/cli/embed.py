"""``napari-sam embed``: encode an image into the cache before anybody clicks."""

from time import perf_counter
from typing import TYPE_CHECKING

from napari_sam.errors import CacheError

from .option_groups import expand_groups
from .options import (
    DEFAULT_MODEL,
    DeviceOption,
    ImageArgument,
    ImageOptions,
    LearnedOption,
    ModelOption,
    PrecisionOption,
    ReportOptions,
    SchedulerOption,
)
from .report import progress, report
from .settings import Settings, path_or_url
from .share_work import share_work

if TYPE_CHECKING:
    from napari_sam.embeddings.cache import EmbeddingCache
    from napari_sam.session import Session


@expand_groups
def embed(
    image: ImageArgument,
    *,
    model: ModelOption = DEFAULT_MODEL,
    learned: LearnedOption = None,
    device: DeviceOption = None,
    precision: PrecisionOption = None,
    image_options: ImageOptions,
    scheduler: SchedulerOption = None,
    report_options: ReportOptions,
) -> None:
    """Encode all tiles of IMAGE into the cache; what is there already is skipped.

    If the cache has no room for all tiles, nothing is done. The exit status is 1 unless the cache
    holds all tiles at the end.
    """
    started = perf_counter()
    quiet = report_options.json
    settings = Settings(model, device, image_options, learned=learned, precision=precision)
    volume = settings.read(path_or_url(image))
    with share_work(settings, scheduler) as (local_settings, cluster):
        session = local_settings.open(volume, quiet=quiet)
        total = len(session.tiles())
        cache = _checked_cache(session)
        steps = session.encode() if cluster is None else session.encode(work=cluster.encode)
        for _ in progress(steps, total, "embed", quiet=quiet):
            if not cache.writable:  # every further tile would be computed for nothing
                raise CacheError(session.warnings[-1])
        place = session.device if cluster is None else cluster.place
    summary = {
        "tiles": total,
        "seconds": round(perf_counter() - started, 2),
        "model": session.model.config.name,
        "device": place,
        "warnings": list(session.warnings),
    }
    stored = total - len(cache.missing([tile.index for tile in session.tiles()]))
    report(summary | {"stored": stored}, as_json=report_options.json)
    if stored < total:
        raise CacheError(
            f"{stored} of {total} tiles are stored in {cache.root}: other programs may use this "
            "cache; allow it more (NAPARI_SAM_CACHE_BUDGET) and start the same command again"
        )


def _checked_cache(session: "Session") -> "EmbeddingCache":
    """Return the cache of a session, if all its tiles can be kept there.

    Raises
    ------
    CacheError
        If there is no cache that can be written, or not enough room.
    """
    from napari_sam.embeddings.room import check_room

    cache = session.encoder.cache
    if cache is None:  # the reason is among the warnings: other commands go on without it
        raise CacheError(session.warnings[-1])
    check_room(cache, [tile.index for tile in session.tiles()])
    return cache
