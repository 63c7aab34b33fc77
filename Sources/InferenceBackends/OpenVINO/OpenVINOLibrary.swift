internal import COpenVINO
#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
internal import Inference
internal import Synchronization

/// OpenVINO's C library, loaded at run time: a table of its functions.
struct OpenVINOLibrary: @unchecked Sendable {
    // Unchecked: an immutable table of C functions, all of which may be called from any thread.
    typealias Handle = UnsafeMutableRawPointer
    typealias Out = UnsafeMutablePointer<UnsafeMutableRawPointer?>
    typealias Text = UnsafePointer<CChar>

    let path: String
    /// As the library says it: `2026.4.1-…`.
    let version: String

    let lastErrorMessage: @convention(c) () -> Text?
    let errorText: @convention(c) (nt_ov_status) -> Text?
    let freeText: @convention(c) (Text?) -> Void

    let createCore: @convention(c) (Out) -> nt_ov_status
    let readModel: @convention(c) (Handle, Text, Text?, Out) -> nt_ov_status
    let compileModel: @convention(c) (Handle, Handle, Text, Int, UnsafePointer<nt_ov_property>?, Out) -> nt_ov_status

    let freeModel: @convention(c) (Handle?) -> Void
    let modelInputCount: @convention(c) (Handle, UnsafeMutablePointer<Int>) -> nt_ov_status
    let modelOutputCount: @convention(c) (Handle, UnsafeMutablePointer<Int>) -> nt_ov_status
    let modelInput: @convention(c) (Handle, Int, Out) -> nt_ov_status
    let modelOutput: @convention(c) (Handle, Int, Out) -> nt_ov_status
    let modelInputByName: @convention(c) (Handle, Text, Out) -> nt_ov_status
    let modelOutputByName: @convention(c) (Handle, Text, Out) -> nt_ov_status
    let reshapeModel: nt_ov_model_reshape_by_port_indexes_function

