"""Receivers that keep what they are sent, to be read by others' decoders: HTTP, UDP and gRPC, on ports that the system chooses."""

import gzip
import socket
import threading
from concurrent import futures
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc

from support.waiting import wait_until


class Kept(list):
    """The bodies that came, and where they are sent."""

    def __init__(self, address):
        super().__init__()
        self.address = address
        self.headers = []

    def wait(self, count=1):
        wait_until(lambda: len(self) >= count, what=f"{count} messages at {self.address}")
        return list(self)


@contextmanager
def http(status):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.headers.append(dict(self.headers))
            kept.append(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept = Kept(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield kept
    server.shutdown()
    server.server_close()


@contextmanager
def udp():
    with socket.socket(type=socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        kept = Kept(one.getsockname()[1])

        def receive():
            while body := one.recv(1 << 16):
                kept.append(body)

        thread = threading.Thread(target=receive, daemon=True)
        thread.start()
        yield kept
        socket.socket(type=socket.SOCK_DGRAM).sendto(b"", ("127.0.0.1", kept.address))
        thread.join(5)


@contextmanager
def grpc_server(method):
    """`method` as /package.Service/Method."""
    def handle(body, context):
        kept.headers.append(dict(context.invocation_metadata()))
        kept.append(body)
        return b""

    class Any(grpc.GenericRpcHandler):
        def service(self, call):
            return grpc.unary_unary_rpc_method_handler(handle) if call.method == method else None

    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers([Any()])
    kept = Kept(f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
    server.start()
    yield kept
    server.stop(None)
