"""PyTriton's interface over this server: the script's own process executes its callables, `needletail serve` answers the clients."""

import atexit
import contextlib
import ctypes
import dataclasses
import logging
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from typing import Any, Dict, List, Optional

from needletail import wire
from needletail.callables import CallableExecutor
from needletail.decorators import TritonContext
from needletail.exceptions import PyTritonError, PyTritonInvalidOperationError, PyTritonValidationError
from needletail.model_config import ModelConfig, make_model_config
from needletail.session import Session

LOGGER = logging.getLogger(__name__)

MONITORING_PERIOD_S = 10.0
STARTUP_TIMEOUT_S = 120.0
DEFAULT_HTTP_PORT = 8000
DEFAULT_GRPC_PORT = 8001
TRITON_ACCESS_HEADER = "triton-access-token"
VALID_TRITON_ENDPOINTS = {
    "health", "metadata", "inference", "shared-memory", "model-config", "model-repository", "statistics", "trace", "logging",
}
DEFAULT_PROTECTED_ENDPOINTS = ["shared-memory", "model-repository", "statistics", "trace", "logging"]

_ENVIRONMENT_PREFIX = "PYTRITON_TRITON_CONFIG_"


@dataclasses.dataclass(kw_only=True)
class TritonConfig:
    """Settings of the server; None is the server's default. Names and meaning are those of tritonserver's flags."""

    model_repository: Optional[pathlib.Path] = None
    id: Optional[str] = None
    log_verbose: Optional[int] = None
    log_file: Optional[pathlib.Path] = None
    exit_timeout_secs: Optional[int] = None
    exit_on_error: Optional[bool] = None
    strict_readiness: Optional[bool] = None
    allow_http: Optional[bool] = None
    http_address: Optional[str] = None
    http_port: Optional[int] = None
    http_header_forward_pattern: Optional[str] = None
    http_thread_count: Optional[int] = None
    http_restricted_api: Optional[str] = None
    allow_grpc: Optional[bool] = None
    grpc_address: Optional[str] = None
    grpc_port: Optional[int] = None
    grpc_header_forward_pattern: Optional[str] = None
    grpc_infer_allocation_pool_size: Optional[int] = None
    grpc_use_ssl: Optional[bool] = None
    grpc_use_ssl_mutual: Optional[bool] = None
    grpc_server_cert: Optional[pathlib.Path] = None
    grpc_server_key: Optional[pathlib.Path] = None
    grpc_root_cert: Optional[pathlib.Path] = None
    grpc_infer_response_compression_level: Optional[str] = None
    grpc_keepalive_time: Optional[int] = None
    grpc_keepalive_timeout: Optional[int] = None
    grpc_keepalive_permit_without_calls: Optional[bool] = None
    grpc_http2_max_pings_without_data: Optional[int] = None
    grpc_http2_min_recv_ping_interval_without_data: Optional[int] = None
    grpc_http2_max_ping_strikes: Optional[int] = None
    grpc_restricted_protocol: Optional[str] = None
    allow_metrics: Optional[bool] = None
    allow_gpu_metrics: Optional[bool] = None
    allow_cpu_metrics: Optional[bool] = None
    metrics_interval_ms: Optional[int] = None
    metrics_port: Optional[int] = None
    metrics_address: Optional[str] = None
    allow_sagemaker: Optional[bool] = None
    sagemaker_port: Optional[int] = None
    sagemaker_safe_port_range: Optional[str] = None
    sagemaker_thread_count: Optional[int] = None
    allow_vertex_ai: Optional[bool] = None
    vertex_ai_port: Optional[int] = None
    vertex_ai_thread_count: Optional[int] = None
    vertex_ai_default_model: Optional[str] = None
    metrics_config: Optional[List[str]] = None
    trace_config: Optional[List[str]] = None
    cache_config: Optional[List[str]] = None
    cache_directory: Optional[str] = None
    buffer_manager_thread_count: Optional[int] = None

    def __post_init__(self):
        if self.allow_http not in [True, None] and self.allow_grpc not in [True, None]:
            raise PyTritonValidationError("The `http` or `grpc` endpoint has to be allowed.")

    def to_dict(self):
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, config: Dict[str, Any]) -> "TritonConfig":
        """A configuration of a dictionary; values are converted, unknown names are warned about."""
        fields = {field.name: field for field in dataclasses.fields(cls)}
        values = {}
        for name, value in config.items():
            if name not in fields:
                LOGGER.warning(
                    "Ignoring %s=%s as could not find matching config field. Available fields: %s", name, value, ", ".join(fields)
                )
                continue
            values[name] = _converted(fields[name].type.__args__[0], value)
        return cls(**values)

    @classmethod
    def from_env(cls) -> "TritonConfig":
        """A configuration of `PYTRITON_TRITON_CONFIG_<NAME>`, and `..._<NAME>_0`, `_1` for lists."""
        lists = {field.name for field in dataclasses.fields(cls) if getattr(field.type.__args__[0], "__origin__", None) is list}
        config, indexed = {}, {}
        for name, value in os.environ.items():
            if not name.startswith(_ENVIRONMENT_PREFIX):
                continue
            key = name[len(_ENVIRONMENT_PREFIX):].lower()
            match = re.fullmatch(r"(.+)_(\d+)", key)
            if match and match.group(1) in lists:
                indexed.setdefault(match.group(1), {})[int(match.group(2))] = value
            else:
                config[key] = value
        for key, values in indexed.items():
            config[key] = [values[index] for index in sorted(values)]
        return cls.from_dict(config)


