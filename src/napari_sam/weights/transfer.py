"""Transfer of a file over HTTP, resumed at the byte where an earlier connection broke."""

import http.client
import re
import shutil
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from time import monotonic
from typing import IO

from napari_sam.errors import ModelError

from .store import unwritable

_CHUNK = 1 << 18
"""Largest number of bytes of one read."""
_SLOWEST = 5000
"""Bytes per second below which, over the time of a timeout, a connection counts as broken."""
_TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}
"""HTTP status codes of temporary failures, after which the transfer is retried."""


class BrokenError(Exception):
    """The connection broke; a retry may resume the transfer."""


class RefusedError(Exception):
    """The address does not serve the file; a retry is useless."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Timeouts and retries of a download.

    Parameters
    ----------
    timeout : float
        Seconds without a byte, or below the slowest rate, after which a connection counts as
        broken.
    attempts : int
        Number of consecutive connections without progress after which the next address is tried.
    pause : float
        Seconds before the first retry; doubled for each further retry without progress.
    """

    timeout: float = 30.0
    attempts: int = 3
    pause: float = 0.5


def receive(
    url: str, partial: Path, expected: int | None, patience: Patience
) -> Iterator[tuple[int, int | None]]:
    """Request the missing bytes of a partial file and append.

    Parameters
    ----------
    url : str
        Address of the complete file.
    partial : Path
        File with the bytes received so far; created if missing. It stays when the transfer
        fails or the generator is closed.
    expected : int or None
        Size of the complete file in bytes; None if unknown.
    patience : Patience
        Timeouts; retries are the caller's.

    Yields
    ------
    int, int or None
        Bytes in the partial file; size of the complete file, None if neither the caller nor the
        server says it.

    Raises
    ------
    BrokenError
        If the connection broke and a retry may help.
    RefusedError
        If the address does not serve the file.
    ModelError
        If the partial file cannot be written.
    """
    start = partial.stat().st_size if partial.exists() else 0
    if expected is not None and start >= expected:
        if start == expected:
            return
        start = _remove(partial)
    try:
        with _open(url, start, patience.timeout) as response:
            start, total = _agree(response, start, expected)
            _check_room(partial, (total or 0) - start)
            yield start, total
            yield from _append(response, partial, start, total, patience)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:  # no bytes after ours: the file is complete, or another file
            _end_of_range(error.headers, partial, start)
            return
        broken = error.code in _TRY_AGAIN
        raise (BrokenError if broken else RefusedError)(
            f"{error.code} {error.reason or ''}".strip()
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise _broken(error) from error


def _append(
    response: http.client.HTTPResponse,
    partial: Path,
    start: int,
    total: int | None,
    patience: Patience,
) -> Iterator[tuple[int, int | None]]:
    done, since, then = start, start, monotonic()
    with _writing(partial, start) as file:
        while chunk := response.read1(_CHUNK):
            done += len(chunk)
            if total is not None and done > total:
                raise RefusedError(f"sends more than the {total} bytes of the file")
            _write(file, chunk, partial)
            yield done, total
            if (seconds := monotonic() - then) > patience.timeout:
                if done - since < _SLOWEST * seconds:
                    raise BrokenError("the server is too slow")
                since, then = done, monotonic()
    if total is not None and done < total:
        raise BrokenError(f"the connection ended after {done} of {total} bytes")


def _open(url: str, start: int, timeout: float) -> http.client.HTTPResponse:
    headers = {"User-Agent": "napari-sam", "Accept-Encoding": "identity"}
    if start:
        # no If-Range: the published hash tells whether both parts belong to one file
        headers["Range"] = f"bytes={start}-"
    request = urllib.request.Request(url, headers=headers)
    secure = urllib.request.HTTPSHandler(context=_certificates())
    opener = urllib.request.build_opener(secure, _Redirect)
    response: http.client.HTTPResponse = opener.open(request, timeout=timeout)
    return response


def _certificates() -> ssl.SSLContext:
    """Trusted certificates of the system, plus certifi's list for Pythons without (macOS)."""
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


class _Redirect(urllib.request.HTTPRedirectHandler):
    """Follows redirections, except from an encrypted to an unencrypted connection."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str,
        headers: Message, newurl: str,
    ) -> urllib.request.Request | None:  # fmt: skip
        if req.type == "https" and not newurl.lower().startswith("https:"):
            raise RefusedError("leads to an address without encryption")
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def _agree(
    response: http.client.HTTPResponse, start: int, expected: int | None
) -> tuple[int, int | None]:
    """First byte and total size of a response; raises `RefusedError` for another file."""
    headers = response.headers
    if headers.get_content_type() == "text/html":
        raise RefusedError("answers with a web page: it may ask for a login")
    length = headers.get("Content-Length", "")
    total = int(length) if length.isdecimal() else None
    if response.status == 206:
        first, total = _range(headers)
        if first != start:
            raise RefusedError("sends another part of the file than was asked for")
    else:  # the complete file, from a server without ranges
        start = 0
    if None not in (total, expected) and total != expected:
        raise RefusedError(f"has another file, of {total} bytes instead of {expected}")
    return start, expected if total is None else total


def _range(headers: Message) -> tuple[int | None, int | None]:
    match = re.match(r"bytes (?:(\d+)-\d+|\*)/(?:(\d+)|\*)", headers.get("Content-Range", ""))
    first, total = match.groups() if match else (None, None)
    return int(first) if first else None, int(total) if total else None


def _end_of_range(headers: Message, partial: Path, start: int) -> None:
    if _range(headers)[1] != start:
        _remove(partial)
        raise BrokenError("the part received before does not belong to the file")


def _broken(error: OSError | http.client.HTTPException) -> Exception:
    reason = getattr(error, "reason", error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return RefusedError(f"its certificate is not trusted: {reason.verify_message}")
    if isinstance(reason, TimeoutError):
        return BrokenError("no answer in time")
    text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    return BrokenError(text)


def _check_room(partial: Path, needed: int) -> None:
    with suppress(OSError):
        free = shutil.disk_usage(partial.parent).free
        if needed > free:
            raise ModelError(
                f"{needed / 1e6:.0f} MB more are needed in {partial.parent}, which has "
                f"{free / 1e6:.0f} MB left: free space there, or choose another folder for weights "
                "(NAPARI_SAM_MODELS)"
            )


def _writing(partial: Path, start: int) -> IO[bytes]:
    try:
        # unbuffered, so that a full disk raises in _write, which explains it
        return partial.open("ab" if start else "wb", buffering=0)
    except OSError as error:
        raise unwritable(partial, error) from error


def _write(file: IO[bytes], chunk: bytes, partial: Path) -> None:
    unwritten = memoryview(chunk)
    try:
        while unwritten:
            unwritten = unwritten[file.write(unwritten) :]
    except OSError as error:
        raise unwritable(partial, error) from error


def _remove(partial: Path) -> int:
    try:
        partial.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(partial, error) from error
    return 0
