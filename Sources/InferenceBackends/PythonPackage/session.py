"""One worker's conversation with the server: batches in, results out, and what happens meanwhile."""

import asyncio
import collections
import socket
import threading
import traceback
import weakref

import numpy as np

from needletail import spans, wire


class Failure:
    """Why a request failed, as the server is told."""

    def __init__(self, exception, text=None, code="internal", fatal=False):
        facts = spans.exception_attributes(exception)
        self.wire = {
            "type": facts["exception.type"], "message": str(exception), "stack": facts["exception.stacktrace"],
            "text": text if text is not None else str(exception), "code": code,
        }
        if fatal:
            self.wire["fatal"] = True


class RawRequest:
    """One request of a batch."""

    __slots__ = ("index", "id", "inputs", "parameters", "requested_outputs", "context", "sequence", "batch")

    def __init__(self, batch, index, inputs, head):
        self.batch = batch
        self.index = index
        self.inputs = inputs
        if head is None:
            self.id = ""
            self.parameters = {}
            self.requested_outputs = []
            self.context = None
            self.sequence = None
            return
        self.id = head.get("id", "")
        self.parameters = head.get("par", {})
        self.requested_outputs = head.get("out", [])
        self.sequence = head.get("seq")
        parent = head.get("tp")
        self.context = spans.parse_traceparent(parent, head.get("ts", "")) if parent else None

    @property
    def is_cancelled(self):
        return self.batch.session.is_cancelled(self.batch, self.index)


class Batch:
    """The requests that are executed together."""

    def __init__(self, session, number, header, body, arena):
        self.session = session
        self.number = number
        self._arena = arena
        self.credit = session.max_credit
        self.cancelled = set()
        self.cancel_answers = 0
        #: Of each response that the server has not passed on: whether it lies in shared memory.
        self.responses_out = []
        count = header["n"]
        heads = header.get("req") or [None] * count
        #: Input name -> the array of the whole batch, when the requests fit together.
        self.columns = None
        self._shared = []
        rows = header.get("rows")
        if rows is not None:
            self.rows = rows
            total = sum(rows)
            self.columns = {entry[0]: self._tensor([entry[0], entry[1], [total] + entry[2]] + entry[3:], body) for entry in header["in"]}
            if count == 1:
                self.requests = [RawRequest(self, 0, dict(self.columns), heads[0])]
            else:
                self.requests = []
                start = 0
                items = list(self.columns.items())
                for index, size in enumerate(rows):
                    end = start + size
                    self.requests.append(RawRequest(self, index, {name: column[start:end] for name, column in items}, heads[index]))
                    start = end
        else:
            self.rows = None
            self.requests = [
                RawRequest(self, index, {entry[0]: self._tensor(entry, body) for entry in entries}, heads[index])
                for index, entries in enumerate(header["each"])
            ]

    def _tensor(self, entry, body):
        _, kind, shape, place, offset, length = entry
        if place == 1:
            raw = self._arena.view(offset, length)
            if kind != "BYTES":
                # Dies with the last array over this memory.
                self._shared.append(weakref.ref(raw))
            data = raw
        else:
            data = body
        return decode(kind, shape, data, offset if place == 0 else 0, length)

    def has_credit(self):
        return self.credit > 0

    @property
    def all_cancelled(self):
        return len(self.cancelled) >= len(self.requests) > 0

    def forget(self):
        """Lets the arrays go; says whether someone else still holds any that lie in shared memory."""
        self.columns = None
        self.requests = []
        return any(reference() is not None for reference in self._shared)


