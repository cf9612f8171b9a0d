"""Threads of torch sleep while they wait, in the dock and on the command line."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["napari_sam.plugin", "napari_sam.cli.app"])
@pytest.mark.parametrize("chosen", [None, "active"])
def test_threads_sleep_while_they_wait_unless_the_user_says_otherwise(
    module: str, chosen: str | None
) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
    environment |= {} if chosen is None else {"OMP_WAIT_POLICY": chosen}
    code = f"import os, sys, {module}; print(os.environ['OMP_WAIT_POLICY'], 'torch' in sys.modules)"
    out = subprocess.check_output([sys.executable, "-c", code], env=environment, text=True)
    assert out.split() == [chosen or "passive", "False"]
