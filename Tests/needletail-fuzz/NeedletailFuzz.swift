import Foundation
import FuzzSupport

/// Feeds every decoder and parser with damaged input, each in a process of its own, one for each processor at a time.
///
/// Ends with 1 when something was found. The input that is being fed lies in `fuzz-NAME.input`, so that one which ends the process is
/// not lost; it stays there when something was found, and `--replay` feeds it again.
@main
enum NeedletailFuzz {
    static let targets = WireFuzzTargets.all + ParserFuzzTargets.all

    static let usage = """
        usage: needletail-fuzz [--seconds N] [--seed N] [--jobs N] [--folder FOLDER] [NAME…]
               needletail-fuzz --replay FILE NAME
               needletail-fuzz --list
        """

    static func main() {
        let options = FuzzOptions(CommandLine.arguments.dropFirst()) { fail("\($0)\n\(usage)", code: 2) }
        if options.listsTargets { return targets.forEach { print($0.name) } }
        for name in options.names where !targets.contains(where: { $0.name == name }) { fail("no target has the name \(name); --list tells them", code: 2) }
        let chosen = targets.filter { options.names.isEmpty || options.names.contains($0.name) }
        if let file = options.replay { return replay(file, chosen) }
        if options.isChild { return chosen.forEach { run($0, options) } }
        let failed = FuzzProcesses(options: options).run(chosen.map(\.name))
        if !failed.isEmpty { fail("something was found in \(failed.joined(separator: ", "))", code: 1) }
    }

    /// In a process of its own.
    private static func run(_ target: FuzzTarget, _ options: FuzzOptions) {
        let path = options.input(of: target.name)
        guard let file = fopen(path, "w") else { fail("\(path) cannot be written: \(String(cString: strerror(errno)))", code: 2) }
        var driver = FuzzDriver(seed: options.seed) { input in
            // Into the same file: the kernel has it, whatever becomes of this process.
            rewind(file)
            fwrite(input, 1, input.count, file)
            fflush(file)
            ftruncate(fileno(file), off_t(input.count))
        }
        let finding = driver.run(target, for: .seconds(options.seconds))
        fclose(file)
        if let finding {
            fail("\(target.name): \(finding.reason), after \(driver.inputs) inputs, seed \(options.seed). \(options.advice(target.name))", code: FuzzProcesses.foundCode)
        }
        unlink(path)
        print("\(target.name): \(driver.inputs) inputs in \(options.seconds) s, seed \(options.seed): nothing found")
    }

    private static func replay(_ path: String, _ chosen: [FuzzTarget]) {
        guard chosen.count == 1, let target = chosen.first else { fail("--replay needs the name of one target", code: 2) }
        guard let bytes = FileManager.default.contents(atPath: path) else { fail("\(path) cannot be read", code: 2) }
        if let reason = target.check([UInt8](bytes)) { fail("\(target.name): \(reason)", code: 1) }
        print("\(target.name): nothing is wrong with \(path)")
    }

    static func fail(_ message: String, code: Int32) -> Never {
        FileHandle.standardError.write(Data((message + "\n").utf8))
        exit(code)
    }
}
