internal import Foundation
internal import FuzzSupport

/// Feeds every decoder and parser with damaged input: `needletail-fuzz [--seconds N] [--seed N] [--list] [NAME…]`.
///
/// The input that is being fed lies in `fuzz-NAME.input` in the current folder, so that one which ends the process is not lost.
@main
enum NeedletailFuzz {
    static func main() {
        var seconds = 20
        var seed: UInt64 = 1
        var names: [String] = []
        var arguments = CommandLine.arguments.dropFirst()
        while let argument = arguments.popFirst() {
            switch argument {
            case "--seconds": seconds = arguments.popFirst().flatMap { Int($0) } ?? seconds
            case "--seed": seed = arguments.popFirst().flatMap { UInt64($0) } ?? seed
            case "--list": return WireFuzzTargets.all.forEach { print($0.name) }
            default: names.append(argument)
            }
        }
        let targets = WireFuzzTargets.all.filter { names.isEmpty || names.contains($0.name) }
        guard !targets.isEmpty else { fail("no target of that name; --list tells them") }
        for target in targets {
            let path = "fuzz-\(target.name).input"
            guard let file = fopen(path, "w") else { fail("\(path) cannot be written") }
            var driver = FuzzDriver(seed: seed) { input in
                // Into the same file: the kernel has it, whatever becomes of this process.
                rewind(file)
                fwrite(input, 1, input.count, file)
                fflush(file)
                ftruncate(fileno(file), off_t(input.count))
            }
            let finding = driver.run(target, for: .seconds(seconds))
            fclose(file)
            if let finding { fail("\(target.name): \(finding)") }
            unlink(path)
            print("\(target.name): \(driver.inputs) inputs in \(seconds) s, seed \(seed): nothing found")
        }
    }

    private static func fail(_ message: String) -> Never {
        FileHandle.standardError.write(Data((message + "\n").utf8))
        exit(1)
    }
}
