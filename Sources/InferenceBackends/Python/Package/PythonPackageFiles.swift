/// The files of python/needletail. Made by scripts/embed-python.sh; change those files and run it again.
enum PythonPackageFiles {
    /// Path within the package, and content.
    static let all: [(path: String, content: String)] = [
        (
            "__init__.py",
            ###"""
"""Needletail for Python: models in worker processes, and PyTriton's interface.

A model for `needletail serve --python models.py:double`:

    import numpy as np
    import needletail

    @needletail.model(
        inputs=[needletail.Tensor(name="x", shape=(-1,), dtype=np.float32)],
        outputs=[needletail.Tensor(name="y", shape=(-1,), dtype=np.float32)],
    )
    @needletail.batch
    def double(x):
        return {"y": x * 2}
"""

__version__ = "0.1.0"

_EXPORTS = {
    "model": "needletail.declaring",
    "Tensor": "needletail.model_config", "ModelConfig": "needletail.model_config", "DynamicBatcher": "needletail.model_config",
    "QueuePolicy": "needletail.model_config", "TimeoutAction": "needletail.model_config", "DeviceKind": "needletail.model_config",
    "ModelWarmup": "needletail.model_config", "WarmupInput": "needletail.model_config",
    "batch": "needletail.decorators", "sample": "needletail.decorators", "group_by_keys": "needletail.decorators",
    "group_by_values": "needletail.decorators", "ConstantPadder": "needletail.decorators", "fill_optionals": "needletail.decorators",
    "pad_batch": "needletail.decorators", "first_value": "needletail.decorators", "triton_context": "needletail.decorators",
    "Triton": "needletail.triton", "TritonConfig": "needletail.triton", "TritonSecurityConfig": "needletail.triton",
    "RemoteTriton": "needletail.triton",
}
__all__ = sorted(_EXPORTS)


def __getattr__(name):
    module = _EXPORTS.get(name)
    if module is None:
        raise AttributeError(f"module 'needletail' has no attribute '{name}'; it has {', '.join(__all__)}")
    import importlib

    return getattr(importlib.import_module(module), name)

"""###
        ),
        (
            "callables.py",
            ###"""
"""Executes batches with a Python callable, in PyTriton's way: a list of requests in, a list of dictionaries out."""

import asyncio
import contextlib
import functools
import inspect

import numpy as np

from needletail import spans, validators, wire
from needletail.decorators import TritonContext, inject_context, running_context
from needletail.exceptions import PyTritonUnrecoverableError
from needletail.proxy.types import Request
from needletail.session import Failure, format_exception


def innermost(function):
    """The function that a stack of decorators, partials and objects calls in the end."""
    while True:
        if isinstance(function, functools.partial):
            function = function.func
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        elif not inspect.isfunction(function) and not inspect.ismethod(function) and not inspect.isbuiltin(function) and hasattr(type(function), "__call__"):
            inner = function.__call__
            if not inspect.ismethod(inner) and not hasattr(inner, "__wrapped__"):
                return function
            function = inner
        else:
            return function


class CallableExecutor:
    """Executes one instance of a model."""

    def __init__(self, session, function, config, strict, instance=0, on_unrecoverable=None, context=None):
        self._session = session
        self._function = function
        self._config = config
        self._outputs = {output.name: output for output in config.outputs}
        self._strict = strict
        self._instance = instance
        self._on_unrecoverable = on_unrecoverable or session.fatal
        self._context = context or TritonContext()
        inject_context(self._context, function, config)
        inner = innermost(function)
        # Streams are interleaved, also those of plain generators.
        self.is_concurrent = config.decoupled
        self.is_async = config.decoupled or inspect.iscoroutinefunction(inner) or inspect.isasyncgenfunction(inner)
        self.execute = self._execute_async if self.is_async else self._execute

    def warm_up(self):
        """Calls the function with the requests of the model's warm-ups; what goes wrong is logged only."""
        for warmup in self._config.model_warmup or []:
            for _ in range(max(1, warmup.count or 1)):
                try:
                    requests = [Request(_warmup_inputs(warmup, self._config), {}, None, [])]
                    with running_context(self._context, self._config):
                        result = self._function(requests)
                        if inspect.isawaitable(result) or inspect.isasyncgen(result):
                            asyncio.run(_exhaust(result))
                        elif inspect.isgenerator(result):
                            for _ in result:
                                pass
                except Exception as error:  # as PyTriton: a failed warm-up does not keep the model away
                    self._session.log("warning", f"warm-up '{warmup.name}' of model '{self._config.model_name}' failed: {format_exception(error)}")

    # One batch

    def _requests(self, batch):
        requests, request_spans = [], None
        for raw in batch.requests:
            span = None
            if raw.context is not None:
                span = spans.start_request_span("proxy_inference_callable", raw.context)
                request_spans = request_spans or []
                request_spans.append(span)
            requests.append(Request(raw.inputs, raw.parameters, span, raw.requested_outputs, raw))
        return requests, request_spans

    def _execute(self, batch):
        requests, request_spans = self._requests(batch)
        try:
            with running_context(self._context, self._config), _current(request_spans):
                result = self._function(requests)
                if inspect.iscoroutine(result) or inspect.isasyncgen(result):
                    result = asyncio.run(_collect(result))
                    results = self._stream(batch, iter(result))
                elif inspect.isgenerator(result):
                    results = self._stream(batch, result)
                else:
                    validators.validate(self._config, self._outputs, result, len(requests), self._strict)
                    results = result
        except Exception as error:
            self._fail(batch, request_spans, error)
            return
        self._end(request_spans)
        del requests, result
        self._session.finish(batch, results)

    async def _execute_async(self, batch):
        requests, request_spans = self._requests(batch)
        try:
            with running_context(self._context, self._config), _current(request_spans):
                result = self._function(requests)
                if inspect.isawaitable(result):
                    result = await result
                if not inspect.isasyncgen(result):
                    result = _as_async(result if inspect.isgenerator(result) else iter([result]))
                results = await self._stream_async(batch, result)
        except (Exception, asyncio.CancelledError) as error:
            self._fail(batch, request_spans, error)
            return
        self._end(request_spans)
        del requests, result
        self._session.finish(batch, results)

    def _stream(self, batch, generator):
        """The one list of responses of a generator that serves a model which is not decoupled."""
        results = next(generator, None)
        validators.validate(self._config, self._outputs, results, len(batch.requests), self._strict)
        if next(generator, None) is not None:
            raise self._too_many()
        return results

    def _too_many(self):
        return ValueError(f"Model `{self._config.model_name}` is not decoupled, but its callable gave more than one list of responses.")

    async def _stream_async(self, batch, generator):
        count = len(batch.requests)
        results = None
        async with contextlib.aclosing(generator):
            async for responses in generator:
                validators.validate(self._config, self._outputs, responses, count, self._strict)
                if not self._config.decoupled:
                    if results is not None:
                        raise self._too_many()
                    results = responses
                    continue
                for index, response in enumerate(responses):
                    if index not in batch.cancelled:
                        if not batch.has_credit():
                            await self._session.wait_async(lambda: batch.has_credit() or index in batch.cancelled)
                        if batch.has_credit():
                            self._session.send_response(batch, index, self._selected(response, batch.requests[index]))
                # Other streams go on, and news of clients that left comes in.
                await asyncio.sleep(0)
                if batch.all_cancelled:
                    break
        return [None] * count if self._config.decoupled else results

    def _selected(self, response, raw):
        names = raw.requested_outputs or self._outputs
        return {name: value for name, value in response.items() if name in names}

    def _end(self, request_spans):
        if request_spans:
            for span in request_spans:
                _set_ok(span)
                span.end()

    def _fail(self, batch, request_spans, error):
        trace = format_exception(error)
        for span in request_spans or ():
            _set_failed(span, error)
            span.end()
        if self._config.decoupled:
            text = trace
        else:
            name = f"{self._config.model_name}_0_{self._instance}"
            text = f"Failed to process the request(s) for model '{name}', message: TritonModelException: Model execute error: {trace}"
        is_fatal = isinstance(error, PyTritonUnrecoverableError)
        self._session.finish(batch, failure=Failure(error, text, fatal=is_fatal))
        if is_fatal:
            self._on_unrecoverable(trace)


def _current(request_spans):
    """Spans that the callable makes without naming a request belong to the first that is traced."""
    return spans.current(request_spans[0]) if request_spans else contextlib.nullcontext()


def _set_ok(span):
    if isinstance(span, spans.Span):
        span.set_status("OK")
    else:
        from opentelemetry.trace import Status, StatusCode

        span.set_status(Status(StatusCode.OK))


def _set_failed(span, error):
    if isinstance(span, spans.Span):
        span.fail(error)
    else:
        from opentelemetry.trace import Status, StatusCode

        span.record_exception(error)
        span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))


async def _as_async(generator):
    with contextlib.closing(generator) if hasattr(generator, "close") else contextlib.nullcontext():
        for one in generator:
            yield one


async def _collect(result):
    if inspect.isasyncgen(result):
        return [item async for item in result]
    return [await result]


async def _exhaust(result):
    await _collect(result)


def _warmup_inputs(warmup, config):
    from needletail.model_config import triton_type

    inputs = {}
    for name, declared in warmup.inputs.items():
        shape = tuple(declared.shape)
        if config.batching:
            shape = (max(1, warmup.batch_size),) + shape
        kind = triton_type(declared.dtype, name)
        if kind == "BYTES":
            value = np.full(shape, b"", dtype=np.object_)
        elif declared.input_data_file:
            value = np.fromfile(declared.input_data_file, dtype=wire.DTYPES[kind]).reshape(shape)
        elif declared.random_data:
            dtype = wire.DTYPES[kind]
            value = np.random.random(shape).astype(dtype) if dtype.kind == "f" else np.random.randint(0, 2, shape).astype(dtype)
        else:
            value = np.zeros(shape, dtype=wire.DTYPES[kind])
        inputs[name] = value
    return inputs

"""###
        ),
        (
            "declaring.py",
            ###"""
"""`@needletail.model`: declares a callable as a model, for `needletail serve --python file.py:name`."""

import functools
import importlib
import importlib.util
import os
import sys

from needletail.model_config import ModelConfig, make_model_config

_ATTRIBUTE = "__needletail_model__"


class Declaration:
    """What `@model` was given."""

