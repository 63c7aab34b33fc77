@testable import NeedletailTracing
import Testing
import TraceModel

@Suite("Resource detectors")
struct ResourceDetectorTests {
    static let id = "3f1e2d4c5b6a79880123456789abcdef00112233445566778899aabbccddeeff"
    static let other = "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"

    private func files(_ contents: [String: String]) -> SystemFiles { SystemFiles { contents[$0] } }

    // MARK: Container

    @Test(
        "The container id is found in control groups of all kinds",
        arguments: [
            "12:pids:/docker/\(id)\n11:cpu,cpuacct:/docker/\(id)\n1:name=systemd:/docker/\(id)\n0::/system.slice/containerd.service\n",
            "0::/system.slice/docker-\(id).scope\n",
            "11:memory:/kubepods/besteffort/pod8d5c2b3e-1f7a-4a8e-9a41-2c0f0c1a2b3c/\(id)\n",
            "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod8d5c.slice/cri-containerd-\(id).scope\n",
            "1:name=systemd:/system.slice/containerd.service/kubepods-burstable-pod1.slice:cri-containerd:\(id)\n",
            "0::/kubepods.slice/kubepods-pod8d.slice/crio-\(id).scope\n",
            "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-\(id).scope/container\n",
            "9:perf_event:/ecs/55091c13-b8cf-4801-b527-f4601742204d/\(id)\n",
            "1:cpu:/\n2:memory:/docker/\(id)\n",
            "0::/../../kubepods-besteffort.slice/cri-containerd-\(id.uppercased()).scope",
        ]
    )
    func cgroup(text: String) {
        #expect(ContainerDetector(files: files(["/proc/self/cgroup": text])).detect() == [Attribute("container.id", .string(Self.id))])
    }

    @Test("Fargate's task id counts")
    func fargate() {
        let text = "1:cpu:/ecs/447438d4540e4bd8a8a0f0e3c4b6a5d2/447438d4540e4bd8a8a0f0e3c4b6a5d2-2531612879\n"
        #expect(ContainerDetector.id(cgroup: text) == "447438d4540e4bd8a8a0f0e3c4b6a5d2-2531612879")
    }

    @Test(
        "The container id is found in mounts, where the group is a namespace's",
        arguments: [
            "678 655 254:1 /docker/containers/\(id)/resolv.conf /etc/resolv.conf rw,relatime - ext4 /dev/vda1 rw\n"
                + "679 655 254:1 /docker/containers/\(id)/hostname /etc/hostname rw,relatime - ext4 /dev/vda1 rw\n",
            "983 961 0:56 /containers/overlay-containers/\(id)/userdata/hostname /etc/hostname rw,nosuid - tmpfs tmpfs rw\n",
            // CRI-O: the host name is the sandbox's.
            "901 8 0:24 /containers/storage/overlay-containers/\(other)/userdata/hostname /etc/hostname rw - tmpfs tmpfs rw\n"
                + "902 8 0:24 /containers/storage/overlay-containers/\(id)/userdata/run/secrets /run/secrets rw - tmpfs tmpfs rw\n",
        ]
    )
    func mountinfo(text: String) {
        let detector = ContainerDetector(files: files(["/proc/self/cgroup": "0::/\n", "/proc/self/mountinfo": text]))
        #expect(detector.detect() == [Attribute("container.id", .string(Self.id))])
    }

    @Test(
        "Outside of a container, and where only the pod's sandbox is known, there is no id",
        arguments: [
            ["/proc/self/cgroup": "0::/user.slice/user-1000.slice/session-2.scope\n"],
            ["/proc/self/cgroup": "0::/system.slice/libpod-conmon-\(id).scope\n"],
            ["/proc/self/cgroup": "garbage\n:::\n0::/docker/\(id)ff\n"],
            [
                "/proc/self/cgroup": "0::/\n",
                "/proc/self/mountinfo":
                    "700 690 259:1 /var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/\(id)/hostname /etc/hostname rw - ext4 /dev/sda rw\n",
            ],
            ["/proc/self/cgroup": "0::/\n", "/proc/self/mountinfo": "1 2\n\n24 1 8:1 /srv/docker/containers/\(id)/data /data rw - ext4 x rw\n"],
            [:],
        ]
    )
    func noContainer(contents: [String: String]) {
        #expect(ContainerDetector(files: files(contents)).detect().isEmpty)
    }

