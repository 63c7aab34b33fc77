public import TraceModel

/// `container.id`, from what Linux tells of this process's control groups and mounts.
///
/// With control groups version 1, and version 2 seen from outside of a namespace, the id is part of the group's path, in the
/// manner of Docker, containerd, CRI-O, Podman, Kubernetes or ECS. Otherwise Docker, CRI-O and Podman mount files of
/// the container's folder; containerd's mounts name the pod's sandbox, so that nothing is told then.
public struct ContainerDetector: ResourceDetector {
    public let name = "container"
    let files: SystemFiles

    public init() { self.init(files: .live) }

    init(files: SystemFiles) { self.files = files }

    public func detect() -> [Attribute] {
        let id = files.read("/proc/self/cgroup").flatMap(Self.id(cgroup:)) ?? files.read("/proc/self/mountinfo").flatMap(Self.id(mountinfo:))
        return id.map { [Attribute("container.id", .string($0))] } ?? []
    }

    /// Hexadecimal digits of an id.
    private static let length = 64

    /// Reads `/proc/self/cgroup`, lines of `number:controllers:path` (cgroups(7)).
    static func id(cgroup: String) -> String? {
        for line in cgroup.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3, let last = fields[2].split(separator: "/").last else { continue }
            // Podman's monitor has a group of its own, named after the container that it watches.
            if last.hasPrefix("libpod-conmon-") || last.hasPrefix("crio-conmon-") { continue }
            // `<id>`, `docker-<id>.scope`, `cri-containerd:<id>`, `libpod-<id>.scope/container`.
            if let id = fields[2].split(separator: "/").reversed().lazy.compactMap(id(in:)).first { return id }
            if let id = taskID(last) { return id }
        }
        return nil
    }

    /// Reads `/proc/self/mountinfo` (proc_pid_mountinfo(5)): field 4 is the mounted folder or file, field 5 where it is mounted.
    static func id(mountinfo: String) -> String? {
        // CRI-O mounts the name and the resolver of the pod's sandbox: files of the container come first.
        let preference = ["/run/.containerenv", "/run/secrets", "/etc/hostname", "/etc/resolv.conf", "/etc/hosts"]
        var best: (rank: Int, id: String)?
        for line in mountinfo.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count >= 5, let rank = preference.firstIndex(of: String(fields[4])), rank < best?.rank ?? .max else { continue }
            let parts = fields[3].split(separator: "/")
            for (folder, part) in zip(parts, parts.dropFirst()) where folder == "containers" || folder == "overlay-containers" {
                if part.utf8.count == length, let id = id(in: part) { best = (rank, id) }
            }
        }
        return best?.id
    }

    /// The run of 64 hexadecimal digits in a part of a path.
    private static func id(in part: Substring) -> String? {
        var run: [UInt8] = []
        for byte in part.utf8 {
            if Hex.value(of: byte) != nil {
                run.append(byte)
            } else {
                if run.count == length { break }
                run = []
            }
        }
        return run.count == length ? String(decoding: run, as: UTF8.self).lowercased() : nil
    }

    /// ECS on Fargate: 32 hexadecimal digits of the task, `-`, and a number.
    private static func taskID(_ part: Substring) -> String? {
        let halves = part.split(separator: "-", omittingEmptySubsequences: false)
        guard halves.count == 2, halves[0].utf8.count == 32, halves[0].utf8.allSatisfy({ Hex.value(of: $0) != nil }),
            (1...20).contains(halves[1].utf8.count), halves[1].utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return String(part)
    }
}
