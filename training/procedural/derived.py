"""Images of three microscopes derived from quantitative phase images, with their true masks."""

import numpy as np
from numpy.random import Generator

from training.samples import Sample

from . import optics
from .fields import log_uniform, pick
from .looks_light import dust, ground
from .microscopes import Microscope, brightfield, phase_contrast, relief
from .scene import Scene

_MOST = 512  # largest side of a derived image, pixels


def derived(rng: Generator, sample: Sample, microscope: Microscope | None = None) -> Sample:
    """Show a random part of a quantitative phase image as another microscope would.

    Parameters
    ----------
    rng : Generator
        Source of randomness.
    sample : Sample
        Image with a phase map.
    microscope : callable or None
        The microscope; a random one by default.

    Raises
    ------
    ValueError
        If the sample has no phase map.
    """
    if sample.phase is None:
        raise ValueError("images can be derived from quantitative phase images alone")
    y, x = (int(rng.integers(max(1, n - _MOST + 1))) for n in sample.labels.shape)
    part = np.s_[y : y + _MOST, x : x + _MOST]
    labels, phase = sample.labels[part], sample.phase[part]
    if (labels == 0).any():
        phase = phase - np.float32(np.median(phase[labels == 0]))
    phase = phase * np.float32(log_uniform(rng, 0.25, 1.6))
    size = Scene(labels).diameter
    show = microscope or pick(rng, phase_contrast, phase_contrast, relief, brightfield)
    image = show(rng, phase, size)
    dirt = ground(rng, labels.shape) + dust(rng, labels.shape, size)
    return Sample(optics.grey(rng, image + 0.3 * image.std() * dirt, size), labels)
