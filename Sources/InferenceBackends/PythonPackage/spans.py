"""Spans made in a worker: kept here, and sent to the server, which exports them with its own.

Works without any package. With `opentelemetry-api` the spans are OpenTelemetry's, and when the program has no tracer provider
of its own, ours is installed, so that `trace.get_tracer(__name__).start_as_current_span(...)` records.
"""

import contextlib
import contextvars
import json
import random
import threading
import time
import traceback

try:
    from opentelemetry import context as otel_context
    from opentelemetry import trace as otel_trace
except ImportError:
    otel_context = None
    otel_trace = None

#: Bounds of one span, as OpenTelemetry's SDKs have them.
MAX_ATTRIBUTES = 128
MAX_EVENTS = 128
MAX_LINKS = 128
#: Spans that wait for being sent; more are dropped and counted.
MAX_PENDING = 65_536

SCOPE = ["needletail.python", ""]


class SpanSink:
    """Keeps ended spans until the worker sends them."""

    def __init__(self):
        self._lock = threading.Lock()
        self._spans = []
        self.dropped = 0
        #: Called without a lock when a span ended; may send.
        self.on_end = None

    def add(self, span):
        with self._lock:
            if len(self._spans) >= MAX_PENDING:
                self.dropped += 1
                return
            self._spans.append(span)
        if self.on_end is not None:
            self.on_end()

    def take(self):
        if not self._spans:
            return None
        with self._lock:
            spans, self._spans = self._spans, []
        return [span.to_wire() for span in spans]


SINK = SpanSink()


def _value(value):
    if isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if value == value and value not in (float("inf"), float("-inf")) else str(value)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, (list, tuple)):
        return [_value(one) for one in value]
    return str(value)


def _pairs(attributes):
    return [[str(key), _value(value)] for key, value in (attributes or {}).items()]


class SpanContext:
    """Ids of a span, for programs without OpenTelemetry; named as there."""

    def __init__(self, trace_id, span_id, trace_flags=1, trace_state="", is_remote=False):
        self.trace_id = trace_id
        self.span_id = span_id
        self.trace_flags = trace_flags
        self.trace_state = trace_state
        self.is_remote = is_remote
        self.is_valid = trace_id != 0 and span_id != 0


def _make_context(trace_id, span_id, flags, state, is_remote=False):
    if otel_trace is None:
        return SpanContext(trace_id, span_id, flags, state, is_remote)
    return otel_trace.SpanContext(
        trace_id, span_id, is_remote, otel_trace.TraceFlags(flags), otel_trace.TraceState.from_header([state]) if state else None
    )


def parse_traceparent(text, state=""):
    """A context from the server's own `traceparent`."""
    _, trace_id, span_id, flags = text.split("-")
    return _make_context(int(trace_id, 16), int(span_id, 16), int(flags, 16), state, is_remote=True)


