"""Interrupts: Ctrl-C in a terminal reaches all processes; only the first may answer it."""

import signal


def dask_setup(worker: object) -> None:
    """Leave Ctrl-C to the process that started this worker; Dask calls it in each that starts."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
