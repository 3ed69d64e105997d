"""HTTP/1.1 on loopback, a thread a connection: just what clients of an API server send."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from .values import Answer, Request

Respond = Callable[[Request], Answer | None]
"""Answers a request; None to close the connection without an answer."""


class Listener:
    """Listens on a free port until it is closed.

    Args:
        respond: answers requests, from many threads.
        tls: serves HTTPS with this.
    """

    def __init__(self, respond: Respond, tls: ssl.SSLContext | None = None) -> None:
        self._respond = respond
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._open: set[socket.socket] = set()
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True, name=self.url).start()

    def close(self) -> None:
        """Hang up on everybody: nobody can connect any more."""
        for each in [self._socket, *self._open]:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._handle, args=(connection,), daemon=True).start()

    def _handle(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Who hangs up, or does not trust the certificate, is no fault of the server.
        with contextlib.suppress(OSError), connection:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            self._open.add(connection)
            try:
                self._serve(connection)
            finally:
                self._open.discard(connection)
                connection.close()

    def _serve(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as stream:
            while (request := _read(stream)) is not None:
                answer = self._respond(request)
                if answer is None:
                    connection.shutdown(socket.SHUT_RDWR)
                    return
                connection.sendall(_written(answer))


def _read(stream: Any) -> Request | None:
    line = stream.readline().split()
    if len(line) < 2:
        return None
    headers: dict[str, str] = {}
    while (text := stream.readline().decode("latin-1").strip()) != "":
        name, _, value = text.partition(":")
        headers[name.lower()] = value.strip()
    content = stream.read(int(headers.get("content-length") or 0))
    url = urlsplit(line[1].decode())
    return Request(
        method=line[0].decode(),
        path=unquote(url.path).strip("/"),
        query=dict(parse_qsl(url.query, keep_blank_values=True)),
        headers=headers,
        body=json.loads(content) if content else None,
    )


def _written(answer: Answer) -> bytes:
    content = answer.content
    headers = {"Content-Type": answer.content_type, "Content-Length": str(len(content)), **answer.headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {answer.code} \r\n{head}\r\n".encode() + content
