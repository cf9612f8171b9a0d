"""Versions: programs and machine that make a result."""

import platform
from importlib.metadata import PackageNotFoundError, version

from .record import Environment

PACKAGES = {
    "napari-sam": "napari-sam-microscopy",
    "torch": "torch",
    "numpy": "numpy",
    "scikit-image": "scikit-image",
    "scipy": "scipy",
    "zarr": "zarr",
    "tifffile": "tifffile",
    "imagecodecs": "imagecodecs",
}
"""Name in a recipe -> distribution of a package that reads, computes or writes."""


def environment(threads: int | None = None) -> Environment:
    """Versions of Python and :data:`PACKAGES`, with the machine; imports none of them.

    Parameters
    ----------
    threads : int, optional
        Threads of torch.
    """
    versions = {"python": platform.python_version()}
    for name, distribution in PACKAGES.items():
        try:
            versions[name] = version(distribution)
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
