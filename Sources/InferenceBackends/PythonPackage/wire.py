"""The socket between a worker and the server: docs/python-workers.md."""

import array
import json
import mmap
import os
import select
import socket
import struct
import threading

import numpy as np

PROTOCOL_VERSION = 1

# From the server.
WELCOME, EXECUTE, CREDIT, CANCEL, CALL_RESPONSE, CANCEL_ANSWER, STOP, ARENA, BOUND = range(1, 10)
# From the worker.
HELLO, READY, FAILED, RESPONSE, DONE, CALL, LOG, SPANS, CANCEL_QUERY, CALL_CREDIT, FATAL = range(32, 43)

_PREFIX = struct.Struct("<IIB3xI")
#: How many open files come along with a frame.
_DESCRIPTORS = {WELCOME: 2, ARENA: 1}
_CHUNK = 256 << 10
#: Tensors of up to so many bytes travel behind the header.
INLINE_LIMIT = 32 << 10
#: A body grows to about this before further tensors go through shared memory.
INLINE_BODY_LIMIT = 96 << 10
#: Memory that an idle worker keeps for outputs.
KEPT_SIZE = 64 << 20
_ALIGNMENT = 64

_TYPES = {
    "BOOL": np.bool_, "UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64,
    "INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64,
    "FP16": np.float16, "FP32": np.float32, "FP64": np.float64,
}
DTYPES = {name: np.dtype(dtype) for name, dtype in _TYPES.items()}
NAMES = {dtype: name for name, dtype in DTYPES.items()}


class Disconnected(Exception):
    """The server is gone."""


def type_name(dtype):
    """KServe's name of a numpy type; None when it has none."""
    name = NAMES.get(dtype)
    if name is None and dtype.kind in "OSU":
        return "BYTES"
    if name is None:
        return NAMES.get(dtype.newbyteorder("="))
    return name


def encode_bytes(values):
    """An array of strings as Triton's BYTES: each element a 32-bit length and its bytes."""
    parts = []
    for value in values.ravel(order="C").tolist():
        if isinstance(value, str):
            value = value.encode()
        elif not isinstance(value, bytes):
            value = str(value).encode()
        parts.append(struct.pack("<I", len(value)))
        parts.append(value)
    return b"".join(parts)


def decode_bytes(data, shape):
    """The reverse: an array of `bytes` objects."""
    values, position, end = [], 0, len(data)
    data = bytes(data)
    while position < end:
        (length,) = struct.unpack_from("<I", data, position)
        position += 4
        values.append(data[position:position + length])
        position += length
    result = np.empty(len(values), dtype=np.object_)
    result[:] = values
    return result.reshape(shape)


class Arena:
    """Shared memory that the server reads or writes; see "Shared memory"."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self._map = None
        self._size = 0

    def view(self, offset, length):
        """A writable array of bytes over a part of it."""
        if offset + length > self._size:
            self._size = os.fstat(self.descriptor).st_size
            self._map = mmap.mmap(self.descriptor, self._size)
        return np.frombuffer(self._map, dtype=np.uint8, count=length, offset=offset)

    def close(self):
        os.close(self.descriptor)
        self._map = None


class Outgoing:
    """Places the tensors of messages from the worker: small ones in the message, others in shared memory."""

    def __init__(self, arena, maximum):
        self.arena = arena
        self._maximum = maximum
        self._used = 0
        self._high = 0
        self._in_flight = 0
        self._lock = threading.Lock()

    def hold(self, count=1):
        """Messages are on their way whose tensors must stay (negative: they have been read)."""
        with self._lock:
            self._in_flight += count
            if self._in_flight <= 0:
                self._in_flight = 0
                self._used = 0
                if self._high > KEPT_SIZE:
                    os.ftruncate(self.arena.descriptor, KEPT_SIZE)
                    self._high = 0

    def put(self, buffers, length):
        """Writes buffers one behind the other; None when the system has no room."""
        with self._lock:
            start = self._used
            if start + length > self._maximum:
                return None
            self._used = (start + length + _ALIGNMENT - 1) // _ALIGNMENT * _ALIGNMENT
            self._high = max(self._high, self._used)
        position = start
        try:
            for buffer in buffers:
                view = memoryview(buffer).cast("B") if not isinstance(buffer, (bytes, bytearray)) else memoryview(buffer)
                while len(view):
                    count = os.pwrite(self.arena.descriptor, view, position)
                    position += count
                    view = view[count:]
        except OSError:
            return None
        return start


class Body:
    """The tensors of one message under construction."""

    def __init__(self, outgoing):
        self._outgoing = outgoing
        self.parts = []
        self.length = 0
        self.is_shared = False

    def add(self, name, type_name, shape, buffers, length):
        """Returns the tensor's description for the header."""
        if length > INLINE_LIMIT or self.length + length > INLINE_BODY_LIMIT:
            if not self.is_shared:
                # Until the server has read this message its memory is not given out again.
                self.is_shared = True
                self._outgoing.hold()
            offset = self._outgoing.put(buffers, length)
            if offset is not None:
                return [name, type_name, shape, 1, offset, length]
        offset = self.length
        self.parts.extend(buffers)
        self.length += length
        return [name, type_name, shape, 0, offset, length]

    def abandon(self):
        """The message is not sent."""
        if self.is_shared:
            self._outgoing.hold(-1)

    def add_array(self, name, array):
        """Adds one tensor with all its axes."""
        kind = type_name(array.dtype)
        if kind is None:
            raise ValueError(f"output '{name}' has the numpy type {array.dtype}, for which there is no tensor type")
        if kind == "BYTES":
            data = encode_bytes(array)
        else:
            data = array.astype(DTYPES[kind], copy=False).tobytes() if array.nbytes <= INLINE_LIMIT else np.ascontiguousarray(array, DTYPES[kind])
        length = len(data) if isinstance(data, bytes) else data.nbytes
        return self.add(name, kind, list(array.shape), [data], length)


