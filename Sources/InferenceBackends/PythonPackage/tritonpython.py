"""Triton's Python backend: `model.py` with a class `TritonPythonModel`, and the module `triton_python_backend_utils` that it imports."""

import contextvars
import importlib.util
import inspect
import json
import os
import sys
import threading
import traceback
import types

import numpy as np

from needletail import spans, wire
from needletail.declaring import TargetError
from needletail.session import CallFailed, Failure

TRITONSERVER_RESPONSE_COMPLETE_FINAL = 1
TRITONSERVER_REQUEST_FLAG_SEQUENCE_START = 1
TRITONSERVER_REQUEST_FLAG_SEQUENCE_END = 2
TRITONSERVER_MEMORY_CPU = 0
TRITONSERVER_MEMORY_GPU = 2

_CODES = ["UNKNOWN", "INTERNAL", "NOT_FOUND", "INVALID_ARG", "UNAVAILABLE", "UNSUPPORTED", "ALREADY_EXISTS", "CANCELLED"]
_CODE_NAMES = {
    "INTERNAL": "internal", "NOT_FOUND": "not_found", "INVALID_ARG": "invalid_argument", "UNAVAILABLE": "unavailable",
    "UNSUPPORTED": "unsupported", "ALREADY_EXISTS": "already_exists", "CANCELLED": "cancelled", "UNKNOWN": "invalid_argument",
}
_CODE_NUMBERS = {name: index for index, name in enumerate(_CODES)}

# The batch that the code under way belongs to, and for threads that it starts the last one that began.
_batch = contextvars.ContextVar("needletail_batch", default=None)
_runtime = {"session": None, "model_dir": None, "last_batch": None}


class TritonModelException(Exception):
    """An error of the server."""


class TritonError:
    """What a request failed with."""

    def __init__(self, message, code=_CODE_NUMBERS["INTERNAL"]):
        self._message = message
        self._code = code

    def message(self):
        return self._message

    def code(self):
        return self._code


for _name, _number in _CODE_NUMBERS.items():
    setattr(TritonError, _name, _number)


class Tensor:
    """A named array."""

    def __init__(self, name, array):
        if not isinstance(array, np.ndarray):
            raise TritonModelException(f"Tensor '{name}' takes a numpy array, but got {type(array).__name__}")
        self._name = name
        self._array = array

    def name(self):
        return self._name

    def as_numpy(self):
        return self._array

    def shape(self):
        return self._array.shape

    def triton_dtype(self):
        return _type_number(wire.type_name(self._array.dtype))

    def is_cpu(self):
        return True

    def to_dlpack(self):
        return self._array.__dlpack__()

    def __dlpack__(self, *args, **kwargs):
        return self._array.__dlpack__()

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()

    @staticmethod
    def from_dlpack(name, source):
        if not hasattr(source, "__dlpack__"):
            capsule = source

            class _Capsule:
                def __dlpack__(self, *args, **kwargs):
                    return capsule

                def __dlpack_device__(self):
                    return (1, 0)

            source = _Capsule()
        return Tensor(name, np.from_dlpack(source))


_TYPE_ORDER = ["INVALID", "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64", "BYTES", "BF16"]


def _type_number(name):
    return _TYPE_ORDER.index(name) if name in _TYPE_ORDER else 0


class InferenceTrace:
    """The trace of a request, to be handed on to the requests that are made for it."""

    def __init__(self, raw=None):
        self._raw = raw

    def get_context(self):
        if self._raw is None or self._raw.context is None:
            return None
        return spans.carrier(self._raw.context)


class PreferredMemory:
    """Accepted; tensors are in the processor's memory."""

    def __init__(self, preferred_memory_type=TRITONSERVER_MEMORY_CPU, preferred_device_id=0):
        self.preferred_memory_type = preferred_memory_type
        self.preferred_device_id = preferred_device_id


class InferenceResponse:
    """What a request is answered with: tensors, or an error."""

    def __init__(self, output_tensors=(), error=None, parameters=None):
        self._tensors = list(output_tensors)
        self._error = error
        self._parameters = parameters

    def output_tensors(self):
        return self._tensors

    def has_error(self):
        return self._error is not None

    def error(self):
        return self._error

    def set_output_tensors(self, tensors):
        self._tensors = list(tensors)

    def parameters(self):
        return json.dumps(self._parameters or {})