    let portName: @convention(c) (Handle, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> nt_ov_status
    let portElementType: @convention(c) (Handle, UnsafeMutablePointer<nt_ov_element_type>) -> nt_ov_status
    let portShape: @convention(c) (Handle, UnsafeMutablePointer<nt_ov_partial_shape>) -> nt_ov_status
    let freePort: @convention(c) (Handle?) -> Void
    let freePartialShape: @convention(c) (UnsafeMutablePointer<nt_ov_partial_shape>) -> Void

    let freeCompiledModel: @convention(c) (Handle?) -> Void
    let createRequest: @convention(c) (Handle, Out) -> nt_ov_status
    let setInput: @convention(c) (Handle, Int, Handle) -> nt_ov_status
    let getOutput: @convention(c) (Handle, Int, Out) -> nt_ov_status
    let infer: @convention(c) (Handle) -> nt_ov_status
    let freeRequest: @convention(c) (Handle?) -> Void

    let createTensor: nt_ov_tensor_create_function
    let createTensorOverMemory: nt_ov_tensor_create_from_host_ptr_function
    let createStringTensor: nt_ov_tensor_create_from_string_array_function
    let tensorShape: @convention(c) (Handle, UnsafeMutablePointer<nt_ov_shape>) -> nt_ov_status
    let tensorElementType: @convention(c) (Handle, UnsafeMutablePointer<nt_ov_element_type>) -> nt_ov_status
    let tensorByteSize: @convention(c) (Handle, UnsafeMutablePointer<Int>) -> nt_ov_status
    let tensorData: @convention(c) (Handle, Out) -> nt_ov_status
    let freeTensor: @convention(c) (Handle?) -> Void
    let freeShape: @convention(c) (UnsafeMutablePointer<nt_ov_shape>) -> nt_ov_status

    /// The installation line that errors give.
    static let installation = "pip install openvino"

    /// Loads the library; it stays for the life of the process.
    ///
    /// - Throws: `unavailable` that says what is missing.
    init(path: String) throws(InferenceError) {
        guard let library = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
            throw InferenceError(.unavailable, "OpenVINO's library '\(path)' cannot be loaded: \(dlerror().map { String(cString: $0) } ?? "unknown reason")")
        }
        var missing: [String] = []
        // Unsafe: the types are those of OpenVINO's published C interface, which does not change a function once it is there.
        func find<Function>(_ name: String, _ type: Function.Type = Function.self) -> Function? {
            guard let symbol = dlsym(library, name) else {
                missing.append(name)
                return nil
            }
            return unsafeBitCast(symbol, to: type)
        }
        self.path = path
        let unusable = Self.unusable
        func incomplete() -> InferenceError {
            InferenceError(.unavailable, "\(unusable(path)): it lacks \(missing.joined(separator: ", ")). Install a newer one: \(Self.installation) --upgrade")
        }
        typealias Version = @convention(c) (UnsafeMutablePointer<nt_ov_version>) -> nt_ov_status
        guard let getVersion: Version = find("ov_get_openvino_version"),
            let lastErrorMessage: @convention(c) () -> Text? = find("ov_get_last_err_msg"),
            let errorText: @convention(c) (nt_ov_status) -> Text? = find("ov_get_error_info"),
            let freeText: @convention(c) (Text?) -> Void = find("ov_free"),
            let createCore: @convention(c) (Out) -> nt_ov_status = find("ov_core_create"),
            let readModel: @convention(c) (Handle, Text, Text?, Out) -> nt_ov_status = find("ov_core_read_model"),
            let compileModel: @convention(c) (Handle, Handle, Text, Int, UnsafePointer<nt_ov_property>?, Out) -> nt_ov_status
                = find("ov_core_compile_model_props"),
            let freeModel: @convention(c) (Handle?) -> Void = find("ov_model_free"),
            let modelInputCount: @convention(c) (Handle, UnsafeMutablePointer<Int>) -> nt_ov_status = find("ov_model_inputs_size"),
            let modelOutputCount: @convention(c) (Handle, UnsafeMutablePointer<Int>) -> nt_ov_status = find("ov_model_outputs_size"),
            let modelInput: @convention(c) (Handle, Int, Out) -> nt_ov_status = find("ov_model_const_input_by_index"),
            let modelOutput: @convention(c) (Handle, Int, Out) -> nt_ov_status = find("ov_model_const_output_by_index"),
            let modelInputByName: @convention(c) (Handle, Text, Out) -> nt_ov_status = find("ov_model_const_input_by_name"),
            let modelOutputByName: @convention(c) (Handle, Text, Out) -> nt_ov_status = find("ov_model_const_output_by_name"),
            let reshapeModel: nt_ov_model_reshape_by_port_indexes_function = find("ov_model_reshape_by_port_indexes")
        else { throw incomplete() }
        guard
            let portName: @convention(c) (Handle, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> nt_ov_status = find("ov_port_get_any_name"),
            let portElementType: @convention(c) (Handle, UnsafeMutablePointer<nt_ov_element_type>) -> nt_ov_status = find("ov_port_get_element_type"),
            let portShape: @convention(c) (Handle, UnsafeMutablePointer<nt_ov_partial_shape>) -> nt_ov_status = find("ov_port_get_partial_shape"),
            let freePort: @convention(c) (Handle?) -> Void = find("ov_output_const_port_free"),
            let freePartialShape: @convention(c) (UnsafeMutablePointer<nt_ov_partial_shape>) -> Void = find("ov_partial_shape_free"),
            let freeCompiledModel: @convention(c) (Handle?) -> Void = find("ov_compiled_model_free"),
            let createRequest: @convention(c) (Handle, Out) -> nt_ov_status = find("ov_compiled_model_create_infer_request"),
            let setInput: @convention(c) (Handle, Int, Handle) -> nt_ov_status = find("ov_infer_request_set_input_tensor_by_index"),
            let getOutput: @convention(c) (Handle, Int, Out) -> nt_ov_status = find("ov_infer_request_get_output_tensor_by_index"),
            let infer: @convention(c) (Handle) -> nt_ov_status = find("ov_infer_request_infer"),
            let freeRequest: @convention(c) (Handle?) -> Void = find("ov_infer_request_free"),
            let createTensor: nt_ov_tensor_create_function = find("ov_tensor_create"),
            let createTensorOverMemory: nt_ov_tensor_create_from_host_ptr_function = find("ov_tensor_create_from_host_ptr"),
            let createStringTensor: nt_ov_tensor_create_from_string_array_function = find("ov_tensor_create_from_string_array"),
            let tensorShape: @convention(c) (Handle, UnsafeMutablePointer<nt_ov_shape>) -> nt_ov_status = find("ov_tensor_get_shape"),
            let tensorElementType: @convention(c) (Handle, UnsafeMutablePointer<nt_ov_element_type>) -> nt_ov_status = find("ov_tensor_get_element_type"),
            let tensorByteSize: @convention(c) (Handle, UnsafeMutablePointer<Int>) -> nt_ov_status = find("ov_tensor_get_byte_size"),
            let tensorData: @convention(c) (Handle, Out) -> nt_ov_status = find("ov_tensor_data"),
            let freeTensor: @convention(c) (Handle?) -> Void = find("ov_tensor_free"),
            let freeShape: @convention(c) (UnsafeMutablePointer<nt_ov_shape>) -> nt_ov_status = find("ov_shape_free")
        else { throw incomplete() }
        self.lastErrorMessage = lastErrorMessage
        self.errorText = errorText
        self.freeText = freeText
        self.createCore = createCore
        self.readModel = readModel
        self.compileModel = compileModel
        self.freeModel = freeModel
        self.modelInputCount = modelInputCount
        self.modelOutputCount = modelOutputCount
        self.modelInput = modelInput
        self.modelOutput = modelOutput
        self.modelInputByName = modelInputByName
        self.modelOutputByName = modelOutputByName
        self.reshapeModel = reshapeModel
        self.portName = portName
        self.portElementType = portElementType
        self.portShape = portShape
        self.freePort = freePort
        self.freePartialShape = freePartialShape
        self.freeCompiledModel = freeCompiledModel
        self.createRequest = createRequest
        self.setInput = setInput
        self.getOutput = getOutput
        self.infer = infer
        self.freeRequest = freeRequest
        self.createTensor = createTensor
        self.createTensorOverMemory = createTensorOverMemory
        self.createStringTensor = createStringTensor
        self.tensorShape = tensorShape
        self.tensorElementType = tensorElementType
        self.tensorByteSize = tensorByteSize
        self.tensorData = tensorData
        self.freeTensor = freeTensor
        self.freeShape = freeShape
        var found = nt_ov_version()
        guard getVersion(&found) == 0, let text = found.build_number else {
            throw InferenceError(.unavailable, "\(Self.unusable(path)): it does not tell its version")
        }
        version = String(cString: text)
    }

    private static func unusable(_ path: String) -> String { "OpenVINO's library '\(path)' cannot be used" }

    /// Turns a failed call into an error with the library's own words.
    func check(_ status: nt_ov_status, _ what: @autoclosure () -> String, code: InferenceError.Code = .internal) throws(InferenceError) {
        guard status != 0 else { return }
        throw InferenceError(code, "OpenVINO: \(what()): \(reason(status))")
    }

    private func reason(_ status: nt_ov_status) -> String {
        if let text = lastErrorMessage() {
            defer { freeText(text) }
            let words = String(cString: text).split(separator: "\n").map { $0.trimmingPrefix(while: \.isWhitespace) }
                // Lines of the library's own source files help nobody here.
                .filter { !$0.hasPrefix("Exception from src/") && !$0.isEmpty }
            if !words.isEmpty { return words.joined(separator: " ") }
        }
        return errorText(status).map { String(cString: $0) } ?? "status \(status)"
    }
}
