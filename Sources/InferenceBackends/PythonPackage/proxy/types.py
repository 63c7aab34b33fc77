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