    def __init__(self, inputs, outputs, name, version, config, strict, instances):
        self.inputs = inputs
        self.outputs = outputs
        self.name = name
        self.version = version
        self.config = config
        self.strict = strict
        self.instances = instances

    def model_config(self, fallback_name):
        return make_model_config(self.name or fallback_name, self.version, self.inputs, self.outputs, self.config, self.instances)


def model(*, inputs, outputs, name=None, version=1, config=None, strict=False, instances=1):
    """Declares a callable as a model.

    Args:
        inputs, outputs: a list of `Tensor`.
        name: of the model; the callable's name when it is left out.
        config: a `ModelConfig`: batching, decoupled answers, warm-up.
        strict: outputs must be exactly as declared.
        instances: how many worker processes execute it.
    """
    declaration = Declaration(list(inputs), list(outputs), name, version, config or ModelConfig(), strict, instances)

    def declare(function):
        if isinstance(function, type):
            # A class: each worker makes its own object, once.
            setattr(function, _ATTRIBUTE, declaration)
            return function
        try:
            setattr(function, _ATTRIBUTE, declaration)
            return function
        except AttributeError:
            wrapped = functools.partial(function)
            setattr(wrapped, _ATTRIBUTE, declaration)
            return wrapped

    return declare


class TargetError(Exception):
    """A `--python` target that cannot be used; the text is for people."""


def load_target(target):
    """The callable, its declaration and its name of `path/to/file.py:name` or `package.module:name`."""
    place, separator, name = target.rpartition(":")
    if not separator or not place or not name:
        raise TargetError(f"'{target}' must be FILE.py:CALLABLE or MODULE:CALLABLE, for example models.py:passthrough")
    module = _load_module(place)
    found = module
    for part in name.split("."):
        if not hasattr(found, part):
            declared = sorted(key for key, value in vars(module).items() if getattr(value, _ATTRIBUTE, None) is not None)
            hint = f"declared models are {', '.join(declared)}" if declared else "no model is declared there"
            raise TargetError(f"there is no '{name}' in {place}; {hint}")
        found = getattr(found, part)
    declaration = getattr(found, _ATTRIBUTE, None)
    if declaration is None:
        raise TargetError(
            f"'{name}' in {place} does not say what its inputs and outputs are. Declare it:\n"
            "    @needletail.model(\n"
            "        inputs=[needletail.Tensor(name='x', shape=(-1,), dtype=numpy.float32)],\n"
            "        outputs=[needletail.Tensor(name='y', shape=(-1,), dtype=numpy.float32)],\n"
            "    )\n"
            f"    def {name}(requests): ..."
        )
    function = found() if isinstance(found, type) else found
    if not callable(function):
        raise TargetError(f"'{name}' in {place} is no callable")
    return function, declaration, name.split(".")[-1]


def _load_module(place):
    if place.endswith(".py") or "/" in place:
        path = os.path.abspath(place)
        if not os.path.isfile(path):
            raise TargetError(f"there is no file {path}")
        folder = os.path.dirname(path)
        if folder not in sys.path:
            sys.path.insert(0, folder)
        name = os.path.splitext(os.path.basename(path))[0]
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name != place.split(".")[0]:
            raise
        raise TargetError(f"there is no Python module '{place}'") from None

"""###
        ),
        (
            "decorators.py",
            ###"""
"""Decorators for callables, with PyTriton's names and behaviour; here they need no other package."""

import contextlib
import contextvars
import functools
import inspect
import itertools
import operator
from bisect import bisect_left

import numpy as np

from needletail.exceptions import PyTritonBadParameterError, PyTritonRuntimeError, PyTritonValidationError
from needletail.proxy.telemetry import start_span_from_span
from needletail.wire import encode_bytes

TRITON_CONTEXT_FIELD_NAME = "triton_context"
_SPECIAL_KEYS = ["__triton_context__"]


class Decorated:
    """A callable inside a wrapper `wrapper(wrapped, instance, args, kwargs)`; works on functions, methods and objects."""

    def __init__(self, wrapped, wrapper):
        self.__wrapped__ = wrapped
        self._self_wrapper = wrapper
        with contextlib.suppress(AttributeError, TypeError):
            functools.update_wrapper(self, wrapped, updated=())
        self.__wrapped__ = wrapped

    @property
    def __self__(self):
        return self.__wrapped__.__self__

    def __call__(self, *args, **kwargs):
        return self._self_wrapper(self.__wrapped__, getattr(self.__wrapped__, "__self__", None), args, kwargs)

    def __get__(self, instance, owner=None):
        if instance is None or not hasattr(self.__wrapped__, "__get__"):
            return self
        return Decorated(self.__wrapped__.__get__(instance, owner), self._self_wrapper)


def _decorator(wrapper):
    """Makes a decorator of a wrapper."""

    # `Decorated` calls its wrapper with four arguments, users call the decorator with one.
    @functools.wraps(wrapper)
    def both(*args):
        if len(args) == 4:
            return wrapper(*args)
        return Decorated(args[0], both)

    return both


class TritonContext:
    """What a callable can learn of the server: the configurations of the models that it serves, by callable."""

    def __init__(self):
        self.model_configs = ModelConfigDict()


class ModelConfigDict(dict):
    """Configurations by callable; wrappers and methods of the same object count as one."""

    @staticmethod
    def _key(function):
        while hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        if inspect.ismethod(function) and function.__name__ == "__call__":
            function = function.__self__
        if inspect.ismethod(function):
            return (id(function.__self__), function.__func__)
        return id(function)

    def __getitem__(self, function):
        return super().__getitem__(self._key(function))

    def __setitem__(self, function, config):
        super().__setitem__(self._key(function), config)

    def __delitem__(self, function):
        super().__delitem__(self._key(function))

    def __contains__(self, function):
        return super().__contains__(self._key(function))


_running = contextvars.ContextVar("needletail_model", default=None)


@contextlib.contextmanager
def running_context(context, config):
    """While a callable runs, its decorators find its configuration here."""
    token = _running.set((context, config))
    try:
        yield
    finally:
        _running.reset(token)


def inject_context(context, function, config):
    """Lets a callable's decorators find its configuration."""
    context.model_configs[function] = config
    target = function
    while hasattr(target, "__wrapped__"):
        target = target.__wrapped__
    if hasattr(target, "__self__"):
        target = target.__self__
    with contextlib.suppress(AttributeError, TypeError):
        target.__triton_context__ = context


def get_triton_context(wrapped, instance):
    """The context of a callable that is bound."""
    running = _running.get()
    if running is not None:
        return running[0]
    caller = instance
    if caller is None:
        caller = wrapped
        while hasattr(caller, "__wrapped__"):
            caller = caller.__wrapped__
    if not hasattr(caller, "__triton_context__"):
        raise PyTritonValidationError("Wrapped function or object must bound with triton to get  __triton_context__")
    return caller.__triton_context__


def get_model_config(wrapped, instance):
    """The configuration of the model that a callable serves."""
    running = _running.get()
    if running is not None:
        return running[1]
    return get_triton_context(wrapped, instance).model_configs[wrapped]


def get_inference_request_batch_size(request):
    """The size of the first input's batch axis."""
    return next(iter(request.values())).shape[0]


def convert_output(outputs, wrapped=None, instance=None, model_config=None):
    """Outputs as a dictionary; a list or tuple stands for the declared outputs in their order."""
    if isinstance(outputs, dict):
        return outputs
    if isinstance(outputs, (list, tuple)):
        if model_config is None:
            model_config = get_model_config(wrapped, instance)
        if len(outputs) != len(model_config.outputs):
            raise PyTritonValidationError("Outputs length different than config outputs length")
        return {declared.name: output for declared, output in zip(model_config.outputs, outputs)}
    raise PyTritonValidationError(f"Unsupported output type {type(outputs)}.")


def _mapped(outputs, transform):
    """Applies a function to what a callable of any kind gives."""
    if inspect.isgenerator(outputs):
        return (transform(one) for one in outputs)
    if inspect.isasyncgen(outputs):
        return _mapped_async(outputs, transform)
    if inspect.isawaitable(outputs):
        return _awaited(outputs, transform)
    return transform(outputs)


async def _mapped_async(outputs, transform):
    async with contextlib.aclosing(outputs):
        async for one in outputs:
            yield transform(one)


async def _awaited(outputs, transform):
    return transform(await outputs)


@_decorator
def sample(wrapped, instance, args, kwargs):
    """For models without batching: the callable gets the one request's inputs as keywords."""
    kwargs.update(args[0][0])
    return _mapped(wrapped(*args[1:], **kwargs), lambda outputs: [convert_output(outputs, wrapped, instance)])


@_decorator
def batch(wrapped, instance, args, kwargs):
    """The callable gets the requests' inputs as keywords, each one array for all of them; its outputs are cut apart again.

    Raises:
        PyTritonValidationError: the requests have different inputs.
        ValueError: outputs that do not have one row for each row of the inputs.
    """
    requests = args[0]
    names = requests[0].keys()
    for request in requests[1:]:
        if names != request.keys():
            raise PyTritonValidationError("Cannot batch requests with different set of inputs keys")
    inputs = {name: np.concatenate([request[name] for request in requests]) for name in names}
    sizes = [get_inference_request_batch_size(request) for request in requests]
    new_kwargs = dict(kwargs)
    new_kwargs.update(inputs)
    spans = [
        start_span_from_span(request.span, "pytriton-batch-decorator-span")
        for request in requests
        if getattr(request, "span", None) is not None
    ]
    try:
        outputs = wrapped(*args[1:], **new_kwargs)
    except BaseException:
        _end(spans)
        raise
    if spans:
        outputs = _until_done(outputs, spans)
    return _mapped(outputs, lambda result: _split(convert_output(result, wrapped, instance), sizes))


def _end(spans):
    for span in spans:
        span.end()


def _until_done(outputs, spans):
    """Ends the spans when the whole of the output was made."""
    if inspect.isgenerator(outputs):
        return _generate(outputs, spans)
    if inspect.isasyncgen(outputs):
        return _generate_async(outputs, spans)
    if inspect.isawaitable(outputs):
        return _await(outputs, spans)
    _end(spans)
    return outputs


def _generate(outputs, spans):
    try:
        yield from outputs
    finally:
        _end(spans)


async def _generate_async(outputs, spans):
    try:
        async for one in outputs:
            yield one
    finally:
        _end(spans)


async def _await(outputs, spans):
    try:
        return await outputs
    finally:
        _end(spans)


def _split(outputs, sizes):
    total = sum(sizes)
    wrong = {name: value.shape for name, value in outputs.items() if value.shape[0] != total}
    if wrong:
        raise ValueError(
            "Received output tensors with different batch sizes: "
            f"{', '.join(f'{name}: {shape}' for name, shape in wrong.items())}. Expected batch size: {total}. "
        )
    results, start = [], 0
    for size in sizes:
        results.append({name: value[start:start + size, ...] for name, value in outputs.items()})
        start += size
    return results


def group_by_values(*keys, pad_fn=None):
    """After `@batch`: calls the callable once for each combination of values of some inputs, and merges the outputs.

    Args:
        pad_fn: brings the groups' outputs to one shape, for example `ConstantPadder()`.
    """