def _converted(kind, value):
    if value is None:
        return None
    if getattr(kind, "__origin__", None) is list:
        return value.split(",") if isinstance(value, str) else list(value)
    if kind is bool and isinstance(value, str):
        return value.strip().lower() in ("1", "true", "yes", "on")
    return kind(value)


@dataclasses.dataclass
class TritonLifecyclePolicy:
    """When the server is started."""

    launch_triton_on_startup: bool = True
    local_model_store: bool = False


DefaultTritonLifecyclePolicy = TritonLifecyclePolicy()
VertextAILifecyclePolicy = TritonLifecyclePolicy(launch_triton_on_startup=False, local_model_store=True)


@dataclasses.dataclass
class TritonSecurityConfig:
    """Which endpoints need the header `triton-access-token`; an empty list: none."""

    access_token: Optional[str] = None
    restricted_endpoints: Optional[List[str]] = None

    def __post_init__(self):
        if self.restricted_endpoints is None:
            self.restricted_endpoints = DEFAULT_PROTECTED_ENDPOINTS.copy()
        unknown = set(self.restricted_endpoints) - VALID_TRITON_ENDPOINTS
        if unknown:
            raise PyTritonValidationError(
                f"Invalid endpoint names: {', '.join(sorted(unknown))}. Valid endpoints are: {', '.join(sorted(VALID_TRITON_ENDPOINTS))}"
            )
        if self.access_token is None and self.restricted_endpoints:
            self.access_token = secrets.token_urlsafe(32)


class _Instance:
    """One callable of a model: a connection to the server, and the thread that executes its batches."""

    def __init__(self, model, index, function):
        self._model = model
        self._index = index
        self._function = function
        self.session = None
        self._thread = None

    def connect(self, path, token):
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.connect(path)
        except OSError as error:
            sock.close()
            raise PyTritonInvalidOperationError(f"The server's socket for callables, {path}, cannot be reached: {error}") from error
        connection = wire.Connection(sock)
        config = self._model.config
        connection.send(wire.HELLO, {
            "version": wire.PROTOCOL_VERSION, "token": token, "group": self._model.group,
            "instances": len(self._model.functions), "model": config.to_dict(),
        })
        kind, _, header, _, descriptors = connection.receive()
        if kind != wire.WELCOME:
            raise PyTritonInvalidOperationError(f"The server refuses model `{config.model_name}`: {(header or {}).get('error', 'it does not say why')}")
        self.session = Session(connection, header, descriptors)
        executor = CallableExecutor(
            self.session, self._function, config, self._model.strict, self._index, on_unrecoverable=self._model.on_unrecoverable,
            context=self._model.context,
        )
        if self._index == 0:
            executor.warm_up()
        connection.send(wire.READY)
        self._thread = threading.Thread(
            target=self._run, args=(executor,), name=f"needletail-{config.model_name}-{self._index}", daemon=True
        )

    def start(self):
        self._thread.start()

    def _run(self, executor):
        with contextlib.suppress(wire.Disconnected):
            self.session.run(executor)
        with contextlib.suppress(OSError):
            self.session.connection.socket.close()

    def is_alive(self):
        return self._thread is not None and self._thread.is_alive()

    def stop(self):
        if self.session is not None:
            self.session.stop()

    def join(self, timeout):
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)


