#!/bin/bash
# example.sh [--once]: two traced services and a trace to look at. Starts the trace back end unless one listens already, starts
# both services, sends a few requests, and says where their traces are. Ctrl-C stops what it started; --once stops it when the
# traces have arrived.
#
# Settings: QUERY_PORT (16686), OTLP_PORT (4318), STOREFRONT_PORT (8080), INVENTORY_PORT (8081), DATA_DIR (./data),
# BUILD_DIR (.build/release), SKIP_BUILD=1.
set -euo pipefail
cd "$(dirname "$0")/.."

query_port=${QUERY_PORT:-16686}
otlp_port=${OTLP_PORT:-4318}
build_dir=${BUILD_DIR:-.build/release}
page=http://127.0.0.1:$query_port
once=
case ${1:-} in
    "") ;;
    --once) once=1 ;;
    *) sed -n '2,4s/^# //p' "$0" >&2; exit 2 ;;
esac

if [ -z "${SKIP_BUILD:-}" ]; then
    scripts/install-packages.sh build
    scripts/check-toolchain.sh
    for product in needletail example-storefront example-inventory; do swift build -c release --product "$product"; done
fi

logs=$(mktemp -d)
started=()

# The services first, so that their last spans still find the back end.
stop() {
    trap - EXIT INT TERM
    local index
    for ((index = ${#started[@]} - 1; index >= 0; index--)); do
        kill -TERM "${started[index]}" 2>/dev/null || true
        wait "${started[index]}" 2>/dev/null || true
    done
    rm -rf "$logs"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# start NAME COMMAND…: in the background, with its output in a log of its own. Ctrl-C reaches it through `stop` only: in a
# group of its own it does not race with the others.
start() {
    local name=$1
    shift
    set -m
    "$@" >"$logs/$name.log" 2>&1 </dev/null &
    set +m
    started+=($!)
}

# wait_for NAME COMMAND…: until the command succeeds; fails when the program of this name ends, or after half a minute.
wait_for() {
    local name=$1 try
    shift
    for ((try = 0; try < 300; try++)); do
        if "$@" >/dev/null 2>&1; then return; fi
        kill -0 "${started[-1]}" 2>/dev/null || break
        sleep 0.1
    done
    echo "example.sh: $name is not ready. Its log:" >&2
    cat "$logs/$name.log" >&2
    exit 1
}

# The port that a service says it listens on.
port_of() { sed -n 's/.*Listening on http:\/\/127\.0\.0\.1:\([0-9]*\).*/\1/p' "$logs/$1.log" | head -n 1; }
listens() { [ -n "$(port_of "$1")" ]; }
is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
# The wanted port, or 0 (any) when somebody has it.
free_port() { if [ "$1" != 0 ] && is_taken "$1"; then echo 0; else echo "$1"; fi; }

if curl -fsS -o /dev/null "$page/api/services" 2>/dev/null; then
    echo "A trace back end listens on $page already: it gets the traces."
else
    start traces "$build_dir/needletail" traces --query-port "$query_port" --otlp-http-port "$otlp_port" \
        --otlp-grpc-port "${OTLP_GRPC_PORT:-4317}" --data-dir "${DATA_DIR:-./data}"
    wait_for traces curl -fsS "$page/api/services"
fi

export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$otlp_port OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf OTEL_BSP_SCHEDULE_DELAY=500
start inventory env INVENTORY_PORT="$(free_port "${INVENTORY_PORT:-8081}")" "$build_dir/example-inventory"
wait_for inventory listens inventory
start storefront env STOREFRONT_PORT="$(free_port "${STOREFRONT_PORT:-8080}")" \
    INVENTORY_URL="http://127.0.0.1:$(port_of inventory)" "$build_dir/example-storefront"
wait_for storefront listens storefront
shop=http://127.0.0.1:$(port_of storefront)

# A trace has arrived when both services have a part in it.
has_arrived() { curl -fsS "$page/api/traces/$1" | grep -q '"storefront"' && curl -fsS "$page/api/traces/$1" | grep -q '"inventory"'; }

echo
for item in lamp book unicorn; do
    answer=$(curl -sS -D "$logs/headers" -w ' [%{http_code}]' "$shop/checkout/$item" | tr '\n' ' ')
    trace=$(tr -d '\r' <"$logs/headers" | sed -n 's/^x-trace-id: //Ip')
    wait_for storefront has_arrived "$trace"
    printf 'GET /checkout/%-8s %s\n    %s/trace/%s\n' "$item" "$answer" "$page" "$trace"
done
echo
echo "The last one fails: it is red from the inventory's shelf up to the storefront."
echo "Log lines carry the trace id:"
grep -h 'trace_id=' "$logs/storefront.log" "$logs/inventory.log" | tail -n 2 | sed 's/^/    /'
[ -z "$once" ] || exit 0
echo
echo "More: curl $shop/checkout/chair"
echo "Stop: Ctrl-C"
wait "${started[-1]}"