def decode(kind, shape, data, offset, length):
    if kind == "BYTES":
        part = data[offset:offset + length] if isinstance(data, (bytes, bytearray)) else data.tobytes()
        return wire.decode_bytes(part, shape)
    if kind == "BF16" and length:
        words = np.frombuffer(data, dtype=np.uint16, count=length // 2, offset=offset)
        return (words.astype(np.uint32) << 16).view(np.float32).reshape(shape)
    dtype = wire.DTYPES.get(kind, wire.DTYPES["FP32"])
    if length == 0:
        return np.empty(shape, dtype)
    if isinstance(data, np.ndarray):
        return data.view(dtype).reshape(shape)
    return np.frombuffer(data, dtype=dtype, count=length // dtype.itemsize, offset=offset).reshape(shape)


class Session:
    """Receives batches and hands them to an executor, one at a time.

    An executor has `execute(batch)` or, when `is_async`, a coroutine function of that name; it answers through `finish` and
    `send_response`.
    """

    def __init__(self, connection, welcome, descriptors):
        self.connection = connection
        self.input = wire.Arena(descriptors[0])
        self.outgoing = wire.Outgoing(wire.Arena(descriptors[1]), welcome.get("shared_memory", 1 << 30))
        self.max_credit = welcome.get("credit", 1)
        self._changed = threading.Condition()
        self._reading = False
        self._pending = collections.deque()
        self._stopped = False
        self._disconnected = None
        self._batches = {}
        #: Batches that ended while responses were on their way.
        self._ended = {}
        self._calls = {}
        self._last_call = 0
        self._loop = None
        self._loop_thread = None
        self._loop_waiters = []
        #: What the server says about a model that this process offers; None before.
        self.bound = None
        spans.SINK.on_end = self._span_ended

    # Reading

    def wait(self, condition):
        """Reads until the condition holds. Any thread may wait; one reads for all."""
        while True:
            with self._changed:
                while True:
                    if condition():
                        return
                    if self._disconnected is not None:
                        raise self._disconnected
                    if not self._reading:
                        self._reading = True
                        break
                    self._changed.wait()
            try:
                self._dispatch(*self.connection.receive())
            except wire.Disconnected as error:
                self._disconnected = error
            finally:
                with self._changed:
                    self._reading = False
                    self._changed.notify_all()

    async def wait_async(self, condition):
        while not condition():
            if self._disconnected is not None:
                raise self._disconnected
            waiter = asyncio.get_running_loop().create_future()
            self._loop_waiters.append(waiter)
            await waiter

    def _drain(self):
        """The socket is readable: takes what is there (asyncio)."""
        with self._changed:
            if self._reading:
                return
            self._reading = True
        try:
            while self.connection.has_input():
                self._dispatch(*self.connection.receive())
        except wire.Disconnected as error:
            self._disconnected = error
            self._loop.remove_reader(self.connection.fileno())
        finally:
            with self._changed:
                self._reading = False
                self._changed.notify_all()
            self._wake_loop()

    def _wake_loop(self):
        waiters, self._loop_waiters = self._loop_waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _dispatch(self, kind, number, header, body, descriptors):
        if kind == wire.EXECUTE:
            self._pending.append((number, header, body, self.input))
        elif kind == wire.CALL_RESPONSE:
            call = self._calls.get(header["call"])
            if call is not None:
                call.receive(header, body, self.input)
        elif kind == wire.ARENA:
            # The old one is kept alive by who holds its arrays.
            self.input = wire.Arena(descriptors[0])
        elif kind == wire.STOP:
            self._stopped = True
        elif kind == wire.BOUND:
            self.bound = header
        else:
            batch = self._batches.get(number)
            if batch is not None:
                self._dispatch_to(batch, kind, header)
            elif kind == wire.CREDIT and header:
                # It has read the end of a batch.
                self.outgoing.hold(-1)
            elif kind == wire.CREDIT and number in self._ended:
                self._dispatch_to(self._ended[number], kind, header)
                if not any(self._ended[number].responses_out):
                    del self._ended[number]
        if self._loop is not None and threading.get_ident() != self._loop_thread:
            self._loop.call_soon_threadsafe(self._wake_loop)

    def _dispatch_to(self, batch, kind, header):
        if kind == wire.CREDIT:
            batch.credit += 1
            if batch.responses_out and batch.responses_out.pop(0):
                self.outgoing.hold(-1)
        elif kind == wire.CANCEL:
            batch.cancelled.update(header["requests"])
        elif kind == wire.CANCEL_ANSWER:
            batch.cancelled.update(header["requests"])
            batch.cancel_answers += 1

    # Batches

    def stop(self):
        """Ends `run`; any thread may call it."""
        with self._changed:
            self._stopped = True
        try:
            self.connection.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def run(self, executor):
        """Serves until the server says stop, or is gone."""
        if executor.is_async:
            asyncio.run(self._run_async(executor))
            return
        while True:
            self.wait(self._has_work)
            if not self._pending:
                return
            executor.execute(self._begin())

    def _has_work(self):
        return bool(self._pending) or self._stopped

    async def _run_async(self, executor):
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._loop.add_reader(self.connection.fileno(), self._drain)
        tasks = set()
        # What came before the loop began.
        self._drain()
        while True:
            await self.wait_async(self._has_work)
            if not self._pending:
                break
            task = asyncio.ensure_future(executor.execute(self._begin()))
            if executor.is_concurrent:
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            else:
                await task
        if tasks:
            await asyncio.wait(tasks)

    def _begin(self):
        number, header, body, arena = self._pending.popleft()
        batch = Batch(self, number, header, body, arena)
        self._batches[number] = batch
        return batch

    def is_cancelled(self, batch, index):
        """Nobody waits for this request's answer any more; asks the server."""
        if index in batch.cancelled or batch.number not in self._batches:
            return index in batch.cancelled
        count = batch.cancel_answers
        self.connection.send(wire.CANCEL_QUERY, batch=batch.number)
        self.wait(lambda: batch.cancel_answers > count)
        return index in batch.cancelled

    def send_response(self, batch, index, outputs):
        """Sends one response of a decoupled model's request; waits while the client is slow."""
        if batch.credit <= 0:
            self.wait(batch.has_credit)
        batch.credit -= 1
        body = wire.Body(self.outgoing)
        entries = [body.add_array(name, array) for name, array in outputs.items()]
        batch.responses_out.append(body.is_shared)
        self.connection.send(wire.RESPONSE, {"r": index, "each": [{"out": entries}]}, body.parts, body.length, batch.number)

    def finish(self, batch, results=None, failure=None):
        """Ends the batch: a dictionary of outputs, None or a Failure for each request, or one Failure for all."""
        header = {}
        body = wire.Body(self.outgoing)
        if failure is not None:
            header["err"] = failure.wire
        else:
            try:
                self._put_results(batch, results, header, body)
            except Exception as error:  # what a model gives may be anything
                header = {"err": Failure(error).wire}
                body.abandon()
                body = wire.Body(self.outgoing)
        ended = spans.SINK.take()
        if ended:
            header["spans"] = ended
        del results
        if batch.forget():
            header["kept"] = True
        with self._changed:
            self._batches.pop(batch.number, None)
            # Their credit comes after the end of the batch.
            if any(batch.responses_out):
                self._ended[batch.number] = batch
        if body.is_shared:
            header["ack"] = True
        self.connection.send(wire.DONE, header, body.parts, body.length, batch.number)

    def _put_results(self, batch, results, header, body):
        if batch.rows is not None and self._put_columns(batch, results, header, body):
            return
        each = []
        for result in results:
            if isinstance(result, Failure):
                each.append({"err": result.wire})
            elif result is None:
                each.append({"out": []})
            else:
                each.append({"out": [body.add_array(name, array) for name, array in result.items()]})
        header["each"] = each

    @staticmethod
    def _put_columns(batch, results, header, body):
        """Sends each output as one array for the whole batch, when the requests' outputs fit together."""
        first = results[0]
        if not isinstance(first, dict) or not first:
            return False
        rows = []
        count = len(results)
        columns = []
        for name, array in first.items():
            kind = wire.NAMES.get(array.dtype)
            if kind is None or array.ndim == 0:
                return False
            columns.append((name, kind, array.dtype, array.shape[1:], [array]))
            rows.append(array.shape[0])
        size = rows[0]
        if any(row != size for row in rows):
            return False
        rows = [size]
        if count > 1:
            width = len(columns)
            for result in results[1:]:
                if not isinstance(result, dict) or len(result) != width:
                    return False
                size = None
                for name, _, dtype, tail, arrays in columns:
                    array = result.get(name)
                    if array is None or array.dtype != dtype:
                        return False
                    shape = array.shape
                    if shape[1:] != tail or not shape or (size is not None and size != shape[0]):
                        return False
                    size = shape[0]
                    arrays.append(array)
                rows.append(size)
        entries = []
        for name, kind, _, tail, arrays in columns:
            length = sum(array.nbytes for array in arrays)
            if length <= wire.INLINE_LIMIT:
                parts = [array.tobytes() for array in arrays]
            else:
                parts = [np.ascontiguousarray(array) for array in arrays if array.nbytes]
            entries.append(body.add(name, kind, list(tail), parts, length))
        header["rows"] = rows
        header["out"] = entries
        return True

    # Messages beside the batches

    def log(self, level, message):
        self.connection.send(wire.LOG, {"level": level, "message": str(message)})

    def fatal(self, message):
        """Tells the server that it must not go on."""
        self.connection.send(wire.FATAL, {"message": message})

    def _span_ended(self):
        # Within a batch spans go along with its end; before many wait, at once.
        if not self._batches or len(spans.SINK._spans) >= 512:
            ended = spans.SINK.take()
            if ended:
                try:
                    self.connection.send(wire.SPANS, ended)
                except wire.Disconnected:
                    pass

    # Calls of other models

    def call(self, request, model, inputs, version=None, request_id="", outputs=(), parameters=None, stream=False):
        """Begins a call of another model as part of a request; gives a `ModelCall`."""
        with self._changed:
            self._last_call += 1
            call = ModelCall(self, self._last_call, request.batch.number)
            self._calls[call.id] = call
        body = wire.Body(self.outgoing)
        header = {"call": call.id, "r": request.index, "model": model, "in": [body.add_array(name, array) for name, array in inputs.items()]}
        if version is not None and version > 0:
            header["version"] = version
        if request_id:
            header["id"] = request_id
        if outputs:
            header["out"] = list(outputs)
        if parameters:
            header["par"] = parameters
        if stream:
            header["stream"] = True
        call.is_shared = body.is_shared
        self.connection.send(wire.CALL, header, body.parts, body.length, request.batch.number)
        return call


class CallFailed(Exception):
    """Another model failed a call."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class ModelCall:
    """A call of another model under way: its responses in order."""

    def __init__(self, session, number, batch):
        self.id = number
        self._batch = batch
        #: Its inputs lie in shared memory, and the server has not read them.
        self.is_shared = False
        self._session = session
        self._responses = []
        self.is_final = False

    def receive(self, header, body, arena):
        if self.is_shared:
            self.is_shared = False
            self._session.outgoing.hold(-1)
        error = header.get("err")
        if error is not None:
            self._responses.append(CallFailed(error["code"], error["message"]))
        elif header.get("out") or not header["final"]:
            self._responses.append({entry[0]: self._tensor(entry, body, arena) for entry in header["out"]})
        if header["final"]:
            self.is_final = True
            self._session._calls.pop(self.id, None)

    @staticmethod
    def _tensor(entry, body, arena):
        _, kind, shape, place, offset, length = entry
        if place == 1:
            # A copy: the memory is used again by later batches.
            return decode(kind, shape, bytearray(arena.view(offset, length)), 0, length)
        return decode(kind, shape, body, offset, length)

    def _is_ready(self):
        return bool(self._responses) or self.is_final

    def next(self):
        """The next response: a dictionary of arrays, a CallFailed, or None after the last."""
        self._session.wait(self._is_ready)
        return self._take()

    async def next_async(self):
        await self._session.wait_async(self._is_ready)
        return self._take()

    def _take(self):
        if not self._responses:
            return None
        response = self._responses.pop(0)
        if not self.is_final:
            self._session.connection.send(wire.CALL_CREDIT, {"call": self.id}, batch=self._batch)
        return response


def format_exception(error):
    return "".join(traceback.format_exception(type(error), error, error.__traceback__))
