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
