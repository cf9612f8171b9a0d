"""Share work: connect a command to the Dask cluster named by ``--scheduler``."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from napari_sam.errors import ClusterError

from .report import warn
from .settings import Settings

if TYPE_CHECKING:
    from napari_sam.cluster.cluster import Cluster


@contextmanager
def share_work(
    settings: Settings, scheduler: str | None
) -> "Iterator[tuple[Settings, Cluster | None]]":
    """Connect to a cluster for as long as a command works, if a scheduler is named.

    Parameters
    ----------
    settings : Settings
        Settings of the command; the workers use their model and device.
    scheduler : str or None
        Address as for :func:`napari_sam.cluster.scheduler.connect`; None to work in this process.

    Yields
    ------
    Settings, Cluster or None
        Settings for this process, and the cluster. With a cluster, this process only puts together
        the workers' results: its own model stays on the CPU. The precision is the same for all
        tiles, whichever worker does them.

    Raises
    ------
    ClusterError
        If the cluster cannot be reached, or the settings have something learned.
    """
    if scheduler is None:
        yield settings, None
        return
    if settings.learned is not None:
        raise ClusterError(
            "the workers take whole models: write one with napari-sam learn --whole, and give it "
            "as --model instead of --learned"
        )
    from napari_sam.cluster.scheduler import connect

    with connect(scheduler) as client:
        # these import torch, needed only from here on
        from napari_sam.cluster.cluster import Cluster
        from napari_sam.weights.precision import AUTO, checked_choice

        cluster = Cluster(client, str(settings.model), settings.device)
        if not cluster.workers:
            warn(f"{scheduler} has no workers yet: waiting for the first")
        precision = checked_choice(settings.precision)
        if precision == AUTO:
            precision = cluster.fastest_precision()
        yield replace(settings, device="cpu", precision=precision), cluster