    // MARK: Operating system

    @Test("os-release is read as a shell would")
    func osRelease() {
        let text = """
            # comment
            PRETTY_NAME="Debian GNU/Linux 13 (trixie)"
            NAME='Debian "GNU"'
            VERSION_ID="13"
            BUILD_ID=rolling
            HOME_URL="https://www.debian.org/"
            """
        #expect(
            OperatingSystemDetector.attributes(osRelease: text) == [
                Attribute("os.description", "Debian GNU/Linux 13 (trixie)"), Attribute("os.name", "Debian \"GNU\""), Attribute("os.version", "13"),
                Attribute("os.build_id", "rolling"),
            ]
        )
        #expect(OperatingSystemDetector.attributes(osRelease: "NAME=\nVERSION_ID=\"\"\n=x\nNAME").isEmpty)
        #expect(OperatingSystemDetector.attributes(osRelease: #"NAME="a \"b\" \$c""#)["os.name"] == #"a "b" $c"#)
    }

    // MARK: Host

    @Test("The host's id is the machine's, unless it has none", arguments: ["", "uninitialized\n", "0000\n", String(repeating: "0", count: 32)])
    func machineID(text: String) {
        let id = "0123456789abcdef0123456789abcdef"
        #expect(HostDetector(files: files(["/etc/machine-id": id + "\n"]), hostName: "box").detect()["host.id"] == .string(id))
        let fallback = HostDetector(files: files(["/etc/machine-id": text, "/var/lib/dbus/machine-id": id]), hostName: "box")
        #expect(fallback.detect()["host.id"] == .string(id))
        #expect(fallback.detect()["host.name"] == "box")
        #expect(HostDetector(files: files(["/etc/machine-id": text]), hostName: nil).detect()["host.id"] == nil)
    }

    // MARK: Process

    @Test("A process tells its id, executable and owner, and its arguments only when asked")
    func process() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nbroken\nshop:x:1000:1000::/home/shop:/bin/sh\n"
        let attributes = ProcessDetector(files: files(["/etc/passwd": passwd]), pid: 42, userID: 1000, executablePath: "/usr/bin/shop").detect()
        #expect(attributes["process.pid"] == 42)
        #expect(attributes["process.executable.name"] == "shop")
        #expect(attributes["process.executable.path"] == "/usr/bin/shop")
        #expect(attributes["process.owner"] == "shop")
        #expect(attributes["process.runtime.name"] == "swift")
        #expect(ProcessDetector(files: files([:]), pid: 1, userID: 7, executablePath: nil).detect()["process.owner"] == nil)
        #expect(Resource.detected(environment: [:]).attributes["process.command_args"] == nil)
        let asked = Resource.detected(environment: ["OTEL_SWIFT_RESOURCE_DETECTORS": "process_command_args"])
        #expect(asked.attributes["process.command_args"] != nil)
        #expect(asked.attributes["process.pid"] == nil)
    }

    // MARK: All together

    @Test("By default a resource tells of instance, process, host and system; the id of the instance stays the same")
    func defaults() throws {
        let resource = Resource.detected(environment: [:])
        for key in ["service.instance.id", "process.pid", "process.executable.name", "host.name", "host.arch", "os.type", "telemetry.sdk.name"] {
            #expect(resource.attributes[key] != nil, "\(key)")
        }
        guard case .string(let id)? = resource.attributes["service.instance.id"] else {
            Issue.record("no instance id")
            return
        }
        // A UUID of version 4.
        #expect(id.wholeMatch(of: #/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/#) != nil)
        #expect(Resource.detected(environment: [:]).attributes["service.instance.id"] == .string(id))
    }

    @Test("Code wins over the environment, that over detectors, and those over nothing")
    func order() {
        struct Fixed: ResourceDetector {
            let name = "fixed"
            func detect() -> [Attribute] { [Attribute("a", "detected"), Attribute("b", "detected"), Attribute("c", "detected")] }
        }
        let resource = Resource.detected(
            environment: ["OTEL_RESOURCE_ATTRIBUTES": "a=environment,b=environment"],
            attributes: [Attribute("a", "code")],
            detectors: [Fixed()]
        )
        #expect(resource.attributes["a"] == "code")
        #expect(resource.attributes["b"] == "environment")
        #expect(resource.attributes["c"] == "detected")
        #expect(resource.attributes["process.pid"] == nil)
    }
}
