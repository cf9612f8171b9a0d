"""Versions: programs and machine that make a result."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from napari_sam import __version__

from .record import Environment

PACKAGES = ("torch", "numpy", "scikit-image", "scipy", "zarr", "tifffile", "imagecodecs")
"""Packages that read, compute and write, beside our own and Python."""


def environment(threads: int | None = None) -> Environment:
    """Versions of our package, Python and :data:`PACKAGES`, with the machine; imports none of them.

    Parameters
    ----------
    threads : int, optional
        Threads of torch.
    """
    versions = {"napari-sam": __version__, "python": ".".join(map(str, sys.version_info[:3]))}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:  # a frozen program carries modules without their metadata
            continue
    return Environment(versions, f"{platform.system()} {platform.machine()}", threads)


def differences(before: Environment, now: Environment) -> list[str]:
    """Packages whose version is another now, as ``torch 2.6.0 (here 2.9.1)``."""
    return [
        f"{name} {old} (here {now.versions.get(name, 'none')})"
        for name, old in before.versions.items()
        if now.versions.get(name) != old
    ]