    def key_of(value):
        if isinstance(value, np.ndarray):
            return encode_bytes(value) if value.dtype.kind in "OSU" else value.tobytes()
        return value

    def groups(request, size):
        indices = [(index, tuple(key_of(request[key][index]) for key in keys)) for index in range(size)]
        indices.sort(key=operator.itemgetter(1))
        for _, group in itertools.groupby(indices, key=operator.itemgetter(1)):
            chosen, _ = zip(*group)
            yield chosen, {name: value[chosen, ...] for name, value in request.items()}

    @_decorator
    def wrapper(wrapped, instance, args, kwargs):
        inner = wrapped
        while inner is not None:
            if getattr(inner, "_self_wrapper", None) is batch:
                raise PyTritonRuntimeError("The @group_by_values decorator must be used after the @batch decorator.")
            inner = getattr(inner, "__wrapped__", None)
        request = {name: value for name, value in kwargs.items() if name not in _SPECIAL_KEYS}
        others = {name: value for name, value in kwargs.items() if name in _SPECIAL_KEYS}
        size = get_inference_request_batch_size(request)
        chosen, results = [], []
        for indices, part in groups(request, size):
            chosen.append(indices)
            results.append(wrapped(*args, **part, **others))
        if pad_fn is not None:
            results = pad_fn(tuple(results))
        merged = {name: np.zeros((size,) + value.shape[1:], dtype=value.dtype) for name, value in results[0].items()}
        for indices, outputs in zip(chosen, results):
            for name, value in outputs.items():
                merged[name][indices, ...] = value
        return merged

    return wrapper


class ConstantPadder:
    """Brings the outputs of groups to one shape with a constant."""

    def __init__(self, pad_value=0):
        self.pad_value = pad_value

    def __call__(self, batches_list):
        names = list(dict.fromkeys(name for one in batches_list for name in one))
        padded = [dict() for _ in batches_list]
        for name in names:
            arrays = [one[name] for one in batches_list if name in one]
            shape = tuple(np.max([array.shape[1:] for array in arrays], axis=0))
            dtype = self._dtype([array.dtype for array in arrays])
            filler = b"" if dtype.kind in "SUO" else self.pad_value
            for one, result in zip(batches_list, padded):
                if name in one:
                    widths = [(0, 0)] + [(0, int(wide - narrow)) for narrow, wide in zip(one[name].shape[1:], shape)]
                    result[name] = np.pad(one[name], widths, mode="constant", constant_values=filler).astype(dtype)
        return padded

    @staticmethod
    def _dtype(dtypes):
        first = dtypes[0]
        same = all(dtype.kind == first.kind for dtype in dtypes) if first.kind in "SU" else all(dtype == first for dtype in dtypes)
        if not same:
            raise PyTritonRuntimeError("All input arrays for given input name must have the same dtype.")
        if first.kind in "SU":
            return max(dtypes, key=lambda dtype: dtype.itemsize)
        return first


@_decorator
def group_by_keys(wrapped, instance, args, kwargs):
    """Calls the callable once for each set of inputs that requests have, and restores their order."""
    indexed = [(index, tuple(sorted(request.keys())), request) for index, request in enumerate(args[0])]
    indexed.sort(key=operator.itemgetter(1))
    results = []
    for _, group in itertools.groupby(indexed, key=operator.itemgetter(1)):
        indices, _, requests = zip(*group)
        results.extend(zip(indices, wrapped(list(requests), *args[1:], **kwargs)))
    results.sort(key=operator.itemgetter(0))
    return [result for _, result in results]


def fill_optionals(**defaults):
    """Gives requests that lack an input its default: an array without the batch axis, repeated for each row."""

    def verify(config):
        declared = {spec.name: spec for spec in config.inputs}
        unknown = sorted(set(defaults) - set(declared))
        if unknown:
            raise PyTritonBadParameterError(f"Could not found {', '.join(unknown)} inputs")
        wrong = {name: value for name, value in defaults.items() if not isinstance(value, np.ndarray)}
        if wrong:
            listed = ", ".join(f"{name}={value}" for name, value in wrong.items())
            raise PyTritonBadParameterError(f"Could not use {listed} defaults as they are not NumPy arrays")
        wrong = [
            f"{name}: dtype={value.dtype} expected_dtype={declared[name].dtype}"
            for name, value in defaults.items()
            if value.dtype != declared[name].dtype
        ]
        if wrong:
            raise PyTritonBadParameterError(
                f"Could not use {', '.join(wrong)} defaults as they have different than input signature dtypes"
            )
        wrong = [
            f"{name}: shape={value.shape} expected_shape={declared[name].shape}"
            for name, value in defaults.items()
            if len(value.shape) != len(declared[name].shape)
            or any(wanted not in (-1, size) for size, wanted in zip(value.shape, declared[name].shape))
        ]
        if wrong:
            raise PyTritonBadParameterError(
                f"Could not use {', '.join(wrong)} defaults as they have different than input signature shapes"
            )

    @_decorator
    def wrapper(wrapped, instance, args, kwargs):
        config = get_model_config(wrapped, instance)
        verify(config)
        (requests,) = args
        for request in requests:
            size = get_inference_request_batch_size(request) if config.batching else None
            for name, value in defaults.items():
                if name in request:
                    continue
                request[name] = np.tile(value, (size,) + (1,) * value.ndim) if config.batching else value
        return wrapped(*args, **kwargs)

    return wrapper


@_decorator
def triton_context(wrapped, instance, args, kwargs):
    """Adds the keyword `triton_context`."""
    kwargs[TRITON_CONTEXT_FIELD_NAME] = get_triton_context(wrapped, instance)
    return wrapped(*args, **kwargs)


@_decorator
def pad_batch(wrapped, instance, args, kwargs):
    """After `@batch`: repeats the last row up to the next preferred batch size, or the largest."""
    inputs = {name: value for name, value in kwargs.items() if name not in _SPECIAL_KEYS}
    rows = next(iter(inputs.values())).shape[0]
    config = get_model_config(wrapped, instance)
    preferred = config.batcher.preferred_batch_size if config.batcher is not None else None
    sizes = sorted(preferred or []) + [config.max_batch_size]
    size = sizes[bisect_left(sizes, rows)]
    repeats = np.ones(rows, dtype=np.int64)
    repeats[-1] = size - rows + 1
    kwargs.update({name: np.repeat(value, repeats, axis=0) for name, value in inputs.items()})
    return wrapped(*args, **kwargs)


def first_value(*keys, squeeze_single_values=True, strict=True):
    """Replaces inputs by their first value; works on lists of requests and, after `@batch`, on keywords.

    Args:
        squeeze_single_values: an array with one element becomes a scalar.
        strict: all values must be equal.
    """
    forbidden = [key for key in keys if key in _SPECIAL_KEYS]
    if forbidden:
        raise PyTritonBadParameterError(
            f"The keys {', '.join(forbidden)} are not allowed as keys for @first_value wrapper. "
            f"The set of not allowed keys are {', '.join(_SPECIAL_KEYS)}"
        )

    def replace(request):
        for name in keys:
            if name not in request:
                continue
            values = request[name]
            if strict and len(np.unique(values, axis=None if values.dtype == object else 0)) > 1:
                raise PyTritonRuntimeError(
                    f"The values on the {name!r} input are not equal. To proceed, either disable strict mode in @first_value "
                    f"wrapper or ensure that the values always are consistent. The current values of {name!r} are {values!r}."
                )
            first = values[0]
            if squeeze_single_values and not np.isscalar(first) and all(size == 1 for size in np.shape(first)):
                first = np.squeeze(first)[()]
            request[name] = first
        return request

    @_decorator
    def wrapper(wrapped, instance, args, kwargs):
        if not get_model_config(wrapped, instance).batching:
            raise PyTritonRuntimeError("The @first_value decorator can only be used with models that support batching.")
        if set(kwargs) - set(_SPECIAL_KEYS):
            return wrapped(*args, **replace(kwargs))
        requests, *others = args
        return wrapped([replace(request) for request in requests], *others, **kwargs)

    return wrapper

"""###
        ),
        (
            "exceptions.py",
            ###"""
"""Errors of this package, under PyTriton's names."""


class PyTritonError(Exception):
    """Root of all."""

    def __init__(self, message: str):
        super().__init__(message)
        self._message = message

    def __str__(self) -> str:
        return self._message

    @property
    def message(self):
        return self._message


class PyTritonValidationError(PyTritonError):
    """Settings that cannot be used."""


class PyTritonInvalidOperationError(PyTritonError):
    """A call that is not possible now."""


class PyTritonBadParameterError(PyTritonError):
    """A wrong argument."""


class PyTritonModelConfigError(PyTritonError):
    """A wrong model configuration."""


class PyTritonUnrecoverableError(PyTritonError):
    """Raised by a callable when no further inference is possible: the server is stopped."""


class PyTritonRuntimeError(PyTritonError):
    """Anything else."""

"""###
        ),
        (
            "model_config.py",
            ###"""
"""Declarations of models, with PyTriton's names and defaults."""

import dataclasses
import enum
from typing import Dict, List, Optional, Sequence, Type, Union

import numpy as np

from needletail.exceptions import PyTritonBadParameterError
from needletail.wire import NAMES


class DeviceKind(enum.Enum):
    """Where a model runs; this server has processors only."""

    KIND_AUTO = "KIND_AUTO"
    KIND_CPU = "KIND_CPU"
    KIND_GPU = "KIND_GPU"


class TimeoutAction(enum.Enum):
    """What becomes of a request that waited too long."""

