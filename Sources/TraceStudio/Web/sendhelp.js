// How to send data here: commands ready to copy, with this server's own addresses.
import { h, copyButton } from "./dom.js";

/**
 * Where this server listens, by listener; what does not listen is missing.
 * @typedef {{otlpHTTP?: number, otlpGRPC?: number, zipkin?: number, jaegerCompact?: number, jaegerHTTP?: number, inferenceHTTP?: number}} Ports
 */

/** This server's name as the reader's browser knows it, as it stands in a URL. */
function host() { return location.hostname || "localhost"; }

/** @param {Ports} ports as `/api/ui/status` tells them */
export function sendHelp(ports) {
  const isLocal = /^(localhost|127\.|\[::1\])/.test(host());
  return h("div", { class: "send-help" }, blocks(ports).map(([title, text, code]) => h("section", { class: "card", "data-testid": "send-block", "data-title": title, "aria-label": title },
    h("div", { class: "card-head" }, h("h2", null, title), copyButton("Copy", () => code, "the commands")), h("p", { class: "muted" }, text), h("pre", { tabindex: 0 }, code))),
  isLocal && h("p", { class: "faint" }, "These addresses are those of this machine. From a container or another machine use a name of this one that is known there, and let the server listen on it: needletail up --host 0.0.0.0"));
}

/** Title, one sentence, and what to copy. @param {Ports} ports @returns {Array<[string, string, string]>} */
function blocks(ports) {
  const name = host(), http = ports.otlpHTTP && `http://${name}:${ports.otlpHTTP}`, grpc = ports.otlpGRPC && `http://${name}:${ports.otlpGRPC}`;
  /** @type {Array<[string, string, string] | false | undefined | 0 | "">} */
  const all = [
    ports.inferenceHTTP && ["Ask the built-in model", "A first traced request without any set-up; its trace is here a moment later.",
      `curl -s http://${name}:${ports.inferenceHTTP}/v2/models/passthrough/generate -d '{"sleep": 0.05}'`],
    http && ["curl", "One span by hand, for a shell.", curlCommand(http)],
    Boolean(http || grpc) && ["Any program with OpenTelemetry", "Environment variables that every OpenTelemetry SDK reads.", sdkVariables(http, grpc)],
    http && ["Triton Inference Server", "More arguments for tritonserver. rate=100 would trace one request in a hundred.",
      `tritonserver --model-repository=/models \\\n  --trace-config=mode=opentelemetry \\\n  --trace-config=opentelemetry,url=${http}/v1/traces \\\n  --trace-config=opentelemetry,resource=service.name=triton \\\n  --trace-config=level=TIMESTAMPS \\\n  --trace-config=rate=1`],
    http && ["PyTriton", "The same, where the server is made.",
      `from pytriton.triton import Triton, TritonConfig\n\ntriton = Triton(config=TritonConfig(trace_config=[\n    "level=TIMESTAMPS",\n    "rate=1",\n    "mode=opentelemetry",\n    "opentelemetry,url=${http}/v1/traces",\n    "opentelemetry,resource=service.name=pytriton",\n]))`],
    Boolean(http || grpc) && ["vLLM", "Needs OpenTelemetry's packages beside vLLM, and vLLM without --disable-log-stats, with which traced requests fail. A caller's traceparent is followed.", vllmCommand(http, grpc)],
    http && ["BentoML", "Needs bentoml[tracing-otlp]. For services of the old API, and before BentoML 1.2, tracing: stands at the top level, without services:.",
      `cat > tracing.yaml <<'END'\nservices:\n  tracing:\n    exporter_type: otlp\n    sample_rate: 1.0\n    otlp:\n      protocol: http\n      endpoint: ${http}/v1/traces\nEND\nBENTOML_CONFIG=tracing.yaml bentoml serve`],
    grpc && ["Envoy", "Into the HTTP connection manager and among the clusters of envoy.yaml.", envoyConfig(name, Number(ports.otlpGRPC))],
    ports.zipkin && ["Zipkin", "OpenTelemetry's Zipkin exporters read these variables; other senders take the address, with v1 in place of v2 for the old format.",
      `export OTEL_TRACES_EXPORTER=zipkin\nexport OTEL_EXPORTER_ZIPKIN_ENDPOINT=http://${name}:${ports.zipkin}/api/v2/spans`],
    Boolean(ports.jaegerHTTP || ports.jaegerCompact) && ["Jaeger", "A program with OpenTelemetry's Jaeger exporter, or with one of Jaeger's own clients, keeps sending Thrift.", jaegerVariables(name, ports.jaegerHTTP, ports.jaegerCompact)],
  ];
  return all.filter((block) => Array.isArray(block));
}