class Connection:
    """Sends and receives frames. Any thread sends; whoever waits for a message reads for all (`pump_until`)."""

    def __init__(self, sock):
        self.socket = sock
        self._buffer = bytearray(_CHUNK)
        self._view = memoryview(self._buffer)
        self._start = 0
        self._end = 0
        self._descriptors = []
        self._send_lock = threading.Lock()

    def fileno(self):
        return self.socket.fileno()

    def send(self, kind, header=None, parts=(), length=0, batch=0):
        text = b"" if header is None else header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
        message = [_PREFIX.pack(len(text), length, kind, batch), text]
        message.extend(parts)
        data = b"".join(message)
        with self._send_lock:
            try:
                self.socket.sendall(data)
            except OSError as error:
                raise Disconnected(str(error)) from error

    def has_input(self):
        """A frame, or its begin, is there already."""
        return self._end > self._start or bool(select.select([self.socket], [], [], 0)[0])

    def receive(self):
        """The next frame: kind, batch, header, body, descriptors that came along."""
        while True:
            available = self._end - self._start
            if available >= 16:
                header_length, body_length, kind, batch = _PREFIX.unpack_from(self._buffer, self._start)
                total = 16 + header_length + body_length
                if available >= total:
                    start = self._start + 16
                    header = json.loads(str(self._view[start:start + header_length], "utf-8")) if header_length else None
                    body = bytearray(self._view[start + header_length:start + header_length + body_length]) if body_length else b""
                    self._start += total
                    if self._start == self._end:
                        self._start = self._end = 0
                    # They come with the bytes that they were sent with, or earlier ones.
                    count = _DESCRIPTORS.get(kind, 0)
                    descriptors, self._descriptors = self._descriptors[:count], self._descriptors[count:]
                    return kind, batch, header, body, descriptors
                self._make_room(total)
            self._read()

    def _make_room(self, total):
        if self._start + total <= len(self._buffer):
            return
        rest = bytes(self._view[self._start:self._end])
        if total > len(self._buffer):
            self._view.release()
            self._buffer = bytearray(max(total, _CHUNK))
            self._view = memoryview(self._buffer)
        self._view[:len(rest)] = rest
        self._start, self._end = 0, len(rest)

    def _read(self):
        if self._end == len(self._buffer):
            self._make_room(self._end - self._start + _CHUNK)
        try:
            count, control, _, _ = self.socket.recvmsg_into([self._view[self._end:]], 256)
        except OSError as error:
            raise Disconnected(str(error)) from error
        if count == 0:
            raise Disconnected("the server closed the connection")
        for level, kind, data in control:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors = array.array("i")
                descriptors.frombytes(data[:len(data) - len(data) % descriptors.itemsize])
                for descriptor in descriptors:
                    os.set_inheritable(descriptor, False)
                    self._descriptors.append(descriptor)
        self._end += count
