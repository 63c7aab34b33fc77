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