/** @param {string} http */
function curlCommand(http) {
  return `curl -s ${http}/v1/traces -H 'Content-Type: application/json' -d @- <<END
{"resourceSpans": [{
  "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "hello"}}]},
  "scopeSpans": [{"spans": [{
    "traceId": "$(od -An -tx1 -N16 /dev/urandom | tr -d ' \\n')", "spanId": "$(od -An -tx1 -N8 /dev/urandom | tr -d ' \\n')",
    "name": "first span", "kind": 2,
    "startTimeUnixNano": "$(date +%s)000000000", "endTimeUnixNano": "$(date +%s)250000000"
  }]}]
}]}
END`;
}

/** @param {string | 0 | undefined} http @param {string | 0 | undefined} grpc */
function sdkVariables(http, grpc) {
  const protocol = http ? `export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\nexport OTEL_EXPORTER_OTLP_ENDPOINT=${http}` : `export OTEL_EXPORTER_OTLP_PROTOCOL=grpc\nexport OTEL_EXPORTER_OTLP_ENDPOINT=${grpc}`;
  return `export OTEL_SERVICE_NAME=my-service\nexport OTEL_TRACES_EXPORTER=otlp\n${protocol}${http && grpc ? `\n# or over gRPC:\n# export OTEL_EXPORTER_OTLP_PROTOCOL=grpc OTEL_EXPORTER_OTLP_ENDPOINT=${grpc}` : ""}`;
}

/** OpenTelemetry's exporters and Jaeger's clients each have variables of their own. @param {string} name @param {number | undefined} http @param {number | undefined} udp */
function jaegerVariables(name, http, udp) {
  const overHTTP = http && [`export OTEL_EXPORTER_JAEGER_ENDPOINT=http://${name}:${http}/api/traces`, `export JAEGER_ENDPOINT=http://${name}:${http}/api/traces`];
  const overUDP = udp && [`export OTEL_EXPORTER_JAEGER_AGENT_HOST=${name} OTEL_EXPORTER_JAEGER_AGENT_PORT=${udp}`, `export JAEGER_AGENT_HOST=${name} JAEGER_AGENT_PORT=${udp}`];
  if (!overHTTP || !overUDP) return (overHTTP || overUDP || []).join("\n");
  return [...overHTTP, "# or over UDP, in place of these:", ...overUDP.map((line) => `# ${line}`)].join("\n");
}

/** vLLM reads the protocol of traces alone, and takes the endpoint as it is. @param {string | 0 | undefined} http @param {string | 0 | undefined} grpc */
function vllmCommand(http, grpc) {
  const packages = "pip install opentelemetry-sdk opentelemetry-api opentelemetry-exporter-otlp opentelemetry-semantic-conventions-ai";
  const way = grpc ? `export OTEL_EXPORTER_OTLP_TRACES_INSECURE=true\nvllm serve facebook/opt-125m --otlp-traces-endpoint=${grpc}` : `export OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf\nvllm serve facebook/opt-125m --otlp-traces-endpoint=${http}/v1/traces`;
  return `${packages}\nexport OTEL_SERVICE_NAME=vllm\n${way}`;
}

/** All addresses of a name are tried: Envoy knows localhost as ::1 too, where this server may not listen. @param {string} name @param {number} port */
function envoyConfig(name, port) {
  return `# in typed_config of the http_connection_manager
tracing:
  random_sampling: { value: 100 }
  provider:
    name: envoy.tracers.opentelemetry
    typed_config:
      "@type": type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig
      service_name: envoy
      grpc_service:
        envoy_grpc: { cluster_name: needletail }
        timeout: 0.250s

# among static_resources.clusters
- name: needletail
  type: LOGICAL_DNS
  dns_lookup_family: ALL
  typed_extension_protocol_options:
    envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
      "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
      explicit_http_config: { http2_protocol_options: {} }
  load_assignment:
    cluster_name: needletail
    endpoints:
    - lb_endpoints:
      - endpoint: { address: { socket_address: { address: ${name.replace(/^\[|\]$/g, "")}, port_value: ${port} } } }`;
}