class _Recording:
    """A span under way."""

    def __init__(self, name, context, parent_id, kind=0, attributes=None, links=None, start_time=None, scope=SCOPE, state=""):
        self.name = name
        self._context = context
        self.parent_id = parent_id
        self._kind = kind
        self._attributes = {}
        self._dropped_attributes = 0
        self._events = []
        self._dropped_events = 0
        self._links = []
        self._start = start_time or time.time_ns()
        self._end = None
        self._code = 0
        self._message = ""
        self._scope = scope
        self._state = state
        #: The span of the request that this one belongs to.
        self.root = None
        if attributes:
            self.set_attributes(attributes)
        for link in links or ():
            self.add_link(link.context, link.attributes)

    @property
    def context(self):
        return self._context

    def get_span_context(self):
        return self._context

    def is_recording(self):
        return self._end is None

    def set_attribute(self, key, value):
        if self._end is None:
            if key not in self._attributes and len(self._attributes) >= MAX_ATTRIBUTES:
                self._dropped_attributes += 1
            else:
                self._attributes[key] = value

    def set_attributes(self, attributes):
        for key, value in attributes.items():
            self.set_attribute(key, value)

    def add_event(self, name, attributes=None, timestamp=None):
        if self._end is not None:
            return
        if len(self._events) >= MAX_EVENTS:
            self._dropped_events += 1
            return
        self._events.append([timestamp or time.time_ns(), name, _pairs(attributes)])

    def add_link(self, context, attributes=None):
        if self._end is None and len(self._links) < MAX_LINKS and context is not None and context.is_valid:
            self._links.append([f"{context.trace_id:032x}", f"{context.span_id:016x}", _pairs(attributes)])

    def update_name(self, name):
        if self._end is None:
            self.name = name

    def set_status(self, status, description=None):
        if self._end is not None or self._code == 1:
            return
        code = getattr(status, "status_code", status)
        text = getattr(status, "description", None) or description
        number = {"UNSET": 0, "OK": 1, "ERROR": 2}.get(getattr(code, "name", str(code)), 0)
        if number == 0:
            return
        self._code = number
        self._message = (text or "") if number == 2 else ""

    def record_exception(self, exception, attributes=None, timestamp=None, escaped=False):
        facts = exception_attributes(exception)
        facts["exception.escaped"] = str(bool(escaped))
        facts.update(attributes or {})
        self.add_event("exception", facts, timestamp)

    def fail(self, exception):
        """Status and event of what an operation raised, as OpenTelemetry's `use_span` does it."""
        self.record_exception(exception)
        self.set_status("ERROR", f"{type(exception).__name__}: {exception}")

    def end(self, end_time=None):
        if self._end is None:
            self._end = max(end_time or time.time_ns(), self._start)
            SINK.add(self)

    def __enter__(self):
        return self

    def __exit__(self, kind, exception, trace):
        if exception is not None and self.is_recording():
            self.fail(exception)
        self.end()

    def to_wire(self):
        context = self._context
        span = {
            "n": self.name, "t": f"{context.trace_id:032x}", "s": f"{context.span_id:016x}", "st": self._start, "en": self._end,
            "k": self._kind + 1, "f": int(context.trace_flags), "sc": self._scope,
        }
        if self.parent_id:
            span["p"] = f"{self.parent_id:016x}"
        if self._state:
            span["ts"] = self._state
        if self._attributes:
            span["a"] = _pairs(self._attributes)
        if self._dropped_attributes:
            span["da"] = self._dropped_attributes
        if self._events:
            span["e"] = self._events
        if self._dropped_events:
            span["de"] = self._dropped_events
        if self._links:
            span["l"] = self._links
        if self._code:
            span["c"] = self._code
        if self._message:
            span["m"] = self._message
        return span


def exception_attributes(exception):
    kind = type(exception)
    name = kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__qualname__}"
    return {
        "exception.type": name,
        "exception.message": str(exception),
        "exception.stacktrace": "".join(traceback.format_exception(kind, exception, exception.__traceback__)),
    }


if otel_trace is None:

    class Span(_Recording):
        pass

else:

    class Span(_Recording, otel_trace.Span):
        pass


_random = random.SystemRandom()
_ids = random.Random(_random.getrandbits(128))


def _new_id():
    value = 0
    while value == 0:
        value = _ids.getrandbits(64)
    return value


def start_child(name, parent, kind=0, attributes=None, links=None, start_time=None, scope=SCOPE, root=None):
    """A recording span below a context that is sampled."""
    state = parent.trace_state
    text = state.to_header() if hasattr(state, "to_header") else (state or "")
    context = _make_context(parent.trace_id, _new_id(), int(parent.trace_flags), text)
    span = Span(name, context, parent.span_id, kind, attributes, links, start_time, scope, text)
    span.root = root or context.span_id
    return span


# The current span of programs without OpenTelemetry.
_current = contextvars.ContextVar("needletail_span", default=None)