class _Model:
    """A bound model."""

    def __init__(self, config, functions, strict, context, on_unrecoverable):
        self.config = config
        self.functions = functions
        self.strict = strict
        self.context = context
        self.on_unrecoverable = on_unrecoverable
        self.group = secrets.token_hex(16)
        self.instances = []

    def load(self, path, token):
        """Offers the model to the server, and waits until it is served."""
        self.instances = [_Instance(self, index, function) for index, function in enumerate(self.functions)]
        try:
            for instance in self.instances:
                instance.connect(path, token)
            for instance in self.instances:
                session = instance.session
                session.wait(lambda session=session: session.bound is not None)
                if "error" in session.bound:
                    raise PyTritonInvalidOperationError(f"The server does not serve model `{self.config.model_name}`: {session.bound['error']}")
        except wire.Disconnected as error:
            self.stop()
            raise PyTritonInvalidOperationError(f"The server went away while model `{self.config.model_name}` was loaded: {error}") from error
        except BaseException:
            self.stop()
            raise
        for instance in self.instances:
            instance.start()

    def is_alive(self):
        return bool(self.instances) and all(instance.is_alive() for instance in self.instances)

    def stop(self):
        for instance in self.instances:
            instance.stop()
        for instance in self.instances:
            instance.join(timeout=10)


class TritonBase:
    """What a server that is started here and one elsewhere have in common."""

    def __init__(self, url, access_token=None):
        self._url = url
        self._access_token = access_token
        self._models = []
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._context = TritonContext()
        self._stopped = True
        self._connected = False
        self._socket_path = None
        self._token = None
        atexit.register(self.stop)

    def bind(
        self, model_name, infer_func, inputs, outputs, model_version=1, config=None, strict=False, trace_config=None,
    ) -> None:
        """Serves a callable, or several as instances of one model, under a name. Before or after `run`.

        Args:
            infer_func: takes a list of `Request`, gives a list of dictionaries; a function, generator, coroutine or async
                generator function, an object that can be called, or a list of these.
            inputs, outputs: lists of `Tensor`.
            strict: outputs must be exactly as declared.
            trace_config: accepted for PyTriton's sake: spans of callables are exported by the server.
        """
        if not re.match(r"^[a-zA-Z0-9._-]+$", model_name):
            raise PyTritonValidationError("Model name can only contain alphanumeric characters, dots, underscores and dashes")
        functions = [infer_func] if callable(infer_func) else infer_func
        if not isinstance(functions, (list, tuple)) or not functions or not all(callable(one) for one in functions):
            raise PyTritonValidationError("inference_fn has to be either callable or sequence of callables")
        checked = make_model_config(model_name, model_version, inputs, outputs, config or ModelConfig(), len(functions))
        model = _Model(checked, list(functions), strict, self._context, self._on_unrecoverable)
        with self._lock:
            key = (model_name.lower(), model_version)
            if any((other.config.model_name.lower(), other.config.model_version) == key for other in self._models):
                raise PyTritonInvalidOperationError("Cannot add model with the same name twice.")
            if self._connected:
                model.load(self._socket_path, self._token)
            self._models.append(model)

    def connect(self) -> None:
        """Waits for the server and loads the bound models.

        Raises:
            TimeoutError: the server does not get ready.
        """
        with self._lock:
            if self._connected:
                return
            self._stopped = False
            self._wait_for_server()
            for model in self._models:
                model.load(self._socket_path, self._token)
            self._connected = True
        for model in self._models:
            name = model.config.model_name
            LOGGER.info("Infer function available as model: `/v2/models/%s`", name)
            LOGGER.info("  Inference:      `POST /v2/models/%s/infer/`", name)
        LOGGER.info("(Press CTRL+C or use the command `kill -SIGINT %d` to send a SIGINT signal and quit)", os.getpid())

    def serve(self, monitoring_period_s: float = MONITORING_PERIOD_S) -> None:
        """Serves until the server or a callable ends, or Ctrl-C."""
        self.connect()
        try:
            while self.is_alive():
                with self._changed:
                    if self._stopped:
                        break
                    # Short enough to see at once that the server has ended.
                    self._changed.wait(timeout=min(monitoring_period_s, 0.5))
        except KeyboardInterrupt:
            LOGGER.info("SIGINT received, exiting.")
        self.stop()

    def stop(self) -> bool:
        """Stops what was started. False when that was done before."""
        with self._lock:
            if self._stopped:
                return False
            self._stopped = True
            self._connected = False
        atexit.unregister(self.stop)
        self._stop_server()
        for model in self._models:
            model.stop()
        self._clean()
        with self._changed:
            self._changed.notify_all()
        return True

    def is_alive(self) -> bool:
        return self._is_server_alive() and all(model.is_alive() for model in self._models)

    def is_connected(self) -> bool:
        return self._connected

    def get_access_token(self):
        """The token of restricted endpoints; None when there are none."""
        return self._access_token

    def __enter__(self):
        self.connect()
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def _on_unrecoverable(self, message):
        LOGGER.error("Unrecoverable error thrown by a callable. Shutting down the server. %s", message)
        threading.Thread(target=self.stop, name="needletail-stop").start()

    def _wait_for_server(self):
        raise NotImplementedError

    def _is_server_alive(self):
        return True

    def _stop_server(self):
        pass

    def _clean(self):
        pass