    REJECT = "REJECT"
    DELAY = "DELAY"


@dataclasses.dataclass
class QueuePolicy:
    """How long requests wait (microseconds, 0: no limit), and how many may (0: the server's bound)."""

    timeout_action: TimeoutAction = TimeoutAction.REJECT
    default_timeout_microseconds: int = 0
    allow_timeout_override: bool = False
    max_queue_size: int = 0

    def to_dict(self):
        return {**dataclasses.asdict(self), "timeout_action": self.timeout_action.value}


@dataclasses.dataclass
class DynamicBatcher:
    """How requests are brought together."""

    max_queue_delay_microseconds: int = 0
    preferred_batch_size: Optional[list] = None
    preserve_ordering: bool = False
    priority_levels: int = 0
    default_priority_level: int = 0
    default_queue_policy: Optional[QueuePolicy] = None
    priority_queue_policy: Optional[Dict[int, QueuePolicy]] = None

    def to_dict(self):
        result = {
            "max_queue_delay_microseconds": self.max_queue_delay_microseconds,
            "preferred_batch_size": list(self.preferred_batch_size or []),
            "preserve_ordering": self.preserve_ordering,
            "priority_levels": self.priority_levels,
            "default_priority_level": self.default_priority_level,
        }
        if self.default_queue_policy:
            result["default_queue_policy"] = self.default_queue_policy.to_dict()
        if self.priority_queue_policy:
            result["priority_queue_policy"] = {str(level): policy.to_dict() for level, policy in self.priority_queue_policy.items()}
        return result


@dataclasses.dataclass
class WarmupInput:
    """One input of a warm-up request: zeros, random numbers, or the bytes of a file."""

    dtype: Union[Type[np.dtype], Type[object]]
    shape: Sequence[int]
    zero_data: Optional[bool] = False
    random_data: Optional[bool] = False
    input_data_file: Optional[str] = None


@dataclasses.dataclass
class ModelWarmup:
    """A request that the callable gets before the model answers others."""

    name: str
    batch_size: int
    inputs: Dict[str, WarmupInput]
    count: Optional[int] = 0

    def __post_init__(self):
        if self.count is not None and self.count < 0:
            raise PyTritonBadParameterError(f"Warmup '{self.name}': count must not be negative, but is {self.count}")


@dataclasses.dataclass
class ModelConfig:
    """How a model is served."""

    batching: bool = True
    max_batch_size: int = 4
    batcher: DynamicBatcher = dataclasses.field(default_factory=DynamicBatcher)
    response_cache: bool = False
    decoupled: bool = False
    model_warmup: Optional[List[ModelWarmup]] = None


@dataclasses.dataclass(frozen=True)
class Tensor:
    """One input or output: its axes without the batch axis (-1: any size) and its numpy type."""

    shape: tuple
    dtype: Union[np.dtype, Type[np.dtype], Type[object]]
    name: Optional[str] = None
    optional: Optional[bool] = False

    def __post_init__(self):
        if isinstance(self.dtype, np.dtype):
            object.__setattr__(self, "dtype", self.dtype.type)


@dataclasses.dataclass
class TensorSpec:
    """A tensor with its final name."""

    name: str
    shape: tuple
    dtype: Union[Type[np.dtype], Type[object]]
    optional: Optional[bool] = False

    def to_dict(self):
        return {"name": self.name, "dtype": triton_type(self.dtype, self.name), "shape": list(self.shape), "optional": bool(self.optional)}


@dataclasses.dataclass
class TritonModelConfig:
    """What decorators and validators know of a model."""

    model_name: str
    model_version: int = 1
    max_batch_size: int = 4
    batching: bool = True
    batcher: Optional[DynamicBatcher] = None
    instance_group: Dict[DeviceKind, Optional[int]] = dataclasses.field(default_factory=dict)
    decoupled: bool = False
    backend_parameters: Dict[str, str] = dataclasses.field(default_factory=dict)
    inputs: Optional[Sequence[TensorSpec]] = None
    outputs: Optional[Sequence[TensorSpec]] = None
    response_cache: bool = False
    model_warmup: Optional[List[ModelWarmup]] = None

    @property
    def backend(self) -> str:
        return "python"

    def to_dict(self):
        """The declaration that the server is told: docs/python-workers.md, "ready"."""
        return {
            "name": self.model_name,
            "version": self.model_version,
            "inputs": [tensor.to_dict() for tensor in self.inputs],
            "outputs": [tensor.to_dict() for tensor in self.outputs],
            "max_batch_size": self.max_batch_size if self.batching else 0,
            "batcher": self.batcher.to_dict() if self.batching and self.batcher else None,
            "decoupled": self.decoupled,
            "response_cache": self.response_cache,
            "instances": sum(count or 1 for count in self.instance_group.values()) or 1,
            "parameters": self.backend_parameters,
        }


def triton_type(dtype, name):
    """KServe's name of a declared numpy type."""
    if dtype in (bytes, object, np.bytes_, np.object_, str, np.str_):
        return "BYTES"
    try:
        return NAMES[np.dtype(dtype)]
    except (KeyError, TypeError):
        raise PyTritonBadParameterError(f"tensor '{name}': there is no tensor type for {dtype!r}; there are {sorted(NAMES.values())} and bytes") from None


def _specs(tensors, prefix):
    specs = []
    for index, tensor in enumerate(tensors, start=1):
        specs.append(TensorSpec(tensor.name or f"{prefix}_{index}", tuple(tensor.shape), tensor.dtype, tensor.optional))
        triton_type(tensor.dtype, specs[-1].name)
    return specs


def make_model_config(name, version, inputs, outputs, config, instances=1):
    """All that is declared of a model, checked."""
    from needletail.exceptions import PyTritonValidationError

    if any(output.optional for output in outputs):
        raise PyTritonValidationError("Output tensors cannot be optional.")
    return TritonModelConfig(
        model_name=name, model_version=version, max_batch_size=config.max_batch_size, batching=config.batching,
        batcher=config.batcher, instance_group={DeviceKind.KIND_CPU: instances}, decoupled=config.decoupled,
        inputs=_specs(inputs, "INPUT"), outputs=_specs(outputs, "OUTPUT"), response_cache=config.response_cache,
        model_warmup=config.model_warmup,
    )

"""###
        ),
        (
            "proxy/telemetry.py",
            ###"""
"""Tracing inside callables, with PyTriton's functions."""

import contextlib

from needletail import spans

_tracer = None


def set_telemetry_tracer(tracer):
    """Makes requests' spans with a tracer of the program's own. Once only.

    Raises:
        ValueError: there is one already.
    """
    global _tracer
    if _tracer is not None:
        raise ValueError("Telemetry tracer is already set")
    _tracer = tracer


def get_telemetry_tracer():
    """The tracer that was set; None: spans go to the server, which exports them."""
    return _tracer


def parse_trace_config(trace_config_list):
    """URL and resource attributes of Triton's trace settings; blanks, commas and `=` in values are kept."""
    settings = [item.partition("=") for item in trace_config_list]
    if not any(key == "mode" and value.strip().lower() == "opentelemetry" for key, _, value in settings):
        raise ValueError("Only opentelemetry mode is supported")
    url = next((value for key, _, value in settings if key == "opentelemetry,url"), None)
    if url is None:
        raise ValueError("opentelemetry,url is required")
    resource = {}
    for key, _, value in settings:
        if key == "opentelemetry,resource":
            name, _, text = value.partition("=")
            resource[name] = text
    return url, resource


def build_proxy_tracer_from_triton_config(trace_config):
    """A tracer of OpenTelemetry's SDK that exports to the collector of Triton's trace settings.

    Without this the server exports the spans of callables together with its own.
    """
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        install = "pip install opentelemetry-api opentelemetry-sdk opentelemetry-exporter-otlp"
        raise ImportError(f"OpenTelemetry is not installed. Please install it using '{install}'.") from error
    url, resource = parse_trace_config(trace_config)
    if "://" not in url:
        url = "http://" + url
    provider = TracerProvider(resource=Resource(attributes=resource))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))
    trace.set_tracer_provider(provider)
    return trace.get_tracer(__name__)


def traced_span(request, span_name, **kwargs):
    """A span around a block, below the request's; does nothing when the request is not traced.

    Args:
        **kwargs: for `start_as_current_span` of OpenTelemetry's tracer.
    """
    span = request.span
    if span is None:
        return contextlib.nullcontext()
    if isinstance(span, spans.Span):
        return spans.child_of(span, span_name, **kwargs)
    return _users_span(span, span_name, kwargs)


@contextlib.contextmanager
def _users_span(parent, name, options):
    from opentelemetry import trace

    with trace.use_span(_inner(parent), end_on_exit=False, record_exception=False, set_status_on_exception=False):
        with spans.user_tracer().start_as_current_span(name, **options) as span:
            yield span


def _inner(span):
    """The current span when it belongs to this request's trace, so that blocks inside blocks are its children."""
    from opentelemetry import trace

    now = trace.get_current_span()
    return now if now.get_span_context().trace_id == span.get_span_context().trace_id else span


def start_span_from_span(span, name):
    """A child of a request's span; whoever starts it ends it."""
    if isinstance(span, spans.Span):
        return spans.start_child(name, span.get_span_context(), root=span.root)
    from opentelemetry import trace

    return spans.user_tracer().start_span(name, context=trace.set_span_in_context(span))


def end_span(span, error=None):
    """Ends a span, with its status."""
    if span is not None:
        if isinstance(span, spans.Span):
            span.set_status("OK" if error is None else "ERROR", error)
        else:
            from opentelemetry.trace import Status, StatusCode

            span.set_status(Status(StatusCode.OK) if error is None else Status(StatusCode.ERROR, error))
        span.end()

"""###
        ),
        (
            "proxy/types.py",
            ###"""
"""What callables take and give."""

from typing import Any, Dict, List, Optional, Union

import numpy as np

from needletail.proxy.telemetry import traced_span


