/// Triton's `rate_limiter` of an instance group: resources that each execution holds, and who goes first.
public struct RateLimiterPolicy: Hashable, Sendable {
    /// Name → how many of it one execution holds. Only counts when the server limits by execution (`--rate-limit=execution_count`).
    public var resources: [String: Int]
    /// As ``resources``, of what the whole server has once instead of once for each device.
    public var globalResources: [String: Int]
    /// Of two models a model with weight 2 is executed half as often as one with weight 1.
    public var priority: Int

    public init(resources: [String: Int] = [:], globalResources: [String: Int] = [:], priority: Int = 1) {
        self.resources = resources
        self.globalResources = globalResources
        self.priority = priority
    }
}
