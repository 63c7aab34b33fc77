"""A link between a sender and a server that can be cut."""

import socket
import threading


class Link:
    """Forwards the connections that it takes on `port` to another port, as a context. Cut, it refuses new ones and drops those that are open."""

    def __init__(self, target):
        self.target = target
        self.lock = threading.Lock()
        self.open = set()
        self.is_up = True
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.cut()
        self.listener.close()

    def cut(self):
        with self.lock:
            self.is_up = False
            for one in self.open:
                _end(one)
            self.open.clear()

    def mend(self):
        with self.lock:
            self.is_up = True

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                with self.lock:
                    if not self.is_up:
                        raise OSError("the link is cut")
                    far = socket.create_connection(("127.0.0.1", self.target), timeout=10)
                    far.settimeout(None)
                    self.open |= {near, far}
            except OSError:
                near.close()
                continue
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source, sink):
        try:
            while data := source.recv(1 << 16):
                sink.sendall(data)
        except OSError:
            pass
        with self.lock:
            self.open -= {source, sink}
        _end(source)
        _end(sink)


def _end(one):
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    one.close()
