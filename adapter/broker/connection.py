"""pika's asyncio connection with its sharp edges off: opened and closed by futures, and no message can break it."""

import asyncio
import logging
import ssl
import struct
from collections.abc import Callable
from typing import Protocol

import pika
from pika import exceptions, frame, spec
from pika.adapters.asyncio_connection import AsyncioConnection

from adapter.broker.closes import CloseReason, Cut, Scope, reason_of
from adapter.broker.errors import ChannelLost
from adapter.broker.field_table import read_table
from adapter.operator_errors import ConfigurationError

_FRAME_START = struct.Struct(">BHL")
_CONTENT_START = struct.Struct(">HHQ")
_MORE_FLAGS = 1
_FLUSH_BYTES = 1 << 17
# What pika's decoding of header tables was seen to raise (dates, NaN, nesting, unknown kinds).
_UNDECODABLE = (ValueError, OverflowError, OSError, RecursionError, struct.error, exceptions.InvalidFieldTypeException)


_OnOpen = Callable[[object], object]
_OnEnd = Callable[[object, BaseException], object]


class _Transport(Protocol):
    def write(self, data: bytes) -> None: ...


class TolerantConnection(AsyncioConnection):
    """Reads content headers that pika cannot, writes once a turn of the loop, and can be dropped at any moment."""

    _frame_buffer: bytes
    _transport: _Transport | None
    _terminate_stream: Callable[[Exception], None]
    _dropped = False
    _unsent_bytes = 0

    def __init__(self, parameters: pika.URLParameters, on_open: _OnOpen, on_end: _OnEnd) -> None:
        """`on_end` is called once: when opening failed, or when the open connection closed."""
        self._unsent: list[bytes] = []
        super().__init__(parameters, on_open, on_end, on_end)

    def _adapter_emit_data(self, data: bytes) -> None:
        """Collect what one turn of the loop writes: pika makes a system call for each frame, three a message."""
        self._unsent.append(data)
        self._unsent_bytes += len(data)
        if len(self._unsent) == 1:
            self.ioloop.call_soon(self._flush)
        if self._unsent_bytes >= _FLUSH_BYTES:
            self._flush()

    def _flush(self) -> None:
        unsent, self._unsent, self._unsent_bytes = self._unsent, [], 0
        if unsent and self._transport is not None:
            self._transport.write(b"".join(unsent))

    def _read_frame(self) -> tuple[int, frame.Frame | frame.ProtocolHeader | None]:
        """Decode the next frame; overrides pika's, whose exceptions here would drop the connection."""
        try:
            return frame.decode_frame(self._frame_buffer)
        except _UNDECODABLE:
            read = read_header_frame(self._frame_buffer)
            if read is None:
                raise
            return read

    def drop(self, why: str) -> None:
        """Cut the connection without a word to the broker, at any moment. Does nothing when it is closed."""
        if not self.is_closed and not self._dropped:
            self._dropped = True
            self._terminate_stream(exceptions.StreamLostError(why))


def read_header_frame(buffer: bytes) -> tuple[int, frame.Header] | None:
    """Decode a content header with our own reading of its table; None if the buffer holds something else."""
    try:
        return _read_header_frame(buffer)
    except (struct.error, IndexError):
        return None


def _read_header_frame(buffer: bytes) -> tuple[int, frame.Header] | None:
    kind, channel_number, size = _FRAME_START.unpack_from(buffer)
    content = buffer[_FRAME_START.size : _FRAME_START.size + size]
    flags_at = _CONTENT_START.size
    if kind != spec.FRAME_HEADER or len(content) < flags_at + 2:
        return None
    flags = int.from_bytes(content[flags_at : flags_at + 2], "big")
    if flags & _MORE_FLAGS or not flags & spec.BasicProperties.FLAG_HEADERS:
        return None
    start = at = flags_at + 2
    for flag in (spec.BasicProperties.FLAG_CONTENT_TYPE, spec.BasicProperties.FLAG_CONTENT_ENCODING):
        at += 1 + content[at] if flags & flag else 0
    headers, end = read_table(content, at)
    rest = (flags & ~spec.BasicProperties.FLAG_HEADERS).to_bytes(2, "big") + content[start:at] + content[end:]
    properties = spec.BasicProperties()
    properties.decode(rest)
    properties.headers = headers
    body_size = _CONTENT_START.unpack_from(content)[2]
    return _FRAME_START.size + size + spec.FRAME_END_SIZE, frame.Header(channel_number, body_size, properties)


