"""Serve the index and the pages of all runs to this machine's browsers, and to nobody else. Nothing is written.

What is served is made anew from stored runs: no path of a request ever becomes a path on the disk, only a run's id
does. A page of another site can't reach it by a name of its own, because only names of this machine are answered.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any, Final

from orchestrate.domain.errors import ConfigurationError, NotFoundError, OrchestrateError
from orchestrate.reporting.page.page import message
from orchestrate.runs.store import RUN_ID_PATTERN
from orchestrate.usecases.pages.index import index_text
from orchestrate.usecases.pages.page import page_text

HOST: Final = "127.0.0.1"
_HOSTS: Final = re.compile(r"(127\.0\.0\.1|localhost)(:[0-9]{1,5})?", re.IGNORECASE)
_PAGE: Final = re.compile(rf"/({RUN_ID_PATTERN})/report\.html")
_KEPT: Final = 8
_HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def dashboard(reports: Path, port: int) -> Server:
    """Return a server of all runs in `reports`, which does not serve yet. ConfigurationError: the port is taken.

    Port 0 is one that is free.
    """
    pages = Pages(reports)

    class Handler(_Handler):
        answer = staticmethod(pages.answer)

    try:
        return Server((HOST, port), Handler)
    except OSError as error:
        raise ConfigurationError(f"--port: {HOST}:{port} can't be used: {error.strerror}") from None


class Server(ThreadingHTTPServer):
    """A server that a browser may leave before it has the whole answer."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report an error, unless it is that the browser has gone."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Pages:
    """The pages by their paths; one is made at a time, and the last ones are kept, because a run never changes."""

    def __init__(self, reports: Path) -> None:
        self._reports = reports
        self._lock = Lock()
        self._page = lru_cache(_KEPT)(lambda run_id: page_text(run_id, reports))

    def answer(self, path: str) -> tuple[HTTPStatus, str]:
        """Return what stands at a path."""
        try:
            with self._lock:
                return self._found(path)
        except NotFoundError as error:
            return HTTPStatus.NOT_FOUND, message("Not found", str(error))
        except OrchestrateError as error:
            return HTTPStatus.INTERNAL_SERVER_ERROR, message("This can't be shown", str(error))

    def _found(self, path: str) -> tuple[HTTPStatus, str]:
        if path in ("/", "/index.html"):
            return HTTPStatus.OK, index_text(self._reports, served=True)
        page = _PAGE.fullmatch(path)
        if page is None:
            raise NotFoundError("There is no such page.")
        return HTTPStatus.OK, self._page(page[1])


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD from this machine."""

    answer: Callable[[str], tuple[HTTPStatus, str]]
    server_version, sys_version = "orchestrate", ""

    def do_GET(self) -> None:
        self._send(with_body=True)

    def do_HEAD(self) -> None:
        self._send(with_body=False)

    def _send(self, *, with_body: bool) -> None:
        if self._is_called_by_another_name():
            status, text = HTTPStatus.FORBIDDEN, message("Forbidden", "This is for the machine that it runs on.")
        else:
            status, text = self.answer(self.path.partition("?")[0])
        content = text.encode()
        self.send_response(status)
        for name, value in (*_HEADERS.items(), ("Content-Length", str(len(content)))):
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(content)

    def _is_called_by_another_name(self) -> bool:
        """Return whether the request names another host: so does a page whose site's name leads here."""
        return _HOSTS.fullmatch(self.headers.get("Host", "")) is None

    def log_message(self, *_: object) -> None:
        """Print nothing."""