class _Mapping:
    def __getitem__(self, name: str) -> np.ndarray:
        return self.data[name]

    def __setitem__(self, name: str, value: np.ndarray):
        self.data[name] = value

    def __delitem__(self, name: str):
        del self.data[name]

    def __contains__(self, name):
        return name in self.data

    def __len__(self):
        return len(self.data)

    def __iter__(self):
        return iter(self.data)

    def get(self, name, default=None):
        return self.data.get(name, default)

    def items(self):
        return self.data.items()

    def keys(self):
        return self.data.keys()

    def values(self):
        return self.data.values()


class Request(_Mapping):
    """One request: a mapping of input names to arrays, with what else the client sent."""

    __slots__ = ("data", "parameters", "span", "requested_output_names", "_raw")

    def __init__(
        self,
        data: Dict[str, np.ndarray],
        parameters: Optional[Dict[str, Union[str, int, bool]]] = None,
        span: Optional[Any] = None,
        requested_output_names: Optional[List[str]] = None,
        raw=None,
    ):
        self.data = data
        self.parameters = parameters
        self.span = span
        self.requested_output_names = requested_output_names
        self._raw = raw

    def __repr__(self):
        return f"Request(data={self.data!r}, parameters={self.parameters!r}, span={self.span!r}, requested_output_names={self.requested_output_names!r})"

    def traced_span(self, span_name):
        """A span around a block, below this request's; does nothing when the request is not traced."""
        return traced_span(self, span_name)

    @property
    def is_cancelled(self):
        """Nobody waits for the answer any more."""
        return self._raw is not None and self._raw.is_cancelled


Requests = List[Request]


class Response(_Mapping):
    """One response: a mapping of output names to arrays."""

    __slots__ = ("data",)

    def __init__(self, data: Dict[str, np.ndarray]):
        self.data = data

    def __repr__(self):
        return f"Response(data={self.data!r})"


Responses = List[Response]

"""###
        ),
        (
            "session.py",
            ###"""
"""One worker's conversation with the server: batches in, results out, and what happens meanwhile."""

import asyncio
import collections
import socket
import threading
import traceback
import weakref

import numpy as np

from needletail import spans, wire


class Failure:
    """Why a request failed, as the server is told."""

    def __init__(self, exception, text=None, code="internal", fatal=False):
        facts = spans.exception_attributes(exception)
        self.wire = {
            "type": facts["exception.type"], "message": str(exception), "stack": facts["exception.stacktrace"],
            "text": text if text is not None else str(exception), "code": code,
        }
        if fatal:
            self.wire["fatal"] = True


class RawRequest:
    """One request of a batch."""

    __slots__ = ("index", "id", "inputs", "parameters", "requested_outputs", "context", "sequence", "batch")

    def __init__(self, batch, index, inputs, head):
        self.batch = batch
        self.index = index
        self.inputs = inputs
        if head is None:
            self.id = ""
            self.parameters = {}
            self.requested_outputs = []
            self.context = None
            self.sequence = None
            return
        self.id = head.get("id", "")
        self.parameters = head.get("par", {})
        self.requested_outputs = head.get("out", [])
        self.sequence = head.get("seq")
        parent = head.get("tp")
        self.context = spans.parse_traceparent(parent, head.get("ts", "")) if parent else None

    @property
    def is_cancelled(self):
        return self.batch.session.is_cancelled(self.batch, self.index)


class Batch:
    """The requests that are executed together."""

    def __init__(self, session, number, header, body, arena):
        self.session = session
        self.number = number
        self._arena = arena
        self.credit = session.max_credit
        self.cancelled = set()
        self.cancel_answers = 0
        #: Of each response that the server has not passed on: whether it lies in shared memory.
        self.responses_out = []
        count = header["n"]
        heads = header.get("req") or [None] * count
        #: Input name -> the array of the whole batch, when the requests fit together.
        self.columns = None
        self._shared = []
        rows = header.get("rows")
        if rows is not None:
            self.rows = rows
            total = sum(rows)
            self.columns = {entry[0]: self._tensor([entry[0], entry[1], [total] + entry[2]] + entry[3:], body) for entry in header["in"]}
            if count == 1:
                self.requests = [RawRequest(self, 0, dict(self.columns), heads[0])]
            else:
                self.requests = []
                start = 0
                items = list(self.columns.items())
                for index, size in enumerate(rows):
                    end = start + size
                    self.requests.append(RawRequest(self, index, {name: column[start:end] for name, column in items}, heads[index]))
                    start = end
        else:
            self.rows = None
            self.requests = [
                RawRequest(self, index, {entry[0]: self._tensor(entry, body) for entry in entries}, heads[index])
                for index, entries in enumerate(header["each"])
            ]

    def _tensor(self, entry, body):
        _, kind, shape, place, offset, length = entry
        if place == 1:
            raw = self._arena.view(offset, length)
            if kind != "BYTES":
                # Dies with the last array over this memory.
                self._shared.append(weakref.ref(raw))
            data = raw
        else:
            data = body
        return decode(kind, shape, data, offset if place == 0 else 0, length)

    def has_credit(self):
        return self.credit > 0

    @property
    def all_cancelled(self):
        return len(self.cancelled) >= len(self.requests) > 0

    def forget(self):
        """Lets the arrays go; says whether someone else still holds any that lie in shared memory."""
        self.columns = None
        self.requests = []
        return any(reference() is not None for reference in self._shared)


