"""A real Envoy in front of our inference server, set up by what the page lets its users copy."""

import re
import textwrap
import time

import pytest
import requests

from support import otlp, traces
from support.browser import screenshot
from support.peer import Peer, clean_environment, needs
from support.program import free_ports
from support.sendblocks import copied_block, shows_on_the_page
from support.waiting import wait_until

needs("envoy")

# An Envoy as its users have it, without tracing: a listener, a route, a cluster.
CONFIG = """\
admin:
  address: {{ socket_address: {{ address: 127.0.0.1, port_value: {admin} }} }}
static_resources:
  listeners:
  - name: front
    address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: front
{tracing}
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: {{ prefix: / }}
                route: {{ cluster: inference, timeout: 60s }}
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
{cluster}
  - name: inference
    type: STATIC
    load_assignment:
      cluster_name: inference
      endpoints:
      - lb_endpoints:
        - endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {inference} }} }} }}
"""


def parts(block):
    """The two parts of the block, by the comment over each that says where it belongs."""
    _, *found = re.split(r"^# (.+)\n", block, flags=re.MULTILINE)
    places = dict(zip(found[::2], found[1::2]))
    return places["in typed_config of the http_connection_manager"], places["among static_resources.clusters"]


@pytest.fixture(params=["127.0.0.1", "localhost"])
def envoy(request, up, page, tmp_path):
    """Envoy with the block as a reader gets it who knows this machine by that name."""
    tracing, cluster = parts(copied_block(page, up.query.replace("127.0.0.1", request.param), "Envoy"))
    admin, port = free_ports(2)
    (tmp_path / "envoy.yaml").write_text(CONFIG.format(
        admin=admin, port=port, inference=up.http_port, tracing=textwrap.indent(tracing, " " * 10), cluster=textwrap.indent(cluster, " " * 2),
    ))
    command = ["envoy", "--config-path", "envoy.yaml", "--concurrency", "1", "--disable-hot-restart"]
    with Peer("envoy", tmp_path, command, clean_environment("envoy"), f"http://127.0.0.1:{admin}/ready") as peer:
        peer.url = f"http://127.0.0.1:{port}"
        yield peer


def test_the_whole_path_is_one_trace(up, page, envoy):
    """Client, Envoy, inference server, model: each the parent of the next, in one trace."""
    trace_id, caller, begin = otlp.trace_id(), otlp.span_id(), time.time_ns()
    answer = requests.post(f"{envoy.url}/v2/models/passthrough/generate", json={"sleep": 0.02}, headers={"traceparent": f"00-{trace_id}-{caller}-01"}, timeout=60)
    assert answer.status_code == 200, envoy.log()
    span = {"trace": trace_id, "id": caller, "name": "ask for a price", "kind": 3, "start": begin, "duration": time.time_ns() - begin}
    assert requests.post(up.otlp, data=otlp.request("client", [span]).SerializeToString(), headers={"Content-Type": otlp.PROTOBUF}, timeout=60).status_code == 200
    trace = traces.wait_for(up.query, trace_id, len(traces.ANSWERED) + 2)
    chain = trace.chain("ask for a price", "ingress", "InferRequest", "passthrough", "compute")
    assert trace.is_linked
    assert [span.service for span in chain] == ["client", "envoy"] + ["test_server_with_passthrough"] * 3
    assert [span.tags["span.kind"] for span in chain[:3]] == ["client", "server", "server"]
    ingress = chain[1]
    assert ingress.tags["http.status_code"] == "200"
    assert ingress.tags["upstream_cluster.name"] == "inference"
    assert ingress.resource["telemetry.sdk.name"] == "envoy"
    traces.assert_nested(chain[0], ingress)
    # The server's span ends when its answer is written, which Envoy may have passed on before the server gets to note it.
    assert ingress.start <= chain[2].start <= ingress.end
    traces.assert_nested(ingress, chain[-1])
    shows_on_the_page(page, up.query, trace)
    screenshot(page, "setup-envoy")


def test_a_request_without_context_begins_at_envoy(up, page, envoy):
    """Envoy's span is the root, also of a request that the model refuses; both servers tell of the failure."""
    before = {trace.id for trace in traces.search(up.query, service="envoy", limit=200)}
    answer = requests.post(f"{envoy.url}/v2/models/passthrough/generate", json={"sleep": 0, "error": True}, timeout=60)
    assert answer.status_code >= 400, envoy.log()
    new = wait_until(lambda: {trace.id for trace in traces.search(up.query, service="envoy", limit=200)} - before, timeout=30, what="Envoy's trace")
    trace = traces.wait_for(up.query, new.pop(), len(traces.REFUSED) + 1)
    chain = trace.chain("ingress", *traces.REFUSED)
    assert chain[0].parent is None
    assert chain[0].tags["http.status_code"] == str(answer.status_code)
    assert chain[-1].failed
    shows_on_the_page(page, up.query, trace)
