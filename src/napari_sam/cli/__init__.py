"""The command line ``napari-sam``: a module for each command, all on top of Session.

Commands import torch and the image readers inside their functions, so that ``--help`` and
``cache info`` answer at once.
"""

from .app import app, main

__all__ = ["app", "main"]