def decode(kind, shape, data, offset, length):
    if kind == "BYTES":
        part = data[offset:offset + length] if isinstance(data, (bytes, bytearray)) else data.tobytes()
        return wire.decode_bytes(part, shape)
    if kind == "BF16" and length:
        words = np.frombuffer(data, dtype=np.uint16, count=length // 2, offset=offset)
        return (words.astype(np.uint32) << 16).view(np.float32).reshape(shape)
    dtype = wire.DTYPES.get(kind, wire.DTYPES["FP32"])
    if length == 0:
        return np.empty(shape, dtype)
    if isinstance(data, np.ndarray):
        return data.view(dtype).reshape(shape)
    return np.frombuffer(data, dtype=dtype, count=length // dtype.itemsize, offset=offset).reshape(shape)


class Session:
    """Receives batches and hands them to an executor, one at a time.

    An executor has `execute(batch)` or, when `is_async`, a coroutine function of that name; it answers through `finish` and
    `send_response`.
    """

    def __init__(self, connection, welcome, descriptors):
        self.connection = connection
        self.input = wire.Arena(descriptors[0])
        self.outgoing = wire.Outgoing(wire.Arena(descriptors[1]), welcome.get("shared_memory", 1 << 30))
        self.max_credit = welcome.get("credit", 1)
        self._changed = threading.Condition()
        self._reading = False
        self._pending = collections.deque()
        self._stopped = False
        self._disconnected = None
        self._batches = {}
        #: Batches that ended while responses were on their way.
        self._ended = {}
        self._calls = {}
        self._last_call = 0
        self._loop = None
        self._loop_thread = None
        self._loop_waiters = []
        #: What the server says about a model that this process offers; None before.
        self.bound = None
        spans.SINK.on_end = self._span_ended

    # Reading

    def wait(self, condition):
        """Reads until the condition holds. Any thread may wait; one reads for all."""
        while True:
            with self._changed:
                while True:
                    if condition():
                        return
                    if self._disconnected is not None:
                        raise self._disconnected
                    if not self._reading:
                        self._reading = True
                        break
                    self._changed.wait()
            try:
                self._dispatch(*self.connection.receive())
            except wire.Disconnected as error:
                self._disconnected = error
            finally:
                with self._changed:
                    self._reading = False
                    self._changed.notify_all()

    async def wait_async(self, condition):
        while not condition():
            if self._disconnected is not None:
                raise self._disconnected
            waiter = asyncio.get_running_loop().create_future()
            self._loop_waiters.append(waiter)
            await waiter

    def _drain(self):
        """The socket is readable: takes what is there (asyncio)."""
        with self._changed:
            if self._reading:
                return
            self._reading = True
        try:
            while self.connection.has_input():
                self._dispatch(*self.connection.receive())
        except wire.Disconnected as error:
            self._disconnected = error
            self._loop.remove_reader(self.connection.fileno())
        finally:
            with self._changed:
                self._reading = False
                self._changed.notify_all()
            self._wake_loop()

    def _wake_loop(self):
        waiters, self._loop_waiters = self._loop_waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _dispatch(self, kind, number, header, body, descriptors):
        if kind == wire.EXECUTE:
            self._pending.append((number, header, body, self.input))
        elif kind == wire.CALL_RESPONSE:
            call = self._calls.get(header["call"])
            if call is not None:
                call.receive(header, body, self.input)
        elif kind == wire.ARENA:
            # The old one is kept alive by who holds its arrays.
            self.input = wire.Arena(descriptors[0])
        elif kind == wire.STOP:
            self._stopped = True
        elif kind == wire.BOUND:
            self.bound = header
        else:
            batch = self._batches.get(number)
            if batch is not None:
                self._dispatch_to(batch, kind, header)
            elif kind == wire.CREDIT and header:
                # It has read the end of a batch.
                self.outgoing.hold(-1)
            elif kind == wire.CREDIT and number in self._ended:
                self._dispatch_to(self._ended[number], kind, header)
                if not any(self._ended[number].responses_out):
                    del self._ended[number]
        if self._loop is not None and threading.get_ident() != self._loop_thread:
            self._loop.call_soon_threadsafe(self._wake_loop)

    def _dispatch_to(self, batch, kind, header):
        if kind == wire.CREDIT:
            batch.credit += 1
            if batch.responses_out and batch.responses_out.pop(0):
                self.outgoing.hold(-1)
        elif kind == wire.CANCEL:
            batch.cancelled.update(header["requests"])
        elif kind == wire.CANCEL_ANSWER:
            batch.cancelled.update(header["requests"])
            batch.cancel_answers += 1

    # Batches

    def stop(self):
        """Ends `run`; any thread may call it."""
        with self._changed:
            self._stopped = True
        try:
            self.connection.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def run(self, executor):
        """Serves until the server says stop, or is gone."""
        if executor.is_async:
            asyncio.run(self._run_async(executor))
            return
        while True:
            self.wait(self._has_work)
            if not self._pending:
                return
            executor.execute(self._begin())

    def _has_work(self):
        return bool(self._pending) or self._stopped

    async def _run_async(self, executor):
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._loop.add_reader(self.connection.fileno(), self._drain)
        tasks = set()
        # What came before the loop began.
        self._drain()
        while True:
            await self.wait_async(self._has_work)
            if not self._pending:
                break
            task = asyncio.ensure_future(executor.execute(self._begin()))
            if executor.is_concurrent:
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            else:
                await task
        if tasks:
            await asyncio.wait(tasks)

    def _begin(self):
        number, header, body, arena = self._pending.popleft()
        batch = Batch(self, number, header, body, arena)
        self._batches[number] = batch
        return batch

    def is_cancelled(self, batch, index):
        """Nobody waits for this request's answer any more; asks the server."""
        if index in batch.cancelled or batch.number not in self._batches:
            return index in batch.cancelled
        count = batch.cancel_answers
        self.connection.send(wire.CANCEL_QUERY, batch=batch.number)
        self.wait(lambda: batch.cancel_answers > count)
        return index in batch.cancelled

    def send_response(self, batch, index, outputs):
        """Sends one response of a decoupled model's request; waits while the client is slow."""
        if batch.credit <= 0:
            self.wait(batch.has_credit)
        batch.credit -= 1
        body = wire.Body(self.outgoing)
        entries = [body.add_array(name, array) for name, array in outputs.items()]
        batch.responses_out.append(body.is_shared)
        self.connection.send(wire.RESPONSE, {"r": index, "each": [{"out": entries}]}, body.parts, body.length, batch.number)

    def finish(self, batch, results=None, failure=None):
        """Ends the batch: a dictionary of outputs, None or a Failure for each request, or one Failure for all."""
        header = {}
        body = wire.Body(self.outgoing)
        if failure is not None:
            header["err"] = failure.wire
        else:
            try:
                self._put_results(batch, results, header, body)
            except Exception as error:  # what a model gives may be anything
                header = {"err": Failure(error).wire}
                body.abandon()
                body = wire.Body(self.outgoing)
        ended = spans.SINK.take()
        if ended:
            header["spans"] = ended
        del results
        if batch.forget():
            header["kept"] = True
        with self._changed:
            self._batches.pop(batch.number, None)
            # Their credit comes after the end of the batch.
            if any(batch.responses_out):
                self._ended[batch.number] = batch
        if body.is_shared:
            header["ack"] = True
        self.connection.send(wire.DONE, header, body.parts, body.length, batch.number)

    def _put_results(self, batch, results, header, body):
        if batch.rows is not None and self._put_columns(batch, results, header, body):
            return
        each = []
        for result in results:
            if isinstance(result, Failure):
                each.append({"err": result.wire})
            elif result is None:
                each.append({"out": []})
            else:
                each.append({"out": [body.add_array(name, array) for name, array in result.items()]})
        header["each"] = each

    @staticmethod
    def _put_columns(batch, results, header, body):
        """Sends each output as one array for the whole batch, when the requests' outputs fit together."""
        first = results[0]
        if not isinstance(first, dict) or not first:
            return False
        rows = []
        count = len(results)
        columns = []
        for name, array in first.items():
            kind = wire.NAMES.get(array.dtype)
            if kind is None or array.ndim == 0:
                return False
            columns.append((name, kind, array.dtype, array.shape[1:], [array]))
            rows.append(array.shape[0])
        size = rows[0]
        if any(row != size for row in rows):
            return False
        rows = [size]
        if count > 1:
            width = len(columns)
            for result in results[1:]:
                if not isinstance(result, dict) or len(result) != width:
                    return False
                size = None
                for name, _, dtype, tail, arrays in columns:
                    array = result.get(name)
                    if array is None or array.dtype != dtype:
                        return False
                    shape = array.shape
                    if shape[1:] != tail or not shape or (size is not None and size != shape[0]):
                        return False
                    size = shape[0]
                    arrays.append(array)
                rows.append(size)
        entries = []
        for name, kind, _, tail, arrays in columns:
            length = sum(array.nbytes for array in arrays)
            if length <= wire.INLINE_LIMIT:
                parts = [array.tobytes() for array in arrays]
            else:
                parts = [np.ascontiguousarray(array) for array in arrays if array.nbytes]
            entries.append(body.add(name, kind, list(tail), parts, length))
        header["rows"] = rows
        header["out"] = entries
        return True

    # Messages beside the batches

    def log(self, level, message):
        self.connection.send(wire.LOG, {"level": level, "message": str(message)})

    def fatal(self, message):
        """Tells the server that it must not go on."""
        self.connection.send(wire.FATAL, {"message": message})

    def _span_ended(self):
        # Within a batch spans go along with its end; before many wait, at once.
        if not self._batches or len(spans.SINK._spans) >= 512:
            ended = spans.SINK.take()
            if ended:
                try:
                    self.connection.send(wire.SPANS, ended)
                except wire.Disconnected:
                    pass

    # Calls of other models

    def call(self, request, model, inputs, version=None, request_id="", outputs=(), parameters=None, stream=False):
        """Begins a call of another model as part of a request; gives a `ModelCall`."""
        with self._changed:
            self._last_call += 1
            call = ModelCall(self, self._last_call, request.batch.number)
            self._calls[call.id] = call
        body = wire.Body(self.outgoing)
        header = {"call": call.id, "r": request.index, "model": model, "in": [body.add_array(name, array) for name, array in inputs.items()]}
        if version is not None and version > 0:
            header["version"] = version
        if request_id:
            header["id"] = request_id
        if outputs:
            header["out"] = list(outputs)
        if parameters:
            header["par"] = parameters
        if stream:
            header["stream"] = True
        call.is_shared = body.is_shared
        self.connection.send(wire.CALL, header, body.parts, body.length, request.batch.number)
        return call


class CallFailed(Exception):
    """Another model failed a call."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class ModelCall:
    """A call of another model under way: its responses in order."""

    def __init__(self, session, number, batch):
        self.id = number
        self._batch = batch
        #: Its inputs lie in shared memory, and the server has not read them.
        self.is_shared = False
        self._session = session
        self._responses = []
        self.is_final = False

    def receive(self, header, body, arena):
        if self.is_shared:
            self.is_shared = False
            self._session.outgoing.hold(-1)
        error = header.get("err")
        if error is not None:
            self._responses.append(CallFailed(error["code"], error["message"]))
        elif header.get("out") or not header["final"]:
            self._responses.append({entry[0]: self._tensor(entry, body, arena) for entry in header["out"]})
        if header["final"]:
            self.is_final = True
            self._session._calls.pop(self.id, None)

    @staticmethod
    def _tensor(entry, body, arena):
        _, kind, shape, place, offset, length = entry
        if place == 1:
            # A copy: the memory is used again by later batches.
            return decode(kind, shape, bytearray(arena.view(offset, length)), 0, length)
        return decode(kind, shape, body, offset, length)

    def _is_ready(self):
        return bool(self._responses) or self.is_final

    def next(self):
        """The next response: a dictionary of arrays, a CallFailed, or None after the last."""
        self._session.wait(self._is_ready)
        return self._take()

    async def next_async(self):
        await self._session.wait_async(self._is_ready)
        return self._take()

    def _take(self):
        if not self._responses:
            return None
        response = self._responses.pop(0)
        if not self.is_final:
            self._session.connection.send(wire.CALL_CREDIT, {"call": self.id}, batch=self._batch)
        return response


def format_exception(error):
    return "".join(traceback.format_exception(type(error), error, error.__traceback__))

"""###
        ),
        (
            "spans.py",
            ###"""
"""Spans made in a worker: kept here, and sent to the server, which exports them with its own.

Works without any package. With `opentelemetry-api` the spans are OpenTelemetry's, and when the program has no tracer provider
of its own, ours is installed, so that `trace.get_tracer(__name__).start_as_current_span(...)` records.
"""

import contextlib
import contextvars
import json
import random
import threading
import time
import traceback

try:
    from opentelemetry import context as otel_context
    from opentelemetry import trace as otel_trace
except ImportError:
    otel_context = None
    otel_trace = None

#: Bounds of one span, as OpenTelemetry's SDKs have them.
MAX_ATTRIBUTES = 128
MAX_EVENTS = 128
MAX_LINKS = 128
#: Spans that wait for being sent; more are dropped and counted.
MAX_PENDING = 65_536

SCOPE = ["needletail.python", ""]


class SpanSink:
    """Keeps ended spans until the worker sends them."""

    def __init__(self):
        self._lock = threading.Lock()
        self._spans = []
        self.dropped = 0
        #: Called without a lock when a span ended; may send.
        self.on_end = None

    def add(self, span):
        with self._lock:
            if len(self._spans) >= MAX_PENDING:
                self.dropped += 1
                return
            self._spans.append(span)
        if self.on_end is not None:
            self.on_end()

    def take(self):
        if not self._spans:
            return None
        with self._lock:
            spans, self._spans = self._spans, []
        return [span.to_wire() for span in spans]


SINK = SpanSink()


def _value(value):
    if isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if value == value and value not in (float("inf"), float("-inf")) else str(value)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, (list, tuple)):
        return [_value(one) for one in value]
    return str(value)


def _pairs(attributes):
    return [[str(key), _value(value)] for key, value in (attributes or {}).items()]


class SpanContext:
    """Ids of a span, for programs without OpenTelemetry; named as there."""

    def __init__(self, trace_id, span_id, trace_flags=1, trace_state="", is_remote=False):
        self.trace_id = trace_id
        self.span_id = span_id
        self.trace_flags = trace_flags
        self.trace_state = trace_state
        self.is_remote = is_remote
        self.is_valid = trace_id != 0 and span_id != 0


def _make_context(trace_id, span_id, flags, state, is_remote=False):
    if otel_trace is None:
        return SpanContext(trace_id, span_id, flags, state, is_remote)
    return otel_trace.SpanContext(
        trace_id, span_id, is_remote, otel_trace.TraceFlags(flags), otel_trace.TraceState.from_header([state]) if state else None
    )


def parse_traceparent(text, state=""):
    """A context from the server's own `traceparent`."""
    _, trace_id, span_id, flags = text.split("-")
    return _make_context(int(trace_id, 16), int(span_id, 16), int(flags, 16), state, is_remote=True)


class _Recording:
    """A span under way."""

    def __init__(self, name, context, parent_id, kind=0, attributes=None, links=None, start_time=None, scope=SCOPE, state=""):
        self.name = name
        self._context = context
        self.parent_id = parent_id
        self._kind = kind
        self._attributes = {}
        self._dropped_attributes = 0
        self._events = []
        self._dropped_events = 0
        self._links = []
        self._start = start_time or time.time_ns()
        self._end = None
        self._code = 0
        self._message = ""
        self._scope = scope
        self._state = state
        #: The span of the request that this one belongs to.
        self.root = None
        if attributes:
            self.set_attributes(attributes)
        for link in links or ():
            self.add_link(link.context, link.attributes)

    @property
    def context(self):
        return self._context

    def get_span_context(self):
        return self._context

    def is_recording(self):
        return self._end is None

    def set_attribute(self, key, value):
        if self._end is None:
            if key not in self._attributes and len(self._attributes) >= MAX_ATTRIBUTES:
                self._dropped_attributes += 1
            else:
                self._attributes[key] = value

    def set_attributes(self, attributes):
        for key, value in attributes.items():
            self.set_attribute(key, value)

    def add_event(self, name, attributes=None, timestamp=None):
        if self._end is not None:
            return
        if len(self._events) >= MAX_EVENTS:
            self._dropped_events += 1
            return
        self._events.append([timestamp or time.time_ns(), name, _pairs(attributes)])

    def add_link(self, context, attributes=None):
        if self._end is None and len(self._links) < MAX_LINKS and context is not None and context.is_valid:
            self._links.append([f"{context.trace_id:032x}", f"{context.span_id:016x}", _pairs(attributes)])

    def update_name(self, name):
        if self._end is None:
            self.name = name

    def set_status(self, status, description=None):
        if self._end is not None or self._code == 1:
            return
        code = getattr(status, "status_code", status)
        text = getattr(status, "description", None) or description
        number = {"UNSET": 0, "OK": 1, "ERROR": 2}.get(getattr(code, "name", str(code)), 0)
        if number == 0:
            return
        self._code = number
        self._message = (text or "") if number == 2 else ""

    def record_exception(self, exception, attributes=None, timestamp=None, escaped=False):
        facts = exception_attributes(exception)
        facts["exception.escaped"] = str(bool(escaped))
        facts.update(attributes or {})
        self.add_event("exception", facts, timestamp)

    def fail(self, exception):
        """Status and event of what an operation raised, as OpenTelemetry's `use_span` does it."""
        self.record_exception(exception)
        self.set_status("ERROR", f"{type(exception).__name__}: {exception}")

    def end(self, end_time=None):
        if self._end is None:
            self._end = max(end_time or time.time_ns(), self._start)
            SINK.add(self)

    def __enter__(self):
        return self

    def __exit__(self, kind, exception, trace):
        if exception is not None and self.is_recording():
            self.fail(exception)
        self.end()

    def to_wire(self):
        context = self._context
        span = {
            "n": self.name, "t": f"{context.trace_id:032x}", "s": f"{context.span_id:016x}", "st": self._start, "en": self._end,
            "k": self._kind + 1, "f": int(context.trace_flags), "sc": self._scope,
        }
        if self.parent_id:
            span["p"] = f"{self.parent_id:016x}"
        if self._state:
            span["ts"] = self._state
        if self._attributes:
            span["a"] = _pairs(self._attributes)
        if self._dropped_attributes:
            span["da"] = self._dropped_attributes
        if self._events:
            span["e"] = self._events
        if self._dropped_events:
            span["de"] = self._dropped_events
        if self._links:
            span["l"] = self._links
        if self._code:
            span["c"] = self._code
        if self._message:
            span["m"] = self._message
        return span


def exception_attributes(exception):
    kind = type(exception)
    name = kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__qualname__}"
    return {
        "exception.type": name,
        "exception.message": str(exception),
        "exception.stacktrace": "".join(traceback.format_exception(kind, exception, exception.__traceback__)),
    }


