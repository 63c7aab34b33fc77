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
