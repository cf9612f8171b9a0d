"""Scheduler: connect to a Dask cluster by address, or start local workers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from napari_sam.errors import ClusterError

if TYPE_CHECKING:
    from distributed import Client

LOCAL = "local:"
"""Prefix of an address that starts workers on this machine, such as ``local:4``."""

TIMEOUT = 5
"""Seconds without an answer after which an address counts as unreachable."""


@contextmanager
def connect(scheduler: str) -> "Iterator[Client]":
    """Connect to a Dask cluster, or start workers on the local machine.

    Parameters
    ----------
    scheduler : str
        Address of a scheduler, such as ``tcp://10.0.0.7:8786``; or ``local:N`` for N workers of
        one thread each on this machine.

    Yields
    ------
    Client
        Connection to the cluster, inside a ``with`` block. Local workers end with the block; those
        of another scheduler keep running.

    Raises
    ------
    ClusterError
        If the extra ``distributed`` is not installed, or no scheduler answers at the address.
    """
    check_installed()
    opened = _local(_count(scheduler)) if scheduler.startswith(LOCAL) else _remote(scheduler)
    with opened as client:
        yield client


def check_installed() -> None:
    """Check that the extra ``distributed`` is installed.

    Raises
    ------
    ClusterError
        If Dask's package ``distributed`` cannot be imported.
    """
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise ClusterError(
            'a cluster needs more packages: pip install "napari-sam-microscopy[distributed]"'
        ) from error


def _count(scheduler: str) -> int:
    number = scheduler.removeprefix(LOCAL)
    if not number.isdecimal() or int(number) < 1:
        raise ClusterError(
            f"the scheduler {scheduler!r} says no number of workers: write local:4 for four"
        )
    return int(number)


@contextmanager
def _local(workers: int) -> "Iterator[Client]":
    import logging

    import dask
    from distributed import Client, LocalCluster

    # Dask tells malloc to return free memory at once; the next layer of a model needs it again.
    environment = {"distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None}
    with (
        dask.config.set(environment),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            memory_limit=0,  # no limit: an equal share of memory is too little for a large model
            dashboard_address=":0",  # any free port
            silence_logs=logging.CRITICAL,  # users need not know that a worker was replaced
            preload=["napari_sam.cluster.interrupts"],
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@contextmanager
def _remote(address: str) -> "Iterator[Client]":
    from distributed import Client

    try:
        client = Client(address, timeout=TIMEOUT)
    except (OSError, ValueError, ImportError) as error:
        raise ClusterError(
            f"no scheduler answers at {address}: check the address, that it runs, and that this "
            "machine may connect to it"
        ) from error
    with client:
        yield client
