#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif
public import TraceModel

/// `service.instance.id`: a random UUID (version 4), the same for all of this process.
public struct ServiceInstanceDetector: ResourceDetector {
    private static let id = UUID().uuidString.lowercased()

    public let name = "service_instance"

    public init() {}

    public func detect() -> [Attribute] { [Attribute("service.instance.id", .string(Self.id))] }
}
