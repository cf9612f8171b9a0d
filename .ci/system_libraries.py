"""See to what a napari window on a virtual screen needs from the system (Linux only).

Installs it through apt where the user may without being asked for a password; otherwise says in
one line what to install, and exits with status 1.
"""

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

LIBRARIES = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
}
PROGRAMS = {"Xvfb": "xvfb", "xvfb-run": "xvfb", "xauth": "xauth"}
RENDERERS = ("/usr/lib/*/dri/*_dri.so", "/usr/lib64/dri/*_dri.so", "/usr/lib/dri/*_dri.so")


def missing() -> list[str]:
    """Debian's names of the packages that are not here."""
    packages = {package for name, package in LIBRARIES.items() if not _loads(name)}
    packages |= {package for name, package in PROGRAMS.items() if not shutil.which(name)}
    if not any(any(Path("/").glob(pattern[1:])) for pattern in RENDERERS):
        packages.add("libgl1-mesa-dri")
    return sorted(packages)


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def install(packages: list[str]) -> bool:
    """Install through apt, if there is one and it asks for no password."""
    if not shutil.which("apt-get"):
        return False
    command = ["apt-get", "-o", "Acquire::Retries=3"]
    if os.geteuid() != 0:
        if not shutil.which("sudo") or not _succeeds(["sudo", "-n", "true"]):
            return False
        command = ["sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive", *command]
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    packages = ["--no-install-recommends", *packages]
    return _succeeds([*command, "update"]) and _succeeds([*command, "install", "-y", *packages])


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode == 0


def main() -> int:
    """Return the exit status."""
    if not sys.platform.startswith("linux"):
        return 0
    packages = missing()
    if not packages or install(packages):
        return 0
    names = " ".join(packages)
    print(
        f"a window on a virtual screen needs: sudo apt-get install {names} "
        "(or the packages of your system that hold the same)",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
