"""Whether another distribution has been installed into this package's folder.

``napari-sam`` is another project's plugin, and it installs the same import package ``napari_sam``.
With both installed, the one installed last has overwritten files of the other. This stands in a
module of its own because ``__init__.py`` is one of the files that both of them have.
"""

from importlib.metadata import PackageNotFoundError, distribution

OTHER = "napari-sam"
OURS = "napari-sam-microscopy"


def conflict() -> str | None:
    """Say in one line that the other plugin is installed too, and what to do.

    Meant for the start of the dock and of the command line.

    Returns
    -------
    str or None
        The line to show as a warning; None if there is nothing to warn of.
    """
    try:
        other = distribution(OTHER)
    except PackageNotFoundError:
        return None
    return (
        f"{OTHER} {other.version} is installed too: it is another project's plugin and overwrites "
        f"files of this one; run: pip uninstall -y {OTHER} {OURS} && pip install {OURS}"
    )
