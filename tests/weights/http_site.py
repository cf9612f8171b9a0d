"""A web server on loopback that misbehaves as it is told."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Page:
    """What one address answers.

    `breaks` has one entry for each of the first connections: how many bytes it sends before it is
    cut. `drip` is a pause in seconds after every 1000 bytes, `silence` one before the answer.
    """

    content: bytes = b""
    status: int = 200
    kind: str = "application/octet-stream"
    ranges: bool = True
    length: bool = True
    breaks: list[int] = field(default_factory=list)
    drip: float = 0.0
    silence: float = 0.0
    location: str = ""


@dataclass
class Request:
    path: str
    range: str | None
    sent: int = 0


class Site:
    def __init__(self, address: str) -> None:
        self.address = address
        self.pages: dict[str, Page] = {}
        self.requests: list[Request] = []

    def add(self, path: str, content: bytes = b"", **behaviour: object) -> str:
        self.pages[path] = Page(content, **behaviour)  # type: ignore[arg-type]
        return f"{self.address}{path}"


@contextmanager
def serve() -> Iterator[Site]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler())
    server.daemon_threads = True
    server.block_on_close = False
    site = Site(f"http://127.0.0.1:{server.server_port}")
    server.site = site  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler() -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site: Site = self.server.site  # type: ignore[attr-defined]
            asked = self.headers.get("Range")
            request = Request(self.path, asked)
            site.requests.append(request)
            page = site.pages.get(self.path, Page(status=404))
            self.close_connection = True
            time.sleep(page.silence)
            start = 0
            part = asked and page.ranges and page.status == 200
            if part:
                start = int(asked.removeprefix("bytes=").removesuffix("-"))
                if start >= len(page.content):
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{len(page.content)}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
            body = page.content[start:]
            self.send_response(206 if part else page.status)
            if page.location:
                self.send_header("Location", page.location)
            self.send_header("Content-Type", page.kind)
            if page.length:
                self.send_header("Content-Length", str(len(body)))
            if part:
                whole = len(page.content)
                self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
            self.end_headers()
            if page.breaks:
                body = body[: page.breaks.pop(0)]
            step = 1000 if page.drip else 50_000
            try:
                for at in range(0, len(body), step):
                    self.wfile.write(body[at : at + step])
                    request.sent += len(body[at : at + step])
                    time.sleep(page.drip)
            except OSError:
                pass  # the client has gone

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler
