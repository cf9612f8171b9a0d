"""Checksum: a number in a line of a journal that no longer fits if the line is changed."""

import json
import zlib
from collections.abc import Mapping
from typing import Any

FIELD = "crc32"
"""Field of the checksum in the JSON object of an entry."""


def checksum(record: Mapping[str, Any]) -> int:
    """CRC-32 of the fields of an entry, whatever their order and the spaces between them.

    Parameters
    ----------
    record : mapping
        JSON object of an entry; a checksum in it does not count.
    """
    fields = {name: value for name, value in record.items() if name != FIELD}
    return zlib.crc32(json.dumps(fields, sort_keys=True, separators=(",", ":")).encode())


def is_unchanged(record: Mapping[str, Any]) -> bool:
    """Whether an entry is as it was written; True for an entry of a version without checksums.

    Parameters
    ----------
    record : mapping
        JSON object of an entry.
    """
    return FIELD not in record or record[FIELD] == checksum(record)
