/// How Python workers are run.
package struct PythonSettings: Hashable, Sendable {
    /// The interpreter; `nil`: ``defaultExecutable(_:)``.
    package var executable: String?
    /// The folder that holds the package `needletail`; `nil`: the one that this program brings along.
    package var packagePath: String?
    /// The longest time from starting a worker until it is ready.
    package var startTimeout: Duration
    /// The longest time that one batch takes; a worker that takes longer is ended and started again. `nil`: no limit.
    package var batchTimeout: Duration?
    /// How long a worker may finish when it is stopped; then it is ended by force.
    package var stopTimeout: Duration
    /// Bytes of shared memory of one worker, each for inputs and for outputs; larger batches travel through the socket.
    package var maxSharedMemory: Int
    /// The longest pause before a worker that fails again and again is started again.
    package var maxRestartDelay: Duration

    package init(
        executable: String? = nil,
        packagePath: String? = nil,
        startTimeout: Duration = .seconds(120),
        batchTimeout: Duration? = nil,
        stopTimeout: Duration = .seconds(5),
        maxSharedMemory: Int = 1 << 30,
        maxRestartDelay: Duration = .seconds(30)
    ) {
        self.executable = executable
        self.packagePath = packagePath
        self.startTimeout = startTimeout
        self.batchTimeout = batchTimeout
        self.stopTimeout = stopTimeout
        self.maxSharedMemory = maxSharedMemory
        self.maxRestartDelay = maxRestartDelay
    }

    /// `NEEDLETAIL_PYTHON`, or the interpreter of the virtual environment that is active, or `python3`.
    package static func defaultExecutable(_ environment: [String: String]) -> String {
        if let path = environment["NEEDLETAIL_PYTHON"], !path.isEmpty { return path }
        if let folder = environment["VIRTUAL_ENV"], !folder.isEmpty { return folder + "/bin/python" }
        return "python3"
    }
}
