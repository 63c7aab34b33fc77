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
