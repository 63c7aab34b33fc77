// What an empty server shows: how to send the first trace, ready to copy, with this host's own addresses.
import { h, copyButton } from "./dom.js";

/** The ways in, with a line that waits for the first span. */
export function welcome() {
  const host = location.hostname.includes(":") ? location.hostname : location.hostname || "127.0.0.1";
  const blocks = [
    ["Ask the built-in model", "One traced inference request; it is here a moment later.",
      `curl -s http://${host}:8000/v2/models/passthrough/generate -d '{"sleep": 0.05}'`],
    ["Any program with OpenTelemetry", "Environment variables that every OpenTelemetry SDK reads.",
      `export OTEL_SERVICE_NAME=my-service\nexport OTEL_TRACES_EXPORTER=otlp\nexport OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\nexport OTEL_EXPORTER_OTLP_ENDPOINT=http://${host}:4318\n# or gRPC: OTEL_EXPORTER_OTLP_PROTOCOL=grpc, endpoint http://${host}:4317`],
    ["Triton Inference Server", "Arguments of tritonserver; PyTriton takes the same as trace_config.",
      `tritonserver --model-repository=/models \\\n  --trace-config=level=TIMESTAMPS --trace-config=rate=1 \\\n  --trace-config=mode=opentelemetry \\\n  --trace-config=opentelemetry,url=http://${host}:4318/v1/traces`],
  ];
  return h("section", { class: "welcome", "data-testid": "welcome" },
    h("h1", null, "No traces yet"),
    h("p", { class: "muted" }, "Needletail is listening. Send a first trace in one of these ways:"),
    blocks.map(([title, text, code]) => h("div", { class: "card" },
      h("div", { class: "card-head" }, h("h2", null, title), copyButton("Copy", () => code, "the commands")),
      h("p", { class: "muted" }, text), h("pre", { tabindex: 0 }, code))),
    h("div", { class: "card" },
      h("div", { class: "card-head" }, h("h2", null, "Files of traces"), h("button", { class: "button small", type: "button", onclick: () => document.getElementById("import")?.click() }, "Import…")),
      h("p", { class: "muted" }, "OTLP, Jaeger and Zipkin exports and trace files of Triton: choose them, or drop them onto this page.")),
    h("p", { class: "waiting", role: "status" }, h("i", { class: "pulse" }), "Waiting for the first span…"),
    h("p", { class: "faint" }, "Ports are the defaults: 8000 inference, 4318 OTLP over HTTP (protobuf and JSON), 4317 OTLP over gRPC. The start-up log names yours."));
}
