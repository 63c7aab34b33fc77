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
