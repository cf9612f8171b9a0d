"""Tasks: a function over many tiles on a Dask cluster, in whatever order they are done."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from itertools import islice
from typing import Any, TypeVar

from distributed import Client, Future, KilledWorker, as_completed
from distributed.comm.core import CommClosedError

from napari_sam.errors import ClusterError

T = TypeVar("T")
R = TypeVar("R")

UNDER_WAY = 1000
"""Tasks that the scheduler holds of one image: a million would make it slow, and hundreds of
workers should find work."""

RETRIES = 2  # a shared disk hiccups now and then; a worker that is lost is not counted


def submit(client: Client, do: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
    """Begin at once to do something with each item, on the cluster.

    Parameters
    ----------
    client : Client
        Of the cluster.
    do : callable
        Importable by the workers.
    items : sequence
        One for each task.

    Returns
    -------
    iterator
        The results, as they are there. When it is closed, what has not begun is taken back.

    Raises
    ------
    ClusterError
        From the iterator: if the cluster is lost, or a task costs worker after worker.
    """
    rest = iter(items)
    # pure would let a result of another run stand for this one
    first = client.map(do, list(islice(rest, UNDER_WAY)), pure=False, retries=RETRIES)
    return _results(client, do, set(first), rest)


def _results(
    client: Client, do: Callable[[Any], R], waiting: set[Future[Any]], rest: Iterator[Any]
) -> Iterator[R]:
    done = as_completed(waiting)
    try:
        for future in done:
            result = _result(future)
            waiting.discard(future)
            for item in islice(rest, 1):
                another = client.submit(do, item, pure=False, retries=RETRIES)
                waiting.add(another)
                done.add(another)
            yield result
    finally:
        if waiting and client.status == "running":
            client.cancel(list(waiting), force=True)


def _result(future: Future[Any]) -> Any:
    try:
        return future.result()
    except KilledWorker as error:
        raise ClusterError(
            "one tile ended several workers, perhaps for want of memory: give them more and start "
            "the same command again; finished tiles are kept"
        ) from error
    except (CancelledError, CommClosedError) as error:
        raise ClusterError(
            "the cluster is gone: start it and the same command again; finished tiles are kept"
        ) from error
    except ModuleNotFoundError as error:
        raise ClusterError(
            f"a worker has no {error.name}: install napari-sam-microscopy there as it is here"
        ) from error
