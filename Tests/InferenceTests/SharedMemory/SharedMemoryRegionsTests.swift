import Testing

@testable import Inference

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A shared memory object as a client makes it; gone with this value.
private final class ClientObject {
    let key: String
    let descriptor: Int32

    init(bytes: [UInt8]) {
        key = "/needletail-test-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        descriptor = shm_open(key, O_CREAT | O_RDWR | O_EXCL, 0o600)
        resize(bytes.count)
        write(bytes)
    }

    deinit {
        close(descriptor)
        shm_unlink(key)
    }

    func resize(_ size: Int) { #expect(ftruncate(descriptor, off_t(size)) == 0) }

    func write(_ bytes: [UInt8]) { #expect(pwrite(descriptor, bytes, bytes.count, 0) == bytes.count) }

    var bytes: [UInt8] {
        let size = Int(lseek(descriptor, 0, SEEK_END))
        var bytes = [UInt8](repeating: 0, count: size)
        #expect(pread(descriptor, &bytes, size, 0) == size)
        return bytes
    }
}

@Suite struct SharedMemoryRegionsTests {
    @Test func bytesGoInAndOutAtTheRegionsOffset() throws {
        let object = ClientObject(bytes: Array(0..<32))
        let regions = SharedMemoryRegions()
        try regions.register(.init(name: "r", key: object.key, offset: 8, byteSize: 16))
        #expect(try regions.read("r", offset: 4, count: 4) == [12, 13, 14, 15])
        #expect(try regions.read("r", offset: 16, count: 0) == [])
        try regions.write([90, 91], to: "r", offset: 0, limit: 2)
        #expect(object.bytes[7...10] == [7, 90, 91, 10])
        #expect(try regions.status(nil) == [.init(name: "r", key: object.key, offset: 8, byteSize: 16)])
        #expect(try regions.status("r") == regions.status(nil))
    }

    @Test func nothingOutsideTheRegionIsTouched() throws {
        let object = ClientObject(bytes: Array(repeating: 1, count: 32))
        let regions = SharedMemoryRegions()
        try regions.register(.init(name: "r", key: object.key, offset: 8, byteSize: 16))
        for (offset, count) in [(17, 0), (-1, 1), (0, 17), (16, 1), (0, Int.max), (Int.max, 1), (8, -1)] {
            #expect(throws: InferenceError.self) { try regions.check("r", offset: offset, count: count) }
            #expect(throws: InferenceError.self) { try regions.read("r", offset: offset, count: count) }
        }
        #expect(throws: InferenceError.self) { try regions.write([0, 0], to: "r", offset: 15, limit: 2) }
        let tooLong = #expect(throws: InferenceError.self) { try regions.write([0, 0, 0], to: "r", offset: 0, limit: 2, output: "Y") }
        #expect(tooLong?.code == .internal)
        #expect(tooLong?.message == "shared memory size specified with the request for output 'Y' (2 bytes) should be at least 3 bytes to hold the results")
        #expect(object.bytes.allSatisfy { $0 == 1 })
    }

    @Test func anObjectThatItsOwnerMadeSmallerIsAnErrorAndNoCrash() throws {
        let object = ClientObject(bytes: Array(repeating: 1, count: 8192))
        let regions = SharedMemoryRegions()
        try regions.register(.init(name: "r", key: object.key, offset: 0, byteSize: 8192))
        object.resize(100)
        #expect(throws: InferenceError.self) { try regions.read("r", offset: 0, count: 8192) }
        #expect(throws: InferenceError.self) { try regions.read("r", offset: 4096, count: 1) }
        #expect(throws: InferenceError.self) { try regions.write([1], to: "r", offset: 4096, limit: 1) }
        // Nor does a write make it larger again.
        #expect(object.bytes.count == 100)
        #expect(try regions.read("r", offset: 0, count: 100).count == 100)
    }

    @Test func wrongRegistrationsAreRefusedInTritonsWords() throws {
        let object = ClientObject(bytes: Array(repeating: 1, count: 64))
        let regions = SharedMemoryRegions(maxRegions: 2)
        func failure(_ name: String, key: String? = nil, offset: Int = 0, byteSize: Int = 64) -> InferenceError? {
            do throws(InferenceError) {
                try regions.register(.init(name: name, key: key ?? object.key, offset: offset, byteSize: byteSize))
                return nil
            } catch {
                return error
            }
        }
        #expect(failure("r1", key: "/nope") == InferenceError(.internal, "Unable to open shared memory region: '/nope'"))
        #expect(failure("r1", key: "")?.code == .internal)
        #expect(failure("r1", key: "/../etc/passwd")?.code == .internal)
        for (offset, byteSize) in [(0, 65), (1, 64), (65, 0), (-1, 1), (0, -1), (Int.max, Int.max)] {
            let error = failure("r1", offset: offset, byteSize: byteSize)
            #expect(error?.code == .invalidArgument)
            #expect(error?.message.hasPrefix("failed to register shared memory region 'r1': invalid args") == true)
        }
        #expect(failure("r1") == nil)
        #expect(failure("r1") == InferenceError(.alreadyExists, "shared memory region 'r1' already in manager"))
        #expect(failure("r2", offset: 32, byteSize: 32) == nil)
        #expect(failure("r3")?.code == .unavailable)
    }

    @Test func unregisteredRegionsAreGone() throws {
        let object = ClientObject(bytes: Array(repeating: 1, count: 64))
        let regions = SharedMemoryRegions()
        for name in ["a", "b", "c"] { try regions.register(.init(name: name, key: object.key, offset: 0, byteSize: 64)) }
        regions.unregister("b")
        regions.unregister("nobody")
        #expect(try regions.status(nil).map(\.name) == ["a", "c"])
        let unknown = #expect(throws: InferenceError.self) { try regions.read("b", offset: 0, count: 1) }
        #expect(unknown == InferenceError(.notFound, "Unable to find shared memory region: 'b'"))
        let status = #expect(throws: InferenceError.self) { try regions.status("b") }
        #expect(status == InferenceError(.notFound, "Unable to find system shared memory region: 'b'"))
        regions.unregister(nil)
        #expect(try regions.status(nil).isEmpty)
        // The name is free again.
        try regions.register(.init(name: "b", key: object.key, offset: 0, byteSize: 1))
    }
}
