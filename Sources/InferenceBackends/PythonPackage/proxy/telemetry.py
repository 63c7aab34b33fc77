"""Tracing inside callables, with PyTriton's functions."""

import contextlib

from needletail import spans

_tracer = None


def set_telemetry_tracer(tracer):
    """Makes requests' spans with a tracer of the program's own. Once only.

    Raises:
        ValueError: there is one already.
    """
    global _tracer
    if _tracer is not None:
        raise ValueError("Telemetry tracer is already set")
    _tracer = tracer


def get_telemetry_tracer():
    """The tracer that was set; None: spans go to the server, which exports them."""
    return _tracer


def parse_trace_config(trace_config_list):
    """URL and resource attributes of Triton's trace settings; blanks, commas and `=` in values are kept."""
    settings = [item.partition("=") for item in trace_config_list]
    if not any(key == "mode" and value.strip().lower() == "opentelemetry" for key, _, value in settings):
        raise ValueError("Only opentelemetry mode is supported")
    url = next((value for key, _, value in settings if key == "opentelemetry,url"), None)
    if url is None:
        raise ValueError("opentelemetry,url is required")
    resource = {}
    for key, _, value in settings:
        if key == "opentelemetry,resource":
            name, _, text = value.partition("=")
            resource[name] = text
    return url, resource


def build_proxy_tracer_from_triton_config(trace_config):
    """A tracer of OpenTelemetry's SDK that exports to the collector of Triton's trace settings.

    Without this the server exports the spans of callables together with its own.
    """
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        install = "pip install opentelemetry-api opentelemetry-sdk opentelemetry-exporter-otlp"
        raise ImportError(f"OpenTelemetry is not installed. Please install it using '{install}'.") from error
    url, resource = parse_trace_config(trace_config)
    if "://" not in url:
        url = "http://" + url
    provider = TracerProvider(resource=Resource(attributes=resource))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))
    trace.set_tracer_provider(provider)
    return trace.get_tracer(__name__)


def traced_span(request, span_name, **kwargs):
    """A span around a block, below the request's; does nothing when the request is not traced.

    Args:
        **kwargs: for `start_as_current_span` of OpenTelemetry's tracer.
    """
    span = request.span
    if span is None:
        return contextlib.nullcontext()
    if isinstance(span, spans.Span):
        return spans.child_of(span, span_name, **kwargs)
    return _users_span(span, span_name, kwargs)


@contextlib.contextmanager
def _users_span(parent, name, options):
    from opentelemetry import trace

    with trace.use_span(_inner(parent), end_on_exit=False, record_exception=False, set_status_on_exception=False):
        with spans.user_tracer().start_as_current_span(name, **options) as span:
            yield span


def _inner(span):
    """The current span when it belongs to this request's trace, so that blocks inside blocks are its children."""
    from opentelemetry import trace

    now = trace.get_current_span()
    return now if now.get_span_context().trace_id == span.get_span_context().trace_id else span


def start_span_from_span(span, name):
    """A child of a request's span; whoever starts it ends it."""
    if isinstance(span, spans.Span):
        return spans.start_child(name, span.get_span_context(), root=span.root)
    from opentelemetry import trace

    return spans.user_tracer().start_span(name, context=trace.set_span_in_context(span))


def end_span(span, error=None):
    """Ends a span, with its status."""
    if span is not None:
        if isinstance(span, spans.Span):
            span.set_status("OK" if error is None else "ERROR", error)
        else:
            from opentelemetry.trace import Status, StatusCode

            span.set_status(Status(StatusCode.OK) if error is None else Status(StatusCode.ERROR, error))
        span.end()