class Triton(TritonBase):
    """A server of this script's callables."""

    def __init__(self, *, config=None, workspace=None, triton_lifecycle_policy=None, security_config=None):
        """
        Args:
            config: a `TritonConfig`; the environment (`TritonConfig.from_env`) counts where it says nothing.
            workspace: a folder for the socket; by default a private one that is removed at the end.
            security_config: which endpoints need a token.
        """
        values = {key: value for key, value in TritonConfig.from_env().to_dict().items() if value is not None}
        values.update({key: value for key, value in (config.to_dict() if config else {}).items() if value is not None})
        self._config = TritonConfig(**values)
        self._security_config = security_config or TritonSecurityConfig()
        self._policy = triton_lifecycle_policy or (VertextAILifecyclePolicy if self._config.allow_vertex_ai else DefaultTritonLifecyclePolicy)
        host = self._config.http_address if self._config.http_address not in (None, "0.0.0.0", "::") else "127.0.0.1"
        super().__init__(f"http://{host}:{self._config.http_port or DEFAULT_HTTP_PORT}", self._security_config.access_token)
        self._workspace_option = getattr(workspace, "path", workspace)
        self._workspace = None
        self._owns_workspace = False
        self._server = None

    def __enter__(self) -> "Triton":
        if self._policy.launch_triton_on_startup:
            self._start_server()
            self.connect()
        return self

    def run(self) -> None:
        """Starts the server and loads the models; returns when they are served."""
        self._start_server()
        self.connect()

    def serve(self, monitoring_period_s: float = MONITORING_PERIOD_S) -> None:
        self._start_server()
        super().serve(monitoring_period_s)

    def _start_server(self):
        with self._lock:
            if self._server is not None and self._server.poll() is None:
                return
            self._make_workspace()
            self._socket_path = str(self._workspace / "worker.sock")
            self._token = secrets.token_urlsafe(32)
            binary = find_binary()
            command = [binary, "serve", "--worker-socket", self._socket_path, *server_flags(binary, self._config, self._security_config)]
            environment = {**os.environ, "NEEDLETAIL_WORKER_TOKEN": self._token}
            LOGGER.info("Starting %s", " ".join(re.sub(rf"({TRITON_ACCESS_HEADER}=)\S+", r"\1...", part) for part in command))
            is_main = threading.current_thread() is threading.main_thread()
            self._server = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True,
                preexec_fn=_end_with_parent if is_main and sys.platform == "linux" else None,
            )
            self._stopped = False

    def _make_workspace(self):
        if self._workspace is not None:
            return
        if self._workspace_option is not None:
            self._workspace = pathlib.Path(self._workspace_option).resolve()
            self._owns_workspace = not self._workspace.exists()
            self._workspace.mkdir(parents=True, exist_ok=True)
        # The path of a socket must be short.
        if self._workspace is None or len(str(self._workspace)) > 90:
            self._workspace = pathlib.Path(tempfile.mkdtemp(prefix="needletail-"))
            self._owns_workspace = True

    def _wait_for_server(self):
        if self._server is None:
            raise PyTritonInvalidOperationError("The server is not started: call run() or serve(), or use Triton as a context manager.")
        deadline = time.monotonic() + STARTUP_TIMEOUT_S
        while not (os.path.exists(self._socket_path) and self._answers()):
            if self._server.poll() is not None:
                raise PyTritonError(f"The server ended with code {self._server.returncode} before it was ready; its log says why.")
            if time.monotonic() > deadline:
                raise TimeoutError("Triton Inference Server is not ready after timeout.")
            time.sleep(0.02)

    def _answers(self):
        if self._config.allow_http is False:
            return True
        try:
            with urllib.request.urlopen(f"{self._url}/v2/health/live", timeout=5):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    def _is_server_alive(self):
        return self._server is not None and self._server.poll() is None

    def _stop_server(self):
        if self._server is None:
            return
        if self._server.poll() is None:
            self._server.send_signal(signal.SIGTERM)
            try:
                self._server.wait(timeout=(self._config.exit_timeout_secs or 30) + 15)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()

    def _clean(self):
        if self._workspace is not None and self._owns_workspace:
            shutil.rmtree(self._workspace, ignore_errors=True)
        self._workspace = None


