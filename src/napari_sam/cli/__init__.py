"""The command line: ``napari-sam``, one module a command.

Commands import the model and the image readers when they run, not before: ``--help`` and
``cache info`` answer at once.
"""

from .app import app, main

__all__ = ["app", "main"]
