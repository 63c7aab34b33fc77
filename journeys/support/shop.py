"""A small shop whose traces the query APIs are asked for: two services, four traces a minute apart, the newest is the last."""

import time

import requests

from support import otlp

SECOND = 1_000_000_000


class Shop:
    def __init__(self):
        self.now = time.time_ns() // 1000 * 1000
        self.ids = [otlp.trace_id() for _ in range(4)]
        self.requests = []
        for number in range(4):
            front, back = self.spans(number)
            region = {"region": "eu" if number < 2 else "us"}
            self.requests += [otlp.request("front", front, resource=region), otlp.request("pay/ment", back, resource=region)]

    @property
    def start(self):
        """Before the first trace, in nanoseconds."""
        return self.now - 600 * SECOND

    def spans(self, number):
        trace, root = self.ids[number], otlp.span_id()
        start = self.now - (4 - number) * 60 * SECOND
        pay = {"trace": trace, "id": otlp.span_id(), "parent": root, "name": "pay", "start": start + 1_000_000, "duration": (number + 1) * 10_000_000,
               "attributes": {"http.status_code": 500 if number == 3 else 200, "tier": "gold" if number % 2 else "tin"}, "kind": 3,
               "events": [(1000, "retry", {"attempt": number})]}
        if number == 3:
            pay["error"] = "card refused"
        return [{"trace": trace, "id": root, "name": "checkout", "kind": 2, "start": start, "duration": (number + 1) * 20_000_000}], [pay]

    def send(self, program):
        for request in self.requests:
            answer = requests.post(program.otlp, data=request.SerializeToString(), headers={"Content-Type": otlp.PROTOBUF}, timeout=10)
            assert answer.status_code == 200
        return self


def flat(message):
    """(service, span) of every span of an OTLP message."""
    for group in message.resource_spans:
        service = next((one.value.string_value for one in group.resource.attributes if one.key == "service.name"), None)
        for scoped in group.scope_spans:
            for span in scoped.spans:
                yield service, span


def settled(span):
    """A span without what means nothing: a parent of zeros, an empty status."""
    one = type(span)()
    one.CopyFrom(span)
    if not any(one.parent_span_id):
        one.parent_span_id = b""
    if not one.status.code and not one.status.message:
        one.ClearField("status")
    return one.SerializeToString(deterministic=True)