class RemoteTriton(TritonBase):
    """A server that was started by somebody else with `needletail serve --worker-socket <workspace>/worker.sock` on this machine.

    `NEEDLETAIL_WORKER_TOKEN` holds the token that it was started with; `NEEDLETAIL_WORKER_SOCKET` names another socket.
    """

    def __init__(self, url, workspace=None, access_token=None):
        super().__init__(url if "://" in url else f"http://{url}", access_token)
        path = os.environ.get("NEEDLETAIL_WORKER_SOCKET")
        if path is None and workspace is not None:
            path = str(pathlib.Path(getattr(workspace, "path", workspace)) / "worker.sock")
        if path is None:
            raise PyTritonValidationError(
                "The server's socket for callables is not known: give workspace, the folder of worker.sock, or set NEEDLETAIL_WORKER_SOCKET"
            )
        self._socket_path = path
        self._token = os.environ.get("NEEDLETAIL_WORKER_TOKEN", "")
        self.connect()

    def _wait_for_server(self):
        deadline = time.monotonic() + STARTUP_TIMEOUT_S
        while not os.path.exists(self._socket_path):
            if time.monotonic() > deadline:
                raise TimeoutError("Triton Inference Server is not ready after timeout.")
            time.sleep(0.05)


def find_binary():
    """The program: `NEEDLETAIL_BINARY`, the one on the path, or the build of the repository that this package lies in."""
    named = os.environ.get("NEEDLETAIL_BINARY")
    if named:
        if not os.access(named, os.X_OK):
            raise PyTritonInvalidOperationError(f"NEEDLETAIL_BINARY names '{named}', which is no program")
        return named
    found = shutil.which("needletail")
    if found:
        return found
    for folder in pathlib.Path(__file__).resolve().parents:
        for build in ("release", "debug"):
            candidate = folder / ".build" / build / "needletail"
            if candidate.exists():
                return str(candidate)
    raise PyTritonInvalidOperationError("The program needletail is not there: put it on the path, or name it with NEEDLETAIL_BINARY")


_known_flags = {}


def known_flags(binary):
    """The flags of `serve`, from its help."""
    if binary not in _known_flags:
        text = subprocess.run([binary, "serve", "--help-hidden"], capture_output=True, text=True, check=False).stdout
        _known_flags[binary] = set(re.findall(r"--([a-z0-9][a-z0-9-]*)", text))
    return _known_flags[binary]


def server_flags(binary, config, security):
    """The command line of a configuration; each value is one argument, so that blanks and `=` in it stay."""
    known = known_flags(binary)
    values = {key.replace("_", "-"): value for key, value in config.to_dict().items() if value is not None}
    flags = []
    # tritonserver listens on all addresses when none is named, this server on the machine's own.
    flags += ["--host", "0.0.0.0"]
    if security.access_token and security.restricted_endpoints:
        restriction = f"{','.join(security.restricted_endpoints)}:{TRITON_ACCESS_HEADER}={security.access_token}"
        values.setdefault("http-restricted-api", restriction)
        values.setdefault("grpc-restricted-protocol", restriction)
    for name, value in values.items():
        if name not in known:
            level = LOGGER.debug if name in ("http-restricted-api", "grpc-restricted-protocol") else LOGGER.warning
            level("The server has no setting --%s; it is left out.", name)
            continue
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, bool):
                one = "true" if one else "false"
            flags.append(f"--{name}={one}")
    return flags


def _end_with_parent():
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
