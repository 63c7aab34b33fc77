/// Where in a registered region a tensor lies: parameters `shared_memory_region`, `shared_memory_offset`, `shared_memory_byte_size`.
package struct SharedMemoryRange: Hashable, Sendable {
    package var region: String
    package var offset: Int
    package var byteSize: Int

    package init(region: String, offset: Int, byteSize: Int) {
        self.region = region
        self.offset = offset
        self.byteSize = byteSize
    }
}