class InferenceRequest:
    """A request: one that came, or one that the model makes to another model."""

    def __init__(
        self, request_id="", correlation_id=0, inputs=(), requested_output_names=(), model_name="", model_version=-1, flags=0,
        timeout=0, preferred_memory=None, trace=None, parameters=None, raw=None,
    ):
        self._id = request_id
        self._correlation_id = correlation_id
        self._inputs = list(inputs)
        self._outputs = list(requested_output_names)
        self.model_name = model_name
        self.model_version = model_version
        self._flags = flags
        self._timeout = timeout
        self._trace = trace
        self._parameters = parameters if parameters is not None else {}
        self._raw = raw
        self._sender = None

    def request_id(self):
        return self._id

    def correlation_id(self):
        return self._correlation_id

    def flags(self):
        return self._flags

    def set_flags(self, flags):
        self._flags = flags

    def timeout(self):
        return self._timeout

    def inputs(self):
        return self._inputs

    def requested_output_names(self):
        return self._outputs

    def parameters(self):
        return json.dumps(self._parameters) if self._raw is not None else self._parameters

    def preferred_memory(self):
        return PreferredMemory()

    def trace(self):
        return self._trace if self._trace is not None else InferenceTrace(self._raw)

    def is_cancelled(self):
        return self._raw is not None and self._raw.is_cancelled

    def get_response_sender(self):
        if self._raw is None or self._sender is None:
            raise TritonModelException("'get_response_sender' function must be called only when the model is using the decoupled transaction policy.")
        return self._sender

    # Calls of other models

    def _begin(self, decoupled):
        session = _runtime["session"]
        parent = getattr(self._trace, "_raw", None)
        if parent is None:
            batch = _batch.get() or _runtime["last_batch"]
            if batch is None or not batch.requests:
                raise TritonModelException("another model can be called only while a request is executed")
            parent = batch.requests[0]
        parameters = self._parameters if isinstance(self._parameters, dict) else json.loads(self._parameters or "{}")
        return session.call(
            parent, self.model_name, {tensor.name(): tensor.as_numpy() for tensor in self._inputs}, version=self.model_version,
            request_id=self._id, outputs=self._outputs, parameters=parameters, stream=decoupled,
        )

    def exec(self, decoupled=False):
        call = self._begin(decoupled)
        if decoupled:
            return _responses(call)
        return _response(call.next())

    async def async_exec(self, decoupled=False):
        call = self._begin(decoupled)
        if decoupled:
            return _responses_async(call)
        return _response(await call.next_async())


def _response(result):
    if isinstance(result, CallFailed):
        code = next((number for name, number in _CODE_NUMBERS.items() if _CODE_NAMES[name] == result.code), TritonError.INTERNAL)
        return InferenceResponse(error=TritonError(str(result), code))
    return InferenceResponse([Tensor(name, array) for name, array in (result or {}).items()])


def _responses(call):
    while (result := call.next()) is not None:
        yield _response(result)


async def _responses_async(call):
    while (result := await call.next_async()) is not None:
        yield _response(result)


class ResponseSender:
    """Sends the responses of one decoupled request, from any thread."""

    def __init__(self, execution, index):
        self._execution = execution
        self._index = index

    def send(self, response=None, flags=0):
        self._execution.send(self._index, response, flags)

    def is_cancelled(self):
        return self._execution.batch.session.is_cancelled(self._execution.batch, self._index)


class _Decoupled:
    """A batch of a decoupled model: over when `execute` has returned and every request has its final flag."""

    def __init__(self, batch):
        self.batch = batch
        self._session = batch.session
        self._results = [None] * len(batch.requests)
        self._open = set(range(len(batch.requests)))
        self._has_returned = False
        self._lock = threading.Lock()

    def send(self, index, response, flags):
        if index not in self._open:
            raise TritonModelException("Unable to send response. Response sender has been closed.")
        if response is not None:
            if response.has_error():
                self._results[index] = _failure(response.error())
                flags |= TRITONSERVER_RESPONSE_COMPLETE_FINAL
            elif index not in self.batch.cancelled:
                wanted = self.batch.requests[index].requested_outputs
                outputs = {tensor.name(): tensor.as_numpy() for tensor in response.output_tensors()}
                self._session.send_response(self.batch, index, {name: array for name, array in outputs.items() if not wanted or name in wanted})
        if flags & TRITONSERVER_RESPONSE_COMPLETE_FINAL:
            with self._lock:
                self._open.discard(index)
            self._finish_if_done()

    def returned(self, error=None):
        with self._lock:
            if error is not None:
                for index in self._open:
                    self._results[index] = error
                self._open.clear()
            self._has_returned = True
        self._finish_if_done()

    def _finish_if_done(self):
        with self._lock:
            if self._open or not self._has_returned or self.batch is None:
                return
            batch, self.batch = self.batch, None
        self._session.finish(batch, self._results)


