@testable import NeedletailTracing
import Testing

struct RetryPolicyTests {
    @Test("Waits grow to the maximum, with jitter around them")
    func backoff() {
        let policy = RetryPolicy(initialBackoff: .seconds(1), maximumBackoff: .seconds(3), multiplier: 2, jitter: 0.5)
        func wait(_ attempts: Int, random: Double = 0.5) -> Duration? {
            policy.delay(afterAttempts: attempts, retryAfter: nil, elapsed: .zero, random: random)
        }
        #expect(wait(1) == .seconds(1))
        #expect(wait(2) == .seconds(2))
        #expect(wait(3) == .seconds(3))
        #expect(wait(5) == .seconds(3))
        #expect(wait(6) == nil)
        #expect(wait(1, random: 0) == .milliseconds(500))
        #expect(wait(1, random: 1) == .milliseconds(1500))
    }

    @Test("The total time bounds the waits, Retry-After too")
    func elapsed() {
        let policy = RetryPolicy(maximumElapsedTime: .seconds(10))
        #expect(policy.delay(afterAttempts: 1, retryAfter: .seconds(9), elapsed: .zero, random: 0) == .seconds(9))
        #expect(policy.delay(afterAttempts: 1, retryAfter: .seconds(9), elapsed: .seconds(2), random: 0) == nil)
        #expect(policy.delay(afterAttempts: 1, retryAfter: .zero, elapsed: .seconds(2), random: 0) == .zero)
        #expect(policy.delay(afterAttempts: 1, retryAfter: nil, elapsed: .seconds(10), random: 0) == nil)
    }

    @Test("Retry-After as seconds and as a date")
    func retryAfter() {
        #expect(RetryAfter.parse("120", now: 0) == .seconds(120))
        #expect(RetryAfter.parse(" 0 ", now: 0) == nil)
        #expect(RetryAfter.parse("0", now: 0) == .zero)
        #expect(RetryAfter.parse("99999999999999999999999", now: 0) == .seconds(31_536_000))
        #expect(RetryAfter.parse("Sun, 06 Nov 1994 08:49:37 GMT", now: 784_111_770) == .seconds(7))
        #expect(RetryAfter.parse("Sun, 06 Nov 1994 08:49:37 GMT", now: 784_111_999) == .zero)
        #expect(RetryAfter.parse("Thu, 29 Feb 2024 00:00:00 GMT", now: 1_709_164_799) == .seconds(1))
        for text in ["", "soon", "-1", "1.5", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT", "Sun, 06 Nov 1994 25:00:00 GMT"] {
            #expect(RetryAfter.parse(text, now: 0) == nil, "\(text)")
        }
    }
}
