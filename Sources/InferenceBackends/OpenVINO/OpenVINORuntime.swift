internal import COpenVINO
internal import Inference
internal import Synchronization

/// The library and its core, made when the first model needs them. Safe to use from any thread.
final class OpenVINORuntime: Sendable {
    /// What a process has of OpenVINO. It stays for the life of the process, as its plugins cannot be unloaded safely.
    struct Loaded: @unchecked Sendable {
        // Unchecked: the core is an object of OpenVINO that may be used from any thread.
        let library: OpenVINOLibrary
        let core: OpenVINOLibrary.Handle
    }

    private let locator: OpenVINOLocator
    private let state = Mutex<Loaded?>(nil)

    init(locator: OpenVINOLocator) { self.locator = locator }

    /// The library; a failure is not kept, so that it may be installed while the server runs.
    ///
    /// - Throws: `unavailable` with the line that installs it.
    func get() throws(InferenceError) -> Loaded {
        let result: Result<Loaded, InferenceError> = state.withLock { state in
            if let state { return .success(state) }
            do throws(InferenceError) {
                let loaded = try load()
                state = loaded
                return .success(loaded)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private func load() throws(InferenceError) -> Loaded {
        var reasons: [String] = []
        for path in try locator.candidates() {
            do throws(InferenceError) {
                let library = try OpenVINOLibrary(path: path)
                var core: OpenVINOLibrary.Handle?
                try library.check(library.createCore(&core), "the core cannot be made", code: .unavailable)
                guard let core else { throw InferenceError(.unavailable, "OpenVINO made no core") }
                try library.checkElementTypes()
                return Loaded(library: library, core: core)
            } catch {
                reasons.append(error.message)
            }
        }
        throw InferenceError(
            .unavailable,
            """
            this model needs OpenVINO, which is not there. Install it with: \(OpenVINOLibrary.installation) (in the active Python environment), \
            or name its folder with NEEDLETAIL_OPENVINO. \(reasons.last ?? "")
            """
        )
    }
}

extension OpenVINOLibrary {
    /// The numbers of OpenVINO's element types, and the types that they stand for.
    private static let elementTypes: [(number: nt_ov_element_type, type: DataType)] = [
        (1, .bool), (2, .bf16), (3, .fp16), (4, .fp32), (5, .fp64), (7, .int8), (8, .int16), (9, .int32), (10, .int64), (16, .uint8),
        (17, .uint16), (18, .uint32), (19, .uint64), (23, .bytes),
    ]

    /// The type of this number; `nil` for one that no protocol has, four-bit numbers for example.
    static func dataType(_ number: nt_ov_element_type) -> DataType? { elementTypes.first { $0.number == number }?.type }

    static func elementType(_ type: DataType) -> nt_ov_element_type {
        // Found: the table has all types.
        elementTypes.first { $0.type == type }?.number ?? 0
    }

    /// Numbers have moved between versions: a library with others must not be used, as it would read memory wrongly.
    func checkElementTypes() throws(InferenceError) {
        for (number, type) in Self.elementTypes {
            guard let width = type.byteWidth else { continue }
            let size = try withShape([3]) { shape throws(InferenceError) in
                var tensor: Handle?
                try check(createTensor(number, shape, &tensor), "a tensor of type \(type) cannot be made", code: .unavailable)
                guard let tensor else { return 0 }
                defer { freeTensor(tensor) }
                var size = 0
                try check(tensorByteSize(tensor, &size), "the size of a tensor cannot be read", code: .unavailable)
                return size
            }
            guard size == 3 * width else { throw unknownLayout("element types") }
        }
        let probe = "a text that is too long for a string's own memory"
        let tensor = try stringTensor([Array("short".utf8), Array(probe.utf8)], shape: [2])
        defer { freeTensor(tensor) }
        guard try strings(of: tensor, count: 2).map({ String(decoding: $0, as: UTF8.self) }) == ["short", probe] else { throw unknownLayout("strings") }
    }

    private func unknownLayout(_ what: String) -> InferenceError {
        InferenceError(.unavailable, "OpenVINO \(version) at '\(path)' has other \(what) than this server knows. Install the current one: \(Self.installation) --upgrade")
    }

    /// Runs the body with a shape in OpenVINO's form.
    func withShape<Value>(_ shape: [Int], _ body: (nt_ov_shape) throws(InferenceError) -> Value) throws(InferenceError) -> Value {
        var axes = shape.map { Int64($0) }
        let result: Result<Value, InferenceError> = axes.withUnsafeMutableBufferPointer { buffer in
            do throws(InferenceError) {
                return .success(try body(nt_ov_shape(rank: Int64(buffer.count), dims: buffer.baseAddress)))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    // MARK: Strings

    /// A tensor of strings.
    func stringTensor(_ values: [[UInt8]], shape: [Int]) throws(InferenceError) -> Handle {
        guard !values.contains(where: { $0.contains(0) }) else {
            throw InferenceError(.invalidArgument, "OpenVINO takes no text with a zero byte in it")
        }
        // One block of memory for all texts, each with its end.
        var bytes: [CChar] = []
        var offsets: [Int] = []
        for value in values {
            offsets.append(bytes.count)
            bytes += value.map { CChar(bitPattern: $0) } + [0]
        }
        return try withShape(shape) { shape throws(InferenceError) in
            var tensor: Handle?
            let status = bytes.withUnsafeBufferPointer { buffer in
                var pointers: [Text?] = offsets.map { offset in buffer.baseAddress.map { $0 + offset } }
                return pointers.withUnsafeMutableBufferPointer { createStringTensor($0.baseAddress, $0.count, shape, &tensor) }
            }
            try check(status, "a tensor of strings cannot be made")
            guard let tensor else { throw InferenceError(.internal, "OpenVINO made no tensor of strings") }
            return tensor
        }
    }

    /// A `std::string` of the GNU library, which OpenVINO's wheels are built with; ``checkElementTypes()`` has made sure of it.
    private struct NativeString {
        var start: UnsafePointer<UInt8>?
        var count: Int
        var ownMemory: (UInt64, UInt64)
    }

    /// The elements of a tensor of strings.
    func strings(of tensor: Handle, count: Int) throws(InferenceError) -> [[UInt8]] {
        var data: Handle?
        try check(tensorData(tensor, &data), "the strings of a tensor cannot be read")
        guard let data, count > 0 else { return [] }
        let strings = data.assumingMemoryBound(to: NativeString.self)
        return (0..<count).map { Array(UnsafeBufferPointer(start: strings[$0].start, count: strings[$0].count)) }
    }
}
