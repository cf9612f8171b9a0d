"""Scheduler: the address of a Dask cluster, or workers on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from napari_sam.errors import ClusterError

if TYPE_CHECKING:
    from distributed import Client

LOCAL = "local:"
PATIENCE = 5  # seconds until an address counts as unreachable


@contextmanager
def connect(scheduler: str) -> "Iterator[Client]":
    """Reach a Dask cluster, or start one on this machine.

    Parameters
    ----------
    scheduler : str
        Address of a scheduler, such as ``tcp://10.0.0.7:8786``; or ``local:N`` for N workers of
        one thread each on this machine.

    Yields
    ------
    Client
        Workers that were started here end with the block; others are left as they are.

    Raises
    ------
    ClusterError
        If the extra is not installed, or there is no scheduler at the address.
    """
    check_installed()
    opened = _local(_count(scheduler)) if scheduler.startswith(LOCAL) else _remote(scheduler)
    with opened as client:
        yield client


def check_installed() -> None:
    """See that the extra is installed.

    Raises
    ------
    ClusterError
        If it is not.
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

    # Dask would have workers give back memory at once that the next layer of a model asks for again
    environment = {"distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None}
    with (
        dask.config.set(environment),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            memory_limit=0,  # a share of the machine's is too little for a large model
            dashboard_address=":0",  # whatever port is free
            silence_logs=logging.CRITICAL,  # a worker that is replaced is no news to a user
            preload=["napari_sam.cluster.interrupts"],
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@contextmanager
def _remote(address: str) -> "Iterator[Client]":
    from distributed import Client

    try:
        client = Client(address, timeout=PATIENCE)
    except (OSError, ValueError, ImportError) as error:
        raise ClusterError(
            f"no scheduler answers at {address}: check the address, that it runs, and that this "
            "machine may connect to it"
        ) from error
    with client:
        yield client
