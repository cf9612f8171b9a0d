"""Tasks: apply a function to many items on a Dask cluster, with results in any order."""

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
"""Tasks of an image that are submitted at the same time: enough for hundreds of workers, while a
million would slow the scheduler down."""

RETRIES = 2
"""Times that a failed task is repeated, such as after a fault of a shared disk. Lost workers do not
count: Dask repeats their tasks anyway."""


def submit(client: Client, do: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
    """Apply a function to each item on the cluster; the tasks start at once.

    Parameters
    ----------
    client : Client
        Connection to the cluster.
    do : callable
        The function, which workers can import.
    items : sequence
        Arguments, one for each task.

    Returns
    -------
    iterator
        The results, in the order in which tasks end. If it is closed early, tasks that have not
        begun are cancelled.

    Raises
    ------
    ClusterError
        From the iterator: if the cluster is lost, or a task ends several workers.
    """
    waiting = iter(items)
    # pure=True would return results of an earlier run with equal arguments
    first = client.map(do, list(islice(waiting, UNDER_WAY)), pure=False, retries=RETRIES)
    return _results(client, do, set(first), waiting)


def _results(
    client: Client, do: Callable[[Any], R], submitted: set[Future[Any]], waiting: Iterator[Any]
) -> Iterator[R]:
    completed = as_completed(submitted)
    try:
        for future in completed:
            result = _result(future)
            submitted.discard(future)
            for item in islice(waiting, 1):
                another = client.submit(do, item, pure=False, retries=RETRIES)
                submitted.add(another)
                completed.add(another)
            yield result
    finally:
        if submitted and client.status == "running":
            client.cancel(list(submitted), force=True)


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