class OpenConnection:
    """An open connection; `closed` is set with the reason when it is not open any more."""

    def __init__(self, connection: TolerantConnection, closed: asyncio.Future[CloseReason]) -> None:
        """Made by `connect`."""
        self.pika = connection
        self.closed = closed
        self.abandoned = 0
        """Channels that wait for an answer nobody believes in any more."""

    @property
    def is_open(self) -> bool:
        """True until it closes or starts to."""
        return self.pika.is_open

    def readopt(self) -> None:
        """An abandoned channel closed after all."""
        self.abandoned -= 1

    def drop(self, why: str) -> None:
        """Cut it."""
        self.pika.drop(why)

    async def close(self, timeout_seconds: float) -> None:
        """Close it with the broker's consent, or cut it after the time."""
        if self.pika.is_open:
            self.pika.close()
        if self.pika.is_closed:
            return
        try:
            async with asyncio.timeout(timeout_seconds):
                await asyncio.shield(self.closed)
        except TimeoutError:
            self.drop("the broker did not confirm the close")


def parameters_of(
    url: str, *, name: str, heartbeat_seconds: int, timeout_seconds: float, external: bool = False
) -> pika.URLParameters:
    """Return connection parameters. Raises ValueError, without the URL's password, if the URL is not one."""
    if not url.startswith(("amqp://", "amqps://")):
        raise ValueError("A broker URL must start with amqp:// or amqps://.")
    try:
        parameters = pika.URLParameters(url)
    except (ValueError, TypeError, KeyError) as error:
        message = f"A broker URL cannot be read ({type(error).__name__}); use amqp://user:password@host:5672/vhost."
        raise ValueError(message) from None
    parameters.heartbeat = heartbeat_seconds
    parameters.socket_timeout = timeout_seconds
    parameters.stack_timeout = timeout_seconds
    parameters.connection_attempts = 1
    parameters.blocked_connection_timeout = None
    parameters.client_properties = {"connection_name": name, "product": "llm-adapter"}
    if external:
        parameters.credentials = pika.credentials.ExternalCredentials()
    return parameters


def use_tls(parameters: pika.URLParameters, tls: Callable[[], ssl.SSLContext]) -> None:
    """Give an amqps:// connection its TLS as it is now; the broker must have the URL's name. Raises ChannelLost."""
    if parameters.ssl_options is None:
        return
    try:
        parameters.ssl_options = pika.SSLOptions(tls(), parameters.host)
    except ConfigurationError as exc:
        raise ChannelLost(CloseReason(0, Cut.CERTIFICATE, str(exc), Scope.CONNECTION)) from exc


def _hush_pika() -> None:
    """Silence pika's own log, ten error lines a refused connection, unless somebody set its level: we say it once."""
    log = logging.getLogger("pika")
    if log.level == logging.NOTSET:
        log.setLevel(logging.CRITICAL)


async def connect(parameters: pika.URLParameters, *, on_blocked: Callable[[bool], None]) -> OpenConnection:
    """Open a connection. Raises ChannelLost with the reason; bounded by the parameters' timeouts.

    `on_blocked(True)` is called when the broker stops taking publishes, `on_blocked(False)` when it takes them again.
    """
    _hush_pika()
    loop = asyncio.get_running_loop()
    opened: asyncio.Future[None] = loop.create_future()
    closed: asyncio.Future[CloseReason] = loop.create_future()

    def on_end(_connection: object, error: BaseException) -> None:
        reason = reason_of(error, Scope.CONNECTION)
        if not opened.done():
            opened.set_exception(ChannelLost(reason))
        if not closed.done():
            closed.set_result(reason)

    def on_open(_connection: object) -> None:
        if not opened.done():
            opened.set_result(None)

    connection = TolerantConnection(parameters, on_open, on_end)
    connection.add_on_connection_blocked_callback(lambda *_: on_blocked(True))  # noqa: FBT003 - see the docstring
    connection.add_on_connection_unblocked_callback(lambda *_: on_blocked(False))  # noqa: FBT003 - see the docstring
    try:
        # pika's own timeouts come first; this one is for the moments that they do not cover (name resolution).
        async with asyncio.timeout((parameters.stack_timeout or 0) + 5):
            await opened
    except TimeoutError:
        connection.drop("no connection in time")
        raise ChannelLost(reason_of(TimeoutError("no connection in time"), Scope.CONNECTION)) from None
    except asyncio.CancelledError:
        connection.drop("cancelled while connecting")
        raise
    return OpenConnection(connection, closed)
