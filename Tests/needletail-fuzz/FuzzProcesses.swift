import Foundation
import Synchronization

/// A process for each target, so that one which traps or hangs ends no other.
struct FuzzProcesses: Sendable {
    /// A process ends so when it has told what it found.
    static let foundCode: Int32 = 3
    /// A process that needs so much longer than it was told hangs.
    private static let patience: Duration = .seconds(60)

    let options: FuzzOptions

    /// Runs all, a few at a time.
    ///
    /// - Returns: those in which something was found.
    func run(_ names: [String]) -> [String] {
        let waiting = Mutex(names[...])
        let failed = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: min(options.jobs, names.count)) { _ in
            while let name = waiting.withLock({ $0.popFirst() }) {
                guard let complaint = run(name) else { continue }
                failed.withLock { $0.append(name) }
                if !complaint.isEmpty { FileHandle.standardError.write(Data("\(name): \(complaint), seed \(options.seed). \(options.advice(name))\n".utf8)) }
            }
        }
        return failed.withLock { $0.sorted() }
    }

    /// What is wrong; empty when the process has said so, `nil` when nothing was found.
    private func run(_ name: String) -> String? {
        let process = Process()
        process.executableURL = Bundle.main.executableURL
        process.arguments = ["--child", "--seconds", "\(options.seconds)", "--seed", "\(options.seed)", "--folder", options.folder, name]
        do {
            try process.run()
        } catch {
            return "the process could not be started: \(error)"
        }
        let end = ContinuousClock.now + .seconds(options.seconds) + Self.patience
        while process.isRunning {
            guard ContinuousClock.now < end else {
                kill(process.processIdentifier, SIGKILL)
                process.waitUntilExit()
                return "an input is not done after \(Self.patience)"
            }
            usleep(20_000)
        }
        switch (process.terminationReason, process.terminationStatus) {
        case (.exit, 0): return nil
        case (.exit, Self.foundCode): return ""
        case (.exit, let status): return "the process ended with \(status)"
        case (_, let signal): return "the process was ended by signal \(signal) (\(String(cString: strsignal(signal))))"
        }
    }
}
