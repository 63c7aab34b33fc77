/// Tensors by name, in the order in which they were given. Names are unique.
public struct NamedTensors: Hashable, Sendable {
    public private(set) var names: [String]
    public private(set) var tensors: [Tensor]

    public init() {
        names = []
        tensors = []
    }

    public var count: Int { names.count }
    public var isEmpty: Bool { names.isEmpty }

    /// The tensor of this name; `nil` when there is none. Setting `nil` removes it.
    public subscript(name: String) -> Tensor? {
        get { names.firstIndex(of: name).map { tensors[$0] } }
        set {
            switch (names.firstIndex(of: name), newValue) {
            case (let index?, let tensor?):
                tensors[index] = tensor
            case (let index?, nil):
                names.remove(at: index)
                tensors.remove(at: index)
            case (nil, let tensor?):
                append(tensor, name: name)
            case (nil, nil):
                break
            }
        }
    }

    /// The tensor of this name.
    ///
    /// - Throws: `invalidArgument` that lists the names there are.
    public func require(_ name: String) throws(InferenceError) -> Tensor {
        guard let tensor = self[name] else {
            throw InferenceError(.invalidArgument, "there is no tensor '\(name)'; there are \(names)")
        }
        return tensor
    }

    /// Adds a tensor whose name is known to be new.
    package mutating func append(_ tensor: Tensor, name: String) {
        names.append(name)
        tensors.append(tensor)
    }
}

extension NamedTensors: ExpressibleByDictionaryLiteral {
    /// Of a name that comes twice the last tensor counts.
    public init(dictionaryLiteral elements: (String, Tensor)...) {
        self.init()
        for (name, tensor) in elements { self[name] = tensor }
    }
}

extension NamedTensors: RandomAccessCollection {
    public var startIndex: Int { 0 }
    public var endIndex: Int { names.count }
    public subscript(position: Int) -> (name: String, tensor: Tensor) { (names[position], tensors[position]) }
}