if otel_trace is None:

    class Span(_Recording):
        pass

else:

    class Span(_Recording, otel_trace.Span):
        pass


_random = random.SystemRandom()
_ids = random.Random(_random.getrandbits(128))


def _new_id():
    value = 0
    while value == 0:
        value = _ids.getrandbits(64)
    return value


def start_child(name, parent, kind=0, attributes=None, links=None, start_time=None, scope=SCOPE, root=None):
    """A recording span below a context that is sampled."""
    state = parent.trace_state
    text = state.to_header() if hasattr(state, "to_header") else (state or "")
    context = _make_context(parent.trace_id, _new_id(), int(parent.trace_flags), text)
    span = Span(name, context, parent.span_id, kind, attributes, links, start_time, scope, text)
    span.root = root or context.span_id
    return span


# The current span of programs without OpenTelemetry.
_current = contextvars.ContextVar("needletail_span", default=None)


@contextlib.contextmanager
def current(span):
    """Makes a span the current one."""
    if otel_trace is not None:
        token = otel_context.attach(otel_trace.set_span_in_context(span))
        try:
            yield span
        finally:
            otel_context.detach(token)
    else:
        token = _current.set(span)
        try:
            yield span
        finally:
            _current.reset(token)


@contextlib.contextmanager
def within(context):
    """Makes the context of a request the current one, so that OpenTelemetry's spans become its children."""
    if context is None or otel_trace is None:
        yield
        return
    user_tracer()
    token = otel_context.attach(otel_trace.set_span_in_context(otel_trace.NonRecordingSpan(context)))
    try:
        yield
    finally:
        otel_context.detach(token)


def current_span():
    if otel_trace is not None:
        return otel_trace.get_current_span()
    return _current.get()


@contextlib.contextmanager
def child_of(parent, name, **options):
    """A span around a block, below `parent` or, inside another block, below that one's."""
    now = current_span()
    above = now if getattr(now, "root", None) == parent.root else parent
    span = start_child(name, above.get_span_context(), root=parent.root, **options)
    with current(span):
        try:
            yield span
        except BaseException as error:
            span.fail(error)
            raise
        finally:
            span.end()


if otel_trace is not None:

    class Tracer(otel_trace.Tracer):
        """Records below sampled parents; a span without one is not recorded."""

        def __init__(self, name, version):
            self._scope = [name or "", version or ""]

        def start_span(
            self, name, context=None, kind=otel_trace.SpanKind.INTERNAL, attributes=None, links=None, start_time=None,
            record_exception=True, set_status_on_exception=True,
        ):
            above = otel_trace.get_current_span(context)
            parent = above.get_span_context()
            if not parent.is_valid or not parent.trace_flags & 1:
                return otel_trace.NonRecordingSpan(parent)
            return start_child(name, parent, kind.value, attributes, links, start_time, self._scope, getattr(above, "root", None))

        @contextlib.contextmanager
        def start_as_current_span(
            self, name, context=None, kind=otel_trace.SpanKind.INTERNAL, attributes=None, links=None, start_time=None,
            record_exception=True, set_status_on_exception=True, end_on_exit=True,
        ):
            span = self.start_span(name, context, kind, attributes, links, start_time)
            with otel_trace.use_span(
                span, end_on_exit=end_on_exit, record_exception=record_exception, set_status_on_exception=set_status_on_exception
            ):
                yield span

    class TracerProvider(otel_trace.TracerProvider):
        """Its spans go to the inference server."""

        def get_tracer(self, instrumenting_module_name, instrumenting_library_version=None, schema_url=None, attributes=None):
            return Tracer(instrumenting_module_name, instrumenting_library_version)

    _provider = TracerProvider()


def user_tracer():
    """The tracer of a provider that the program has set up itself; None when its spans are ours to make.

    The first call installs our provider where there is none.
    """
    if otel_trace is None:
        return None
    from needletail.proxy import telemetry
    if telemetry.get_telemetry_tracer() is not None:
        return telemetry.get_telemetry_tracer()
    provider = otel_trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        return None
    if isinstance(provider, otel_trace.ProxyTracerProvider):
        otel_trace.set_tracer_provider(_provider)
        return None
    if isinstance(provider, otel_trace.NoOpTracerProvider):
        return None
    return provider.get_tracer("needletail.python")


def start_request_span(name, context):
    """The span of one traced request in this process."""
    tracer = user_tracer()
    if tracer is None:
        return start_child(name, context)
    parent = otel_trace.set_span_in_context(otel_trace.NonRecordingSpan(context))
    return tracer.start_span(name, context=parent)


def traceparent(context):
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


def carrier(context):
    """What Triton's `request.trace().get_context()` gives: JSON with traceparent and tracestate."""
    state = context.trace_state
    text = state.to_header() if hasattr(state, "to_header") else state
    headers = {"traceparent": traceparent(context)}
    if text:
        headers["tracestate"] = text
    return json.dumps(headers)

"""###
        ),
        (
            "triton.py",
            ###"""
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

"""###
        ),
        (
            "tritonpython.py",
            ###"""
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

"""###
        ),
        (
            "validators.py",
            ###"""
"""Checks of what a callable gives, with PyTriton's messages."""

import numpy as np

_KINDS = "biufOSU"


def validate(config, outputs_by_name, responses, count, strict):
    """Checks the responses of one list of requests.

    Raises:
        ValueError: says what is wrong.
    """
    name = config.model_name
    if not isinstance(responses, list):
        raise ValueError(
            f"Outputs returned by `{name}` model callable must be list of response dicts with numpy arrays. "
            f"Got outputs={responses} instead."
        )
    if len(responses) != count:
        raise ValueError(
            f"Number of outputs returned by `{name}` inference callable ({len(responses)}) "
            f"does not match number of requests ({count}) received from Triton."
        )
    for response in responses:
        if not isinstance(response, dict):
            raise ValueError(
                f"Outputs returned by `{name}` model callable must be list of response dicts with numpy arrays. "
                f"Got response={response} instead."
            )
        for key, value in response.items():
            if type(value) is not np.ndarray or type(key) is not str or value.dtype.kind not in "biuf":
                _check_value(name, key, value)
            if strict:
                _check_declared(config, outputs_by_name, key, value)


def _check_value(model, name, value):
    if not isinstance(name, str):
        raise ValueError(f"Not all keys returned by `{model}` model callable are string")
    if not isinstance(value, np.ndarray):
        raise ValueError(f"Not all values returned by `{model}` model callable are numpy arrays")
    if value.dtype.kind not in _KINDS:
        raise ValueError(
            f"Only bool, numeric, string, unicode and object arrays are supported by Triton (dtype.kind: {_KINDS}). "
            f"Returned `{name}` for model `{model}` has `{value.dtype.kind}` dtype.kind."
        )
    if value.dtype.kind == "O" and value.size:
        first = value.item(0)
        if isinstance(first, str):
            raise ValueError(f"Use string/byte-string instead of object for passing string in NumPy array from model `{model}`.")
        if not isinstance(first, bytes):
            raise ValueError(
                f"Only bytes as objects dtype are supported by PyTriton. Returned `{name}` from `{model}` has `{type(first)}` type."
            )