def _failure(error):
    exception = TritonModelException(error.message())
    failure = Failure(exception, error.message(), _CODE_NAMES[_CODES[error.code()]] if 0 <= error.code() < len(_CODES) else "internal")
    failure.wire["type"] = "TritonError"
    failure.wire["stack"] = ""
    return failure


class Logger:
    """Lines for the server's log."""

    INFO, WARNING, ERROR, VERBOSE = "info", "warning", "error", "verbose"

    @staticmethod
    def log(message, level="info"):
        _runtime["session"].log(level, message)

    @staticmethod
    def log_info(message):
        Logger.log(message, "info")

    @staticmethod
    def log_warn(message):
        Logger.log(message, "warning")

    @staticmethod
    def log_error(message):
        Logger.log(message, "error")

    @staticmethod
    def log_verbose(message):
        Logger.log(message, "verbose")


class ModelConfig:
    """A model's configuration while `auto_complete_config` completes it."""

    def __init__(self, config):
        self._config = config

    def as_dict(self):
        return self._config

    def set_max_batch_size(self, size):
        if self._config["max_batch_size"] > size:
            raise ValueError(
                f"configuration specifies max_batch_size {self._config['max_batch_size']}, but in auto-complete-config function for "
                f"model '{self._config['name']}' specifies max_batch_size {size}"
            )
        self._config["max_batch_size"] = size

    def set_dynamic_batching(self):
        self._config.setdefault("dynamic_batching", {})

    def set_model_transaction_policy(self, policy):
        if list(policy) != ["decoupled"]:
            raise ValueError("model transaction policy contains property other than 'decoupled'.")
        self._config["model_transaction_policy"] = dict(policy)

    def add_input(self, tensor):
        self._add("input", tensor)

    def add_output(self, tensor):
        self._add("output", tensor)

    def _add(self, kind, tensor):
        for key in ("name", "data_type", "dims"):
            if key not in tensor:
                raise ValueError(f"{kind} '{tensor.get('name', '')}' in auto-complete-config function for model '{self._config['name']}' is missing {key} property.")
        for declared in self._config[kind]:
            if declared["name"] == tensor["name"]:
                for key in ("data_type", "dims"):
                    if declared.get(key) and list(np.ravel(declared[key])) != list(np.ravel(tensor[key])):
                        raise ValueError(
                            f"model '{self._config['name']}', tensor '{tensor['name']}': the model expects {key} {tensor[key]} but the "
                            f"model configuration specifies {key} {declared[key]}"
                        )
                declared.update(tensor)
                return
        self._config[kind].append(dict(tensor))


def get_input_tensor_by_name(request, name):
    return next((tensor for tensor in request.inputs() if tensor.name() == name), None)


def get_output_tensor_by_name(response, name):
    return next((tensor for tensor in response.output_tensors() if tensor.name() == name), None)


def _config_by_name(config, kind, name):
    config = json.loads(config) if isinstance(config, str) else config
    return next((tensor for tensor in config.get(kind, []) if tensor["name"] == name), None)


def get_input_config_by_name(model_config, name):
    return _config_by_name(model_config, "input", name)


def get_output_config_by_name(model_config, name):
    return _config_by_name(model_config, "output", name)


def using_decoupled_model_transaction_policy(model_config):
    config = json.loads(model_config) if isinstance(model_config, str) else model_config
    return bool(config.get("model_transaction_policy", {}).get("decoupled"))


def triton_string_to_numpy(name):
    name = name.removeprefix("TYPE_")
    return np.object_ if name in ("STRING", "BYTES") else wire.DTYPES[name].type


def triton_to_numpy_type(number):
    name = _TYPE_ORDER[number]
    return np.object_ if name == "BYTES" else wire.DTYPES[name].type


