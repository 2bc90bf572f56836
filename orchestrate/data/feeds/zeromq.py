"""ZeroMQ sockets of a feed: one that subscribes, and one that publishes. The library is imported here alone."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, Final

from orchestrate.data.feeds.formats import Frames, WireFormat
from orchestrate.domain.errors import ConfigurationError, Problem

#: Milliseconds: between heartbeats, until a peer that sends none is given up, and between attempts to connect.
_HEARTBEAT: Final = 2_000
_GIVEN_UP: Final = 10_000
_FIRST_RETRY: Final = 100
_LAST_RETRY: Final = 2_000
#: Milliseconds for which a publisher that closes may still send.
_FLUSHED: Final = 2_000
#: Larger messages are not even received: the connection is closed, and made again.
_LARGEST: Final = 16 * 1024 * 1024


class Subscriber:
    """A SUB socket that is connected to `url`, connects again by itself, and notices a dead peer by its heartbeats.

    `connected` and `disconnected` count how often the connection came and went.
    """

    is_over = False

    def __init__(self, url: str, symbols: Iterable[str], layout: WireFormat) -> None:
        zmq = _zmq()
        self._zmq = zmq
        self.connected = self.disconnected = 0
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        options = {
            zmq.LINGER: 0,
            zmq.HEARTBEAT_IVL: _HEARTBEAT,
            zmq.HEARTBEAT_TIMEOUT: _GIVEN_UP,
            zmq.RECONNECT_IVL: _FIRST_RETRY,
            zmq.RECONNECT_IVL_MAX: _LAST_RETRY,
            zmq.MAXMSGSIZE: _LARGEST,
        }
        for option, setting in options.items():
            self._socket.setsockopt(option, setting)
        for topic in dict.fromkeys(map(layout.topic, symbols)):
            self._socket.setsockopt(zmq.SUBSCRIBE, topic)
        self._monitor = self._socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED)
        self._connect(url)

    def receive(self, timeout: float) -> Frames | None:
        """See `Source`."""
        self._count_connections()
        if not self._socket.poll(int(timeout * 1000)):
            return None
        frames: list[bytes] = self._socket.recv_multipart()
        return frames

    def close(self) -> None:
        """See `Source`."""
        self._count_connections()
        self._context.destroy(linger=0)

    def _connect(self, url: str) -> None:
        try:
            self._socket.connect(url)
        except self._zmq.ZMQError as error:
            self.close()
            raise _unusable(url, error) from None

    def _count_connections(self) -> None:
        from zmq.utils.monitor import recv_monitor_message

        while self._monitor.poll(0):
            if recv_monitor_message(self._monitor)["event"] == self._zmq.EVENT_DISCONNECTED:
                self.disconnected += 1
            else:
                self.connected += 1


class Publisher:
    """A socket to which subscribers connect. It waits for slow ones, so that none misses a message."""

    def __init__(self, url: str) -> None:
        zmq = _zmq()
        self._zmq = zmq
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.XPUB)
        self._socket.setsockopt(zmq.XPUB_NODROP, 1)
        try:
            self._socket.bind(url)
        except zmq.ZMQError as error:
            self.close()
            raise _unusable(url, error) from None

    @property
    def url(self) -> str:
        """The address to which it is bound, with its port."""
        return str(self._socket.getsockopt_string(self._zmq.LAST_ENDPOINT))

    def wait_for(self, topics: Iterable[bytes], timeout: float) -> bool:
        """Wait until each of `topics` has a subscriber; return whether they all have within `timeout` seconds."""
        missing, until = set(topics), time.monotonic() + timeout
        while missing:
            left = until - time.monotonic()
            if left <= 0 or not self._socket.poll(int(left * 1000) + 1):
                return False
            message = self._socket.recv()
            if message[:1] == b"\x01":
                missing.discard(message[1:])
        return True

    def send(self, frames: Frames) -> None:
        """Send a message to those that have subscribed it."""
        self._socket.send_multipart(frames)

    def close(self) -> None:
        """Let go of the address, once what has been sent is on its way."""
        self._context.destroy(linger=_FLUSHED)


def _unusable(url: str, error: Exception) -> ConfigurationError:
    hint = "an address is like tcp://localhost:5556"
    return ConfigurationError([Problem("", 0, 0, f"the address {url!r} can't be used: {error}", hint)])


def _zmq() -> Any:
    try:
        import zmq
    except ImportError:
        hint = "pip install 'orchestrate-portfolio[live]'"
        raise ConfigurationError([Problem("", 0, 0, "a feed over ZeroMQ needs pyzmq", hint)]) from None
    return zmq