@contextlib.contextmanager
def current(span):
    """Makes a span the current one."""
    if otel_trace is not None:
        token = otel_context.attach(otel_trace.set_span_in_context(span))
        try:
            yield span
        finally:
            otel_context.detach(token)
    else:
        token = _current.set(span)
        try:
            yield span
        finally:
            _current.reset(token)


@contextlib.contextmanager
def within(context):
    """Makes the context of a request the current one, so that OpenTelemetry's spans become its children."""
    if context is None or otel_trace is None:
        yield
        return
    user_tracer()
    token = otel_context.attach(otel_trace.set_span_in_context(otel_trace.NonRecordingSpan(context)))
    try:
        yield
    finally:
        otel_context.detach(token)


def current_span():
    if otel_trace is not None:
        return otel_trace.get_current_span()
    return _current.get()


@contextlib.contextmanager
def child_of(parent, name, **options):
    """A span around a block, below `parent` or, inside another block, below that one's."""
    now = current_span()
    above = now if getattr(now, "root", None) == parent.root else parent
    span = start_child(name, above.get_span_context(), root=parent.root, **options)
    with current(span):
        try:
            yield span
        except BaseException as error:
            span.fail(error)
            raise
        finally:
            span.end()


if otel_trace is not None:

    class Tracer(otel_trace.Tracer):
        """Records below sampled parents; a span without one is not recorded."""

        def __init__(self, name, version):
            self._scope = [name or "", version or ""]

        def start_span(
            self, name, context=None, kind=otel_trace.SpanKind.INTERNAL, attributes=None, links=None, start_time=None,
            record_exception=True, set_status_on_exception=True,
        ):
            above = otel_trace.get_current_span(context)
            parent = above.get_span_context()
            if not parent.is_valid or not parent.trace_flags & 1:
                return otel_trace.NonRecordingSpan(parent)
            return start_child(name, parent, kind.value, attributes, links, start_time, self._scope, getattr(above, "root", None))

        @contextlib.contextmanager
        def start_as_current_span(
            self, name, context=None, kind=otel_trace.SpanKind.INTERNAL, attributes=None, links=None, start_time=None,
            record_exception=True, set_status_on_exception=True, end_on_exit=True,
        ):
            span = self.start_span(name, context, kind, attributes, links, start_time)
            with otel_trace.use_span(
                span, end_on_exit=end_on_exit, record_exception=record_exception, set_status_on_exception=set_status_on_exception
            ):
                yield span

    class TracerProvider(otel_trace.TracerProvider):
        """Its spans go to the inference server."""

        def get_tracer(self, instrumenting_module_name, instrumenting_library_version=None, schema_url=None, attributes=None):
            return Tracer(instrumenting_module_name, instrumenting_library_version)

    _provider = TracerProvider()


def user_tracer():
    """The tracer of a provider that the program has set up itself; None when its spans are ours to make.

    The first call installs our provider where there is none.
    """
    if otel_trace is None:
        return None
    from needletail.proxy import telemetry
    if telemetry.get_telemetry_tracer() is not None:
        return telemetry.get_telemetry_tracer()
    provider = otel_trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        return None
    if isinstance(provider, otel_trace.ProxyTracerProvider):
        otel_trace.set_tracer_provider(_provider)
        return None
    if isinstance(provider, otel_trace.NoOpTracerProvider):
        return None
    return provider.get_tracer("needletail.python")


def start_request_span(name, context):
    """The span of one traced request in this process."""
    tracer = user_tracer()
    if tracer is None:
        return start_child(name, context)
    parent = otel_trace.set_span_in_context(otel_trace.NonRecordingSpan(context))
    return tracer.start_span(name, context=parent)


def traceparent(context):
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


def carrier(context):
    """What Triton's `request.trace().get_context()` gives: JSON with traceparent and tracestate."""
    state = context.trace_state
    text = state.to_header() if hasattr(state, "to_header") else state
    headers = {"traceparent": traceparent(context)}
    if text:
        headers["tracestate"] = text
    return json.dumps(headers)