def numpy_to_triton_type(dtype):
    return _type_number(wire.type_name(np.dtype(dtype)))


def serialize_byte_tensor(array):
    return wire.encode_bytes(array) if array.size else None


def deserialize_bytes_tensor(data):
    return wire.decode_bytes(bytes(data), (-1,))


def get_model_dir():
    return _runtime["model_dir"]


class MetricFamily:
    """Custom metrics: counted here; the server does not show them yet."""

    COUNTER, GAUGE, HISTOGRAM = "COUNTER", "GAUGE", "HISTOGRAM"

    def __init__(self, name, description, kind):
        self.name = name
        self.description = description
        self.kind = kind

    def Metric(self, labels=None, buckets=None):
        return Metric()


class Metric:
    def __init__(self):
        self._value = 0.0

    def increment(self, value):
        self._value += value

    def set(self, value):
        self._value = value

    def observe(self, value):
        self._value = value

    def value(self):
        return self._value


def _utils_module():
    """The module that `model.py` imports."""
    module = types.ModuleType("triton_python_backend_utils", __doc__)
    for name, value in globals().items():
        if not name.startswith("_") and (getattr(value, "__module__", __name__) == __name__ or name.startswith("TRITONSERVER_")):
            setattr(module, name, value)
    module.TritonPythonModelRequest = InferenceRequest
    return module


class TritonPythonExecutor:
    """Executes batches with the `TritonPythonModel` of a file."""

    is_concurrent = False

    def __init__(self, session, target, instance):
        _runtime["session"] = session
        _runtime["model_dir"] = target["version_dir"]
        sys.modules.setdefault("triton_python_backend_utils", _utils_module())
        self._session = session
        self._definition = target["definition"]
        self._instance_name = f"{self._definition['name']}_0_{instance}"
        module = _load(target["model_file"])
        if not hasattr(module, "TritonPythonModel"):
            raise TargetError(f"{target['model_file']} has no class TritonPythonModel")
        kind = module.TritonPythonModel
        config = _triton_config(self._definition)
        if target["completes"] and hasattr(kind, "auto_complete_config"):
            config = kind.auto_complete_config(ModelConfig(config)).as_dict()
        self.declaration = _declaration(config, self._definition)
        self._decoupled = self.declaration["decoupled"]
        self._model = None
        self.is_async = False
        self.execute = self._execute_decoupled if self._decoupled else self._execute
        if target["completes"]:
            return
        self._model = kind()
        if not hasattr(self._model, "execute"):
            raise TargetError(f"TritonPythonModel of {target['model_file']} has no function execute")
        if inspect.iscoroutinefunction(self._model.execute):
            self.is_async = True
            self.is_concurrent = self._decoupled
            self.execute = self._execute_decoupled_async if self._decoupled else self._execute_async
        if hasattr(self._model, "initialize"):
            self._model.initialize({
                "model_config": json.dumps(config), "model_instance_kind": "CPU", "model_instance_name": self._instance_name,
                "model_instance_device_id": "0", "model_repository": target["model_dir"],
                "model_version": str(self._definition["version"]), "model_name": self._definition["name"],
            })

    def finalize(self):
        if self._model is not None and hasattr(self._model, "finalize"):
            self._model.finalize()

    def _requests(self, batch, execution=None):
        requests = []
        for raw in batch.requests:
            sequence = raw.sequence or [0, False, False]
            request = InferenceRequest(
                request_id=raw.id, correlation_id=sequence[0], inputs=[Tensor(name, array) for name, array in raw.inputs.items()],
                requested_output_names=raw.requested_outputs or [output["name"] for output in self.declaration["outputs"]],
                model_name=self._definition["name"], model_version=self._definition["version"],
                flags=int(sequence[1]) | int(sequence[2]) << 1, parameters=raw.parameters, raw=raw,
            )
            if execution is not None:
                request._sender = ResponseSender(execution, raw.index)
            requests.append(request)
        return requests

    def _context(self, batch):
        _batch.set(batch)
        _runtime["last_batch"] = batch
        return spans.within(next((raw.context for raw in batch.requests if raw.context is not None), None))

    def _execute(self, batch):
        try:
            with self._context(batch):
                responses = self._model.execute(self._requests(batch))
            results = self._results(batch, responses)
        except Exception as error:
            self._fail(batch, error)
            return
        self._session.finish(batch, results)

    async def _execute_async(self, batch):
        try:
            with self._context(batch):
                responses = await self._model.execute(self._requests(batch))
            results = self._results(batch, responses)
        except Exception as error:
            self._fail(batch, error)
            return
        self._session.finish(batch, results)

    def _execute_decoupled(self, batch):
        execution = _Decoupled(batch)
        try:
            with self._context(batch):
                self._check_nothing(self._model.execute(self._requests(batch, execution)))
        except Exception as error:
            execution.returned(Failure(error, self._error_text(error)))
            return
        execution.returned()

    async def _execute_decoupled_async(self, batch):
        execution = _Decoupled(batch)
        try:
            with self._context(batch):
                self._check_nothing(await self._model.execute(self._requests(batch, execution)))
        except Exception as error:
            execution.returned(Failure(error, self._error_text(error)))
            return
        execution.returned()

    def _check_nothing(self, result):
        if result is not None:
            raise TritonModelException(
                f"Python model '{self._instance_name}' is using the decoupled mode and the execute function must return None."
            )

    def _results(self, batch, responses):
        if not isinstance(responses, (list, tuple)):
            raise TritonModelException("Expected a list in the execute return")
        if len(responses) != len(batch.requests):
            raise TritonModelException(
                "Number of InferenceResponse objects do not match the number of InferenceRequest objects. "
                f"InferenceRequest(s) size is:{len(batch.requests)}, and InferenceResponse(s) size is:{len(responses)}\n"
            )
        results = []
        for response in responses:
            if not isinstance(response, InferenceResponse):
                raise TritonModelException(f"Expected an 'InferenceResponse' object in the execute function return list, but got {type(response).__name__}")
            if response.has_error():
                results.append(_failure(response.error()))
            else:
                results.append({tensor.name(): tensor.as_numpy() for tensor in response.output_tensors()})
        return results

    def _fail(self, batch, error):
        self._session.finish(batch, failure=Failure(error, self._error_text(error)))

    def _error_text(self, error):
        text = f"Failed to process the request(s) for model '{self._instance_name}', message: {type(error).__name__}: {error}"
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
        if frames:
            text += "\n\nAt:\n" + "".join(f"  {frame.filename}({frame.lineno}): {frame.name}\n" for frame in reversed(frames))
        return text


