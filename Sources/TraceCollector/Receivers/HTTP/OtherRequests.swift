public import Hummingbird

/// Answers requests on a receiver's port that bring no spans; `nil` leaves them to the receiver.
public typealias OtherRequests = @Sendable (Request) async -> Response?
