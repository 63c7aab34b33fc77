/// Bytes that compress, but not to nothing: the same ones for the same count.
func sampleBytes(count: Int) -> [UInt8] {
    var state: UInt64 = 42
    return (0..<count).map { index in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return index % 3 == 0 ? UInt8(truncatingIfNeeded: state >> 60) : UInt8(truncatingIfNeeded: index >> 4)
    }
}
