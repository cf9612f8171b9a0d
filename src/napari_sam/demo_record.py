"""DemoRecord: digests of the demo's files, to recognise the files of an earlier demo."""

import json
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from napari_sam.labels.files.atomic import replacing

from .document import parse_document
from .errors import OutputError

RECORD = "demo.json"
"""Name of the record in the folder of the demo."""


class DemoRecord:
    """Digest of each file of the demo, by name, in a JSON file beside them.

    Parameters
    ----------
    folder : Path
        Folder of the demo.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / RECORD

    def note(self, path: Path) -> None:
        """Note a file or zarr folder that the demo has just written.

        Raises
        ------
        OutputError
            If the record cannot be written.
        """
        digests = self._read() | {path.name: _digest(path)}
        with replacing(self._path) as partial:
            partial.write_text(json.dumps(digests, indent=2), encoding="utf-8")

    def check(self, existing: Iterable[Path]) -> None:
        """Refuse files that the demo did not write, or that were changed since.

        Raises
        ------
        OutputError
            If the digest of a file is not in the record.
        """
        digests = self._read()
        for path in existing:
            if path.is_symlink() or digests.get(path.name) != _digest(path):
                raise OutputError(
                    f"{path} is not as the demo wrote it: choose another folder with --output, "
                    "or move it"
                )

    def _read(self) -> dict[str, str]:
        """Digests by name; empty without a record, or for a damaged one."""
        try:
            content = self._path.read_bytes()
            return parse_document(dict[str, str], content, str(self._path), OutputError)
        except (OSError, OutputError):
            return {}


def _digest(path: Path) -> str:
    """SHA-256 of a file, or of all files of a folder with their names."""
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    digest = sha256()
    for file in files:
        digest.update(f"{file.relative_to(path).as_posix()}\0{file.stat().st_size}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()
