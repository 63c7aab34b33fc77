/// The files of the Python package, embedded by the build.
enum PythonPackageFiles {
    /// Path within the package, and content.
    static let all: [(path: String, content: [UInt8])] = [
        ("__init__.py", PackageResources.__init___py),
        ("callables.py", PackageResources.callables_py),
        ("declaring.py", PackageResources.declaring_py),
        ("decorators.py", PackageResources.decorators_py),
        ("exceptions.py", PackageResources.exceptions_py),
        ("model_config.py", PackageResources.model_config_py),
        ("proxy/telemetry.py", PackageResources.telemetry_py),
        ("proxy/types.py", PackageResources.types_py),
        ("session.py", PackageResources.session_py),
        ("spans.py", PackageResources.spans_py),
        ("triton.py", PackageResources.triton_py),
        ("tritonpython.py", PackageResources.tritonpython_py),
        ("validators.py", PackageResources.validators_py),
        ("wire.py", PackageResources.wire_py),
        ("worker.py", PackageResources.worker_py),
    ]
}
