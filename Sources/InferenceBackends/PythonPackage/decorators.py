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
