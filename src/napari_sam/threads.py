"""Threads of torch: how they wait for each other."""

import os


def wait_passively() -> None:
    """Let torch's threads sleep while they wait, unless the user has set ``OMP_WAIT_POLICY``.

    OpenMP's threads spin by default until the slowest of them has finished. On cores with other
    work they take the time that the slowest one needs: a tile took four times as long, and seven
    times as much time of the processor. Works only before torch is imported.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
