"""Installation: find another project's distribution in the folder of this package.

``napari-sam`` is another project's plugin, and it installs the same import package ``napari_sam``.
With both installed, the later installation has overwritten files of the earlier. The check is a
module of its own because ``__init__.py`` is a file of both distributions.
"""

from importlib.metadata import PackageNotFoundError, distribution

OTHER = "napari-sam"
"""Distribution of the other project."""

OURS = "napari-sam-microscopy"
"""Distribution of this package."""


def conflict() -> str | None:
    """Return a warning of one line if the other plugin is installed too.

    The dock and the command line show it when they start.

    Returns
    -------
    str or None
        Warning with the commands that repair the installation; None without a conflict.
    """
    try:
        other = distribution(OTHER)
    except PackageNotFoundError:
        return None
    return (
        f"{OTHER} {other.version} is installed too: it is another project's plugin and overwrites "
        f"files of this one; run: pip uninstall -y {OTHER} {OURS} && pip install {OURS}"
    )
