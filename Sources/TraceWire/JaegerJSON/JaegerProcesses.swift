internal import JSONCoding
internal import TraceModel

/// The processes of a trace: resources with equal content are one process, `p1`, `p2` … in the order they are first seen.
struct JaegerProcesses {
    private var numbers: [Resource: Int] = [:]
    private var resources: [Resource] = []

    /// The number of a resource's process, from 1.
    mutating func number(of resource: Resource) -> Int {
        if let number = numbers[resource] { return number }
        resources.append(resource)
        numbers[resource] = resources.count
        return resources.count
    }

    /// The id that spans use for a process.
    static func id(_ number: Int) -> String { "p\(number)" }

    /// `{"p1":{"serviceName":string,"tags":[KeyValue]}}`; `service.name` is not repeated among the tags.
    func write(to writer: inout JSONWriter, isSorted: Bool) {
        writer.beginObject()
        for (index, resource) in resources.enumerated() {
            writer.key(string: Self.id(index + 1))
            writer.beginObject()
            let process = JaegerProcess(resource)
            writer.key("serviceName")
            writer.string(process.serviceName)
            writer.key("tags")
            JaegerTags(process.tags, isSorted: isSorted).write(to: &writer)
            writer.endObject()
        }
        writer.endObject()
    }
}
