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
