"""A TCP proxy that fails on command: it passes, goes silent both ways, or cuts; for brokers and databases alike."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType

from attrs import define, field


@define(eq=False)
class Proxy:
    """Stands before a server on the loopback interface. Use it in a `with`."""

    target: int
    port: int = field(init=False, default=0)
    _speaks: threading.Event = field(factory=threading.Event)
    _refuses: bool = False
    _listener: socket.socket | None = None
    _open: set[socket.socket] = field(factory=set)

    def __enter__(self) -> Proxy:
        self._speaks.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        assert self._listener is not None
        self._listener.close()
        self.cut()
        self._speaks.set()

    def blackhole(self) -> None:
        """Every connection stays open, and nothing comes through any more."""
        self._speaks.clear()

    def cut(self, refuse: bool = False) -> None:
        """Every connection breaks at once; `refuse`: new ones break too."""
        self._refuses = refuse
        for each in list(self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._open.clear()

    def heal(self) -> None:
        """Everything passes again; what went silent is cut, as a network would have it."""
        self._refuses = False
        if not self._speaks.is_set():
            self.cut()
        self._speaks.set()

    def _accept(self) -> None:
        assert self._listener is not None
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if self._refuses:
                    near.close()
                    continue
                try:
                    far = socket.create_connection(("127.0.0.1", self.target))
                except OSError:
                    near.close()
                    continue
                self._open |= {near, far}
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._speaks.wait()
                sink.sendall(data)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
            self._open.discard(each)
