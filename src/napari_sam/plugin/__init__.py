"""The dock in napari, with all imports of napari and Qt."""

from napari_sam.threads import wait_passively

wait_passively()  # here, since any module of the dock may be the first to import torch
