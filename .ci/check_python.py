"""Say in one line why this Python cannot make the virtual environment, if it cannot.

Old interpreters must be able to read this file: no syntax newer than Python 3.0.
"""

# ruff: noqa: UP031
import sys

NEEDED = (3, 11)

if sys.version_info < NEEDED:
    sys.exit(
        "napari-sam needs Python 3.11 or newer, this is %d.%d: try make demo PYTHON=python3.11"
        % sys.version_info[:2]
    )
try:
    import ensurepip  # noqa: F401
    import venv  # noqa: F401
except ImportError:
    sys.exit(
        "this Python cannot make virtual environments: install python3-venv "
        "(Debian, Ubuntu: sudo apt-get install python3-venv)"
    )