def _load(path):
    folder = os.path.dirname(path)
    sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location("model", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["model"] = module
    spec.loader.exec_module(module)
    return module


def _triton_config(definition):
    def tensors(list_of):
        return [
            {
                "name": tensor["name"], "data_type": "TYPE_STRING" if tensor["dtype"] == "BYTES" else f"TYPE_{tensor['dtype']}",
                "dims": tensor["shape"], **({"optional": True} if tensor["optional"] else {}),
            }
            for tensor in list_of
        ]

    config = {
        "name": definition["name"], "platform": "", "backend": "python", "max_batch_size": definition["max_batch_size"],
        "input": tensors(definition["inputs"]), "output": tensors(definition["outputs"]),
        "instance_group": [{"name": f"{definition['name']}_0", "kind": "KIND_CPU", "count": definition["instances"], "gpus": []}],
        "default_model_filename": "model.py",
        "parameters": {key: {"string_value": value} for key, value in definition["parameters"].items()},
    }
    if definition["decoupled"]:
        config["model_transaction_policy"] = {"decoupled": True}
    if definition["dynamic_batching"]:
        config["dynamic_batching"] = {}
    return config


def _declaration(config, definition):
    def tensors(list_of):
        return [
            {
                "name": tensor["name"], "dtype": "BYTES" if tensor["data_type"] == "TYPE_STRING" else tensor["data_type"].removeprefix("TYPE_"),
                "shape": list(np.ravel(tensor["dims"]).tolist()), "optional": bool(tensor.get("optional")),
            }
            for tensor in list_of
        ]

    return {
        "name": definition["name"], "version": definition["version"], "inputs": tensors(config["input"]), "outputs": tensors(config["output"]),
        "max_batch_size": config["max_batch_size"], "decoupled": using_decoupled_model_transaction_policy(config),
        "batcher": {} if "dynamic_batching" in config else None, "instances": definition["instances"], "parameters": {},
    }
