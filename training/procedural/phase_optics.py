"""Images that microscopes make of a map of phase delay, by the formulae of their optics.

A phase map holds the delay of light by the cells in radians, ``(H, W)`` float32, positive where
cells are denser than the medium. Quantitative phase images are such maps; thickness maps of
painted cells become such maps by a factor. Lengths are in pixels. Images are relative to the
brightness of the empty field.
"""

import numpy as np
from scipy.fft import fft2, fftfreq, ifft2, next_fast_len

from .fields import Image, blur


def zernike(phase: Image, ring: float, transmittance: float, sharpness: float = 0.6) -> Image:
    """Phase contrast with halo and shade-off, positive: dense objects are dark.

    The phase plate delays the direct light by a quarter of a wave and dims it. It does the same
    to light that objects diffract by small angles, because that passes the plate too: the wave
    ``e^(i phase)`` loses its surroundings, which makes halos outside of objects and shades off the
    middle of broad ones. Yin, Kanade and Chen, "Understanding the phase contrast optics to
    restore artifact-free microscopy images for segmentation", Medical Image Analysis 16, 2012,
    equations 1 to 8; their kernel of Airy patterns is a Gaussian here.

    Parameters
    ----------
    phase : ndarray
        ``(H, W)`` phase map; above about a radian the contrast turns around, as in rounded cells.
    ring : float
        Standard deviation of the surroundings that the plate changes, the width of the halo.
    transmittance : float
        Share of the direct light that the plate lets through, 0..1; little gives strong contrast.
    sharpness : float
        Standard deviation of the blur by the lens.
    """
    wave = [blur(part, sharpness) for part in (np.cos(phase), np.sin(phase))]
    direct = [blur(part, ring) for part in wave]
    dimmed = np.sqrt(transmittance)
    # (1 - plate) * direct is taken away, with the plate -i * dimmed
    real = wave[0] - direct[0] + dimmed * direct[1]
    imaginary = wave[1] - direct[1] - dimmed * direct[0]
    return np.asarray((real**2 + imaginary**2) / transmittance, np.float32)


def interference(phase: Image, shear: float, angle: float, bias: float) -> Image:
    """Differential interference contrast: two sheared waves, one of them delayed by the bias.

    ``1 - cos(difference of the phases at both ends of the shear + bias)``, relative to the empty
    field: Preza, Snyder and Conchello, "Theoretical development and experimental evaluation of
    imaging models for differential-interference-contrast microscopy", JOSA A 16, 1999, equation 11
    for a phase object and a point of light.

    Parameters
    ----------
    phase : ndarray
        ``(H, W)`` phase map.
    shear, angle : float
        Distance of the two waves, and its direction in radians from the x axis.
    bias : float
        Delay between the two waves in radians, above 0 and below pi.
    """
    dy, dx = np.gradient(phase)
    difference = shear * (np.sin(angle) * dy + np.cos(angle) * dx)
    return np.asarray((1 - np.cos(difference + bias)) / (1 - np.cos(bias)), np.float32)


def defocused(phase: Image, absorption: Image, distance: float, coherence: float = 0.2) -> Image:
    """Brightfield out of focus: light bends towards dense objects.

    The wave ``e^(i phase - absorption)`` propagates by Fresnel's transfer function
    ``e^(-i pi distance f^2)``. For small distances the change of brightness is the divergence of
    the phase gradient, the transport of intensity equation of Teague, "Deterministic phase
    retrieval: a Green's function solution", JOSA 73, 1983; for larger ones rings appear.

    Parameters
    ----------
    phase, absorption : ndarray
        ``(H, W)``: phase map, and half of the optical density to the base e.
    distance : float
        Wavelength times defocus in pixels squared, of either sign.
    coherence : float
        Rate at which rings fade with their number: the light source is not a point.
    """
    margin = int(np.clip(3 * np.sqrt(abs(distance)), 8, 64))
    beyond = [(margin, next_fast_len(n + 2 * margin) - n - margin) for n in phase.shape]
    wave = np.pad(np.exp(1j * phase - absorption).astype(np.complex64), beyond, mode="symmetric")
    rows, columns = (fftfreq(n).astype(np.float32) for n in wave.shape)
    turns = np.float32(np.pi * distance) * (rows[:, None] ** 2 + columns**2)
    transfer = np.exp(-1j * turns - np.float32(coherence) * np.abs(turns))
    moved = ifft2(fft2(wave) * transfer)
    height, width = phase.shape
    bright = np.abs(moved[margin : margin + height, margin : margin + width]) ** 2
    return np.asarray(bright, np.float32)
