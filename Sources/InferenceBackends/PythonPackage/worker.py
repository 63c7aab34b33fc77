"""A worker process of the inference server: `python -m needletail.worker`, started by the server with its socket as descriptor 3."""

import ctypes
import os
import signal
import socket
import sys
import traceback

_SOCKET = 3


def _die_with(parent):
    """Ends this process when the server ends, however that happens."""
    PR_SET_PDEATHSIG = 1
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    except (OSError, AttributeError):
        pass
    if os.getppid() != parent:
        os._exit(1)


def main():
    os.closerange(_SOCKET + 1, 65_536)
    os.set_inheritable(_SOCKET, False)
    sock = socket.socket(fileno=_SOCKET)
    try:
        from needletail import wire
    except ImportError as error:
        # Without numpy not even a message can be made; the server shows this line.
        print(f"{sys.executable} cannot serve models: {error}. Install what is missing with: {sys.executable} -m pip install numpy", flush=True)
        _say_why_without_numpy(sock, error)
        return 1
    from needletail.session import Session

    connection = wire.Connection(sock)
    kind, _, welcome, _, descriptors = connection.receive()
    if kind != wire.WELCOME or welcome["version"] != wire.PROTOCOL_VERSION:
        raise SystemExit(f"the server speaks version {welcome and welcome.get('version')} of the worker protocol, this package {wire.PROTOCOL_VERSION}")
    _die_with(welcome["server_pid"])
    session = Session(connection, welcome, descriptors)
    try:
        executor, declaration = _executor(session, welcome)
    except BaseException as error:
        _fail(connection, wire, error)
        return 1
    connection.send(wire.READY, declaration)
    try:
        session.run(executor)
    except wire.Disconnected:
        pass
    finally:
        finish = getattr(executor, "finalize", None)
        if finish is not None:
            finish()
    return 0


def _executor(session, welcome):
    target = welcome["target"]
    if "callable" in target:
        from needletail.callables import CallableExecutor
        from needletail.declaring import load_target

        function, declaration, name = load_target(target["callable"])
        config = declaration.model_config(name)
        executor = CallableExecutor(session, function, config, declaration.strict, welcome["instance"])
        executor.warm_up()
        return executor, config.to_dict()
    from needletail.tritonpython import TritonPythonExecutor

    executor = TritonPythonExecutor(session, target, welcome["instance"])
    return executor, executor.declaration


def _fail(connection, wire, error):
    from needletail.declaring import TargetError

    if isinstance(error, TargetError):
        message = str(error)
    else:
        message = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    connection.send(wire.FAILED, {"message": message})


def _say_why_without_numpy(sock, error):
    import json
    import struct

    text = f"{sys.executable} cannot serve models: {error}. Install what is missing with: {sys.executable} -m pip install numpy"
    header = json.dumps({"message": text}).encode()
    sock.sendall(struct.pack("<IIB3xI", len(header), 0, 34, 0) + header)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # At once: threads of the model must not keep the process.
    os._exit(code)
