"""A source over TCP: it sends numbered rows, and counts a row as delivered when the collector has acknowledged it.

A row that was sent and not acknowledged when the link broke is sent again, as every real source does.
"""

from __future__ import annotations

import json
import select
import socket
import threading
from types import TracebackType
from typing import Self

BLOCK = 200
"""Rows that are sent in one go."""


class Peer:
    """Sends rows 0 to ``most`` - 1 in blocks; ``acknowledged`` is the number of rows it may forget."""

    def __init__(self, most: int = 0) -> None:
        self.most, self.acknowledged, self.sent, self.links = most, 0, 0, 0
        self.changed = threading.Condition()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def until(self, acknowledged: int, seconds: float = 60.0) -> None:
        """Wait until so many rows were acknowledged."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.acknowledged >= acknowledged, seconds), self.acknowledged

    def _serve(self) -> None:
        while True:
            try:
                link, _ = self._server.accept()
            except OSError:
                return
            with link:
                self.links += 1
                self._deliver(link)

    def _deliver(self, link: socket.socket) -> None:
        file = link.makefile("rw")
        try:
            while self._has_more(link):
                first = self.acknowledged
                count = min(BLOCK, self.most - first)
                file.write(json.dumps([first, count]) + "\n")
                file.flush()
                self.sent += count
                answer = file.readline()
                if not answer:
                    return
                with self.changed:
                    self.acknowledged = max(self.acknowledged, int(answer))
                    self.changed.notify_all()
        except OSError:
            return

    def _has_more(self, link: socket.socket) -> bool:
        """Wait until there is something to send; False where the other side has gone."""
        with self.changed:
            while self.most <= self.acknowledged:
                self.changed.wait(0.05)
                if select.select([link], [], [], 0)[0] and not link.recv(1, socket.MSG_PEEK):
                    return False
        return True

    def offer(self, rows: int) -> None:
        """So many rows more are there to be sent."""
        with self.changed:
            self.most += rows
            self.changed.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
