"""Traces as Jaeger's query API tells them."""

from dataclasses import dataclass, field

import requests

from support.waiting import wait_until


# The spans of one request to the built-in model: the server's, then those of the model's own code.
ANSWERED = ["InferRequest", "passthrough", "compute", "pass-through-get-data", "pass-through-sleep", "pass-through-append"]
# When the model refuses the request, in its first step.
REFUSED = ["InferRequest", "passthrough", "compute", "pass-through-get-data"]


@dataclass
class Span:
    trace_id: str
    id: str
    name: str
    service: str
    parent: str | None
    start: int  # microseconds since 1970
    duration: int  # microseconds
    tags: dict
    events: list  # (microseconds, name, fields)
    resource: dict
    raw: dict = field(repr=False)

    @property
    def end(self):
        return self.start + self.duration

    @property
    def event_names(self):
        return [name for _, name, _ in self.events]

    @property
    def failed(self):
        return self.tags.get("error") is True and self.tags.get("otel.status_code") == "ERROR"


@dataclass
class Trace:
    id: str
    spans: list

    def named(self, name):
        """The one span of this name."""
        found = [span for span in self.spans if span.name == name]
        assert len(found) == 1, f"{len(found)} spans named {name!r} in {[span.name for span in self.spans]}"
        return found[0]

    @property
    def names(self):
        return sorted(span.name for span in self.spans)

    @property
    def is_linked(self):
        """One root, and every other span's parent is here."""
        ids = {span.id for span in self.spans}
        roots = [span for span in self.spans if span.parent is None]
        return len(roots) == 1 and all(span.parent in ids for span in self.spans if span.parent)

    def chain(self, *names):
        """The spans of these names, checked to be each the parent of the next."""
        spans = [self.named(name) for name in names]
        for parent, child in zip(spans, spans[1:]):
            assert child.parent == parent.id, f"{child.name}'s parent is {child.parent}, not {parent.name} ({parent.id})"
        return spans


def parse(document):
    """One element of the answer's `data`."""
    spans = []
    for raw in document["spans"]:
        process = document["processes"][raw["processID"]]
        parents = [r["spanID"] for r in raw["references"] if r["refType"] == "CHILD_OF" and r["traceID"] == raw["traceID"]]
        events = []
        for log in raw["logs"]:
            fields = {f["key"]: f["value"] for f in log["fields"]}
            events.append((log["timestamp"], fields.get("event"), fields))
        spans.append(
            Span(
                trace_id=raw["traceID"], id=raw["spanID"], name=raw["operationName"], service=process["serviceName"],
                parent=parents[0] if parents else None, start=raw["startTime"], duration=raw["duration"],
                tags={tag["key"]: tag["value"] for tag in raw["tags"]}, events=events,
                resource={tag["key"]: tag["value"] for tag in process["tags"]}, raw=raw,
            )
        )
    return Trace(document["traceID"], spans)


def get(query, trace_id, raw=False, session=requests):
    """The trace, or None when the back end has none of this id."""
    answer = session.get(f"{query}/api/traces/{trace_id}", params={"raw": "true"} if raw else None, timeout=60)
    if answer.status_code == 404:
        return None
    assert answer.status_code == 200, f"{answer.status_code}: {answer.text[:500]}"
    return parse(answer.json()["data"][0])


def wait_for(query, trace_id, span_count, timeout=30.0):
    """The trace, as soon as it has that many spans."""
    def complete():
        trace = get(query, trace_id)
        return trace if trace and len(trace.spans) >= span_count else None

    trace = wait_until(complete, timeout=timeout, what=f"trace {trace_id} with {span_count} spans")
    assert len(trace.spans) == span_count, trace.names
    return trace


def search(query, **parameters):
    """The traces a search finds."""
    answer = requests.get(f"{query}/api/traces", params=parameters, timeout=60)
    assert answer.status_code == 200, f"{answer.status_code}: {answer.text[:500]}"
    return [parse(document) for document in answer.json()["data"]]


def wait_for_root(query, service, name, span_count, timeout=30.0):
    """The one trace that begins with a span of that service and name, as soon as it has that many spans."""
    def begun():
        return [trace for trace in search(query, service=service, operation=name, limit=200) if any(span.name == name and span.parent is None for span in trace.spans)]

    found = wait_until(begun, timeout=timeout, what=f"a trace that begins with {name} of {service}")
    assert len(found) == 1, [trace.id for trace in found]
    return wait_for(query, found[0].id, span_count, timeout)


def assert_nested(parent, child):
    """The child lies within its parent, but for rounding to microseconds."""
    assert child.start >= parent.start - 2, f"{child.name} starts {parent.start - child.start} µs before {parent.name}"
    assert child.end <= parent.end + 2, f"{child.name} ends {child.end - parent.end} µs after {parent.name}"
