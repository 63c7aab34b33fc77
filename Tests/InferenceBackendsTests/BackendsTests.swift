import Inference
import InferenceBackends
import Logging
import Testing

@Test func namesOfBackendsAreUnique() {
    let names = Backends.all(environment: [:], logger: Logger(label: "test")).flatMap(\.backendNames)
    #expect(Set(names).count == names.count)
}
