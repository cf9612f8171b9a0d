"""Interrupts: local workers ignore Ctrl-C, a signal to all processes of a terminal."""

import signal


def dask_setup(worker: object) -> None:
    """Ignore Ctrl-C in a worker: the parent process handles the signal. Called by Dask."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
