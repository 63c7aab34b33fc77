import Inference
import InferenceBackends
import Testing

@Test func namesOfBackendsAreUnique() {
    let names = Backends.all().flatMap(\.backendNames)
    #expect(Set(names).count == names.count)
}