def _check_declared(config, outputs_by_name, name, value):
    declared = outputs_by_name.get(name)
    model = config.model_name
    if declared is None:
        raise ValueError(f"Returned output `{name}` is not defined in model config for model `{model}`.")
    is_text = value.dtype.kind in "OSU"
    if (not is_text and not np.issubdtype(value.dtype, declared.dtype)) or (
        is_text and declared.dtype not in (bytes, object, np.bytes_, np.object_)
    ):
        raise ValueError(
            f"Returned output `{name}` for model `{model}` has invalid type. "
            f"Returned: {value.dtype} ({value.dtype.kind}). Expected: {declared.dtype}."
        )
    shape = value.shape[1:] if config.batching else value.shape
    if len(shape) != len(declared.shape):
        raise ValueError(
            f"Returned output `{name}` for model `{model}` has invalid shapes. Returned: {shape}. Expected: {declared.shape}."
        )
    if any(actual != expected != -1 for actual, expected in zip(shape, declared.shape)):
        raise ValueError(
            f"Returned output `{name}` for model `{model}` has invalid shapes at one or more positions. "
            f"Returned: {shape}. Expected: {declared.shape}."
        )

"""###
        ),
        (
            "wire.py",
            ###"""
"""The socket between a worker and the server: docs/python-workers.md."""

import array
import json
import mmap
import os
import select
import socket
import struct
import threading

import numpy as np

PROTOCOL_VERSION = 1

# From the server.
WELCOME, EXECUTE, CREDIT, CANCEL, CALL_RESPONSE, CANCEL_ANSWER, STOP, ARENA, BOUND = range(1, 10)
# From the worker.
HELLO, READY, FAILED, RESPONSE, DONE, CALL, LOG, SPANS, CANCEL_QUERY, CALL_CREDIT, FATAL = range(32, 43)

_PREFIX = struct.Struct("<IIB3xI")
#: How many open files come along with a frame.
_DESCRIPTORS = {WELCOME: 2, ARENA: 1}
_CHUNK = 256 << 10
#: Tensors of up to so many bytes travel behind the header.
INLINE_LIMIT = 32 << 10
#: A body grows to about this before further tensors go through shared memory.
INLINE_BODY_LIMIT = 96 << 10
#: Memory that an idle worker keeps for outputs.
KEPT_SIZE = 64 << 20
_ALIGNMENT = 64

_TYPES = {
    "BOOL": np.bool_, "UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64,
    "INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64,
    "FP16": np.float16, "FP32": np.float32, "FP64": np.float64,
}
DTYPES = {name: np.dtype(dtype) for name, dtype in _TYPES.items()}
NAMES = {dtype: name for name, dtype in DTYPES.items()}


class Disconnected(Exception):
    """The server is gone."""


def type_name(dtype):
    """KServe's name of a numpy type; None when it has none."""
    name = NAMES.get(dtype)
    if name is None and dtype.kind in "OSU":
        return "BYTES"
    if name is None:
        return NAMES.get(dtype.newbyteorder("="))
    return name


def encode_bytes(values):
    """An array of strings as Triton's BYTES: each element a 32-bit length and its bytes."""
    parts = []
    for value in values.ravel(order="C").tolist():
        if isinstance(value, str):
            value = value.encode()
        elif not isinstance(value, bytes):
            value = str(value).encode()
        parts.append(struct.pack("<I", len(value)))
        parts.append(value)
    return b"".join(parts)


def decode_bytes(data, shape):
    """The reverse: an array of `bytes` objects."""
    values, position, end = [], 0, len(data)
    data = bytes(data)
    while position < end:
        (length,) = struct.unpack_from("<I", data, position)
        position += 4
        values.append(data[position:position + length])
        position += length
    result = np.empty(len(values), dtype=np.object_)
    result[:] = values
    return result.reshape(shape)


class Arena:
    """Shared memory that the server reads or writes; see "Shared memory"."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self._map = None
        self._size = 0

    def view(self, offset, length):
        """A writable array of bytes over a part of it."""
        if offset + length > self._size:
            self._size = os.fstat(self.descriptor).st_size
            self._map = mmap.mmap(self.descriptor, self._size)
        return np.frombuffer(self._map, dtype=np.uint8, count=length, offset=offset)

    def close(self):
        os.close(self.descriptor)
        self._map = None


class Outgoing:
    """Places the tensors of messages from the worker: small ones in the message, others in shared memory."""

    def __init__(self, arena, maximum):
        self.arena = arena
        self._maximum = maximum
        self._used = 0
        self._high = 0
        self._in_flight = 0
        self._lock = threading.Lock()

    def hold(self, count=1):
        """Messages are on their way whose tensors must stay (negative: they have been read)."""
        with self._lock:
            self._in_flight += count
            if self._in_flight <= 0:
                self._in_flight = 0
                self._used = 0
                if self._high > KEPT_SIZE:
                    os.ftruncate(self.arena.descriptor, KEPT_SIZE)
                    self._high = 0

    def put(self, buffers, length):
        """Writes buffers one behind the other; None when the system has no room."""
        with self._lock:
            start = self._used
            if start + length > self._maximum:
                return None
            self._used = (start + length + _ALIGNMENT - 1) // _ALIGNMENT * _ALIGNMENT
            self._high = max(self._high, self._used)
        position = start
        try:
            for buffer in buffers:
                view = memoryview(buffer).cast("B") if not isinstance(buffer, (bytes, bytearray)) else memoryview(buffer)
                while len(view):
                    count = os.pwrite(self.arena.descriptor, view, position)
                    position += count
                    view = view[count:]
        except OSError:
            return None
        return start


class Body:
    """The tensors of one message under construction."""

    def __init__(self, outgoing):
        self._outgoing = outgoing
        self.parts = []
        self.length = 0
        self.is_shared = False

    def add(self, name, type_name, shape, buffers, length):
        """Returns the tensor's description for the header."""
        if length > INLINE_LIMIT or self.length + length > INLINE_BODY_LIMIT:
            if not self.is_shared:
                # Until the server has read this message its memory is not given out again.
                self.is_shared = True
                self._outgoing.hold()
            offset = self._outgoing.put(buffers, length)
            if offset is not None:
                return [name, type_name, shape, 1, offset, length]
        offset = self.length
        self.parts.extend(buffers)
        self.length += length
        return [name, type_name, shape, 0, offset, length]

    def abandon(self):
        """The message is not sent."""
        if self.is_shared:
            self._outgoing.hold(-1)

    def add_array(self, name, array):
        """Adds one tensor with all its axes."""
        kind = type_name(array.dtype)
        if kind is None:
            raise ValueError(f"output '{name}' has the numpy type {array.dtype}, for which there is no tensor type")
        if kind == "BYTES":
            data = encode_bytes(array)
        else:
            data = array.astype(DTYPES[kind], copy=False).tobytes() if array.nbytes <= INLINE_LIMIT else np.ascontiguousarray(array, DTYPES[kind])
        length = len(data) if isinstance(data, bytes) else data.nbytes
        return self.add(name, kind, list(array.shape), [data], length)


class Connection:
    """Sends and receives frames. Any thread sends; whoever waits for a message reads for all (`pump_until`)."""

    def __init__(self, sock):
        self.socket = sock
        self._buffer = bytearray(_CHUNK)
        self._view = memoryview(self._buffer)
        self._start = 0
        self._end = 0
        self._descriptors = []
        self._send_lock = threading.Lock()

    def fileno(self):
        return self.socket.fileno()

    def send(self, kind, header=None, parts=(), length=0, batch=0):
        text = b"" if header is None else header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
        message = [_PREFIX.pack(len(text), length, kind, batch), text]
        message.extend(parts)
        data = b"".join(message)
        with self._send_lock:
            try:
                self.socket.sendall(data)
            except OSError as error:
                raise Disconnected(str(error)) from error

    def has_input(self):
        """A frame, or its begin, is there already."""
        return self._end > self._start or bool(select.select([self.socket], [], [], 0)[0])

    def receive(self):
        """The next frame: kind, batch, header, body, descriptors that came along."""
        while True:
            available = self._end - self._start
            if available >= 16:
                header_length, body_length, kind, batch = _PREFIX.unpack_from(self._buffer, self._start)
                total = 16 + header_length + body_length
                if available >= total:
                    start = self._start + 16
                    header = json.loads(str(self._view[start:start + header_length], "utf-8")) if header_length else None
                    body = bytearray(self._view[start + header_length:start + header_length + body_length]) if body_length else b""
                    self._start += total
                    if self._start == self._end:
                        self._start = self._end = 0
                    # They come with the bytes that they were sent with, or earlier ones.
                    count = _DESCRIPTORS.get(kind, 0)
                    descriptors, self._descriptors = self._descriptors[:count], self._descriptors[count:]
                    return kind, batch, header, body, descriptors
                self._make_room(total)
            self._read()

    def _make_room(self, total):
        if self._start + total <= len(self._buffer):
            return
        rest = bytes(self._view[self._start:self._end])
        if total > len(self._buffer):
            self._view.release()
            self._buffer = bytearray(max(total, _CHUNK))
            self._view = memoryview(self._buffer)
        self._view[:len(rest)] = rest
        self._start, self._end = 0, len(rest)

    def _read(self):
        if self._end == len(self._buffer):
            self._make_room(self._end - self._start + _CHUNK)
        try:
            count, control, _, _ = self.socket.recvmsg_into([self._view[self._end:]], 256)
        except OSError as error:
            raise Disconnected(str(error)) from error
        if count == 0:
            raise Disconnected("the server closed the connection")
        for level, kind, data in control:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors = array.array("i")
                descriptors.frombytes(data[:len(data) - len(data) % descriptors.itemsize])
                for descriptor in descriptors:
                    os.set_inheritable(descriptor, False)
                    self._descriptors.append(descriptor)
        self._end += count

"""###
        ),
        (
            "worker.py",
            ###"""
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

"""###
        ),
    ]
}
