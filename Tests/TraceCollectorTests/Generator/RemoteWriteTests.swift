import Compression
import PrometheusMetrics
import ProtobufCoding
import Testing

@testable import TraceCollector

@Suite("remote write")
struct RemoteWriteTests {
    private func counter(_ value: Double, _ labels: [(String, String)] = [("b", "2"), ("a", "1"), ("none", "")]) -> MetricFamily {
        MetricFamily("calls", .counter, help: "Calls", points: [.init(MetricLabels(labels), .number(value))])
    }

    private func text(_ series: RemoteWriteSeries) -> String {
        series.labels.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
    }

    @Test("a new counter is 0 first, then has its values")
    func zero() {
        var sampler = RemoteWriteSampler(externalLabels: ["cluster": "c", "a": "not this one"])
        let first = sampler.samples([counter(5)], time: 100_000).series
        #expect(first.map(text) == ["__name__=calls_total,a=1,b=2,cluster=c"])
        #expect(first[0].samples == [.init(value: 0, time: 99_000), .init(value: 5, time: 100_000)])
        let second = sampler.samples([counter(6)], time: 115_000).series
        #expect(second[0].samples == [.init(value: 6, time: 115_000)])
        // Of two series that appear later, too.
        let third = sampler.samples([counter(6), MetricFamily("up", .gauge, help: "", points: [.init(.init(), .integer(3))])], time: 115_400).series
        #expect(third[1].samples == [.init(value: 3, time: 115_400)])
        let fourth = sampler.samples([counter(1, [("x", "y")])], time: 115_700).series
        #expect(fourth[0].samples == [.init(value: 0, time: 115_401), .init(value: 1, time: 115_700)])
    }

    @Test("a clock that goes back makes no samples")
    func clock() {
        var sampler = RemoteWriteSampler()
        _ = sampler.samples([counter(5)], time: 100_000)
        #expect(sampler.samples([counter(6)], time: 100_000).series.isEmpty)
        #expect(sampler.samples([counter(6)], time: 90_000).series.isEmpty)
        #expect(sampler.samples([counter(6)], time: 100_001).series.count == 1)
    }

    @Test("a histogram is its buckets, sum and count; exemplars go once")
    func histogram() {
        var sampler = RemoteWriteSampler()
        let exemplar = Exemplar(traceID: "00000000000000000000000000000001", value: 0.05, time: 99.5)
        let value = HistogramSnapshot(bounds: [0.1, 1], counts: [2, 1, 4], sum: 12.5, exemplars: [exemplar, nil, nil])
        let family = MetricFamily("seconds", .histogram, help: "Seconds", points: [.init(MetricLabels([("a", "1")]), .histogram(value))])
        let series = sampler.samples([family], time: 100_000).series
        #expect(series.map(text) == [
            "__name__=seconds_bucket,a=1,le=0.1", "__name__=seconds_bucket,a=1,le=1", "__name__=seconds_bucket,a=1,le=+Inf",
            "__name__=seconds_sum,a=1", "__name__=seconds_count,a=1",
        ])
        #expect(series.map { $0.samples.last?.value } == [2, 3, 7, 12.5, 7])
        #expect(series.map { $0.exemplar != nil } == [true, false, false, false, false])
        #expect(sampler.samples([family], time: 101_000).series.allSatisfy { $0.exemplar == nil })
    }

    @Test("what is gone gets a stale marker")
    func stale() {
        var sampler = RemoteWriteSampler()
        let value = HistogramSnapshot(bounds: [0.1], counts: [2, 1], sum: 12.5)
        let family = MetricFamily("seconds", .histogram, help: "Seconds", points: [.init(MetricLabels(), .histogram(value))])
        _ = sampler.samples([family, counter(1)], time: 1000)
        let gone = sampler.samples([], time: 2000).series
        #expect(Set(gone.map(text)) == [
            "__name__=seconds_bucket,le=0.1", "__name__=seconds_bucket,le=+Inf", "__name__=seconds_sum", "__name__=seconds_count",
            "__name__=calls_total,a=1,b=2",
        ])
        for series in gone { #expect(series.samples.map(\.value.bitPattern) == [0x7ff0_0000_0000_0002]) }
        #expect(sampler.samples([], time: 3000).series.isEmpty)
    }

    @Test("a message of version 1.0, byte by byte")
    func version1() {
        var sampler = RemoteWriteSampler()
        let (series, metadata) = sampler.samples([MetricFamily("up", .gauge, help: "H", points: [.init(MetricLabels([("a", "b")]), .integer(1))])], time: 300)
        let messages = RemoteWriteEncoder.messages(series, metadata: metadata, withMetadata: true, version: .version1, maximumSize: 1000)
        let name: [UInt8] = [0x0a, 14, 0x0a, 8] + Array("__name__".utf8) + [0x12, 2] + Array("up".utf8)
        let label: [UInt8] = [0x0a, 6, 0x0a, 1, 97, 0x12, 1, 98]
        let sample: [UInt8] = [0x12, 12, 0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x10, 0xac, 0x02]
        let inside = name + label + sample
        #expect(messages.first?.body == [0x0a, UInt8(inside.count)] + inside)
        // Type gauge, name, help.
        #expect(messages.last?.body == [0x1a, 9, 0x08, 2, 0x12, 2, 117, 112, 0x22, 1, 72])
    }

    @Test("a message of version 2.0, byte by byte")
    func version2() {
        var sampler = RemoteWriteSampler()
        let (series, metadata) = sampler.samples([MetricFamily("up", .gauge, help: "H", points: [.init(MetricLabels([("a", "b")]), .integer(1))])], time: 300)
        let messages = RemoteWriteEncoder.messages(series, metadata: metadata, withMetadata: true, version: .version2, maximumSize: 1000)
        #expect(messages.count == 1)
        let symbols: [UInt8] = ["", "__name__", "up", "a", "b", "H"].flatMap { [0x22, UInt8($0.utf8.count)] + Array($0.utf8) }
        let references: [UInt8] = [0x0a, 4, 1, 2, 3, 4]
        let sample: [UInt8] = [0x12, 12, 0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x10, 0xac, 0x02]
        let about: [UInt8] = [0x2a, 4, 0x08, 2, 0x18, 5]
        let inside = references + sample + about
        #expect(messages.first?.body == symbols + [0x2a, UInt8(inside.count)] + inside)
    }

    @Test("many series are split among messages, none is lost", arguments: PrometheusRemoteWriter.Configuration.ProtobufMessage.allCases)
    func splitting(version: PrometheusRemoteWriter.Configuration.ProtobufMessage) {
        var sampler = RemoteWriteSampler()
        let points = (0..<1000).map { MetricFamily.Point(MetricLabels([("number", "\($0)")]), .integer(1)) }
        let (series, metadata) = sampler.samples([MetricFamily("g", .gauge, help: "", points: points)], time: 1000)
        let messages = RemoteWriteEncoder.messages(series, metadata: metadata, withMetadata: false, version: version, maximumSize: 5000)
        #expect(messages.count > 4)
        #expect(messages.allSatisfy { $0.body.count < 5200 })
        #expect(messages.reduce(0) { $0 + $1.samples } == 1000)
    }

    // MARK: The queue

    private func queue(_ change: (inout PrometheusRemoteWriter.Configuration) -> Void = { _ in }) -> RemoteWriteQueue {
        var configuration = PrometheusRemoteWriter.Configuration(url: "http://127.0.0.1:1/")
        change(&configuration)
        return RemoteWriteQueue(configuration)
    }

    @Test("waits grow up to the longest, or are as the receiver says")
    func backoff() {
        var queue = queue { $0.retryMaxInterval = 5 }
        queue.enqueue(.init(body: [1], samples: 1, enqueued: 0))
        var time = 0.0
        for expected in [1.0, 2, 4, 5, 5] {
            #expect(queue.next(at: time) != nil)
            queue.failed(.retryable(after: nil), at: time)
            #expect(queue.nextAttempt == time + expected)
            #expect(queue.next(at: time + expected - 0.1) == nil)
            time += expected
        }
        queue.failed(.retryable(after: 60), at: time)
        #expect(queue.nextAttempt == time + 60)
        queue.failed(.retryable(after: 1e9), at: time)
        #expect(queue.nextAttempt == time + 300)
        queue.succeeded()
        #expect(queue.isEmpty && queue.counters.retries == 7 && queue.counters.sentSamples == 1)
    }

    @Test("what is refused for good goes, the next one is sent at once")
    func permanent() {
        var queue = queue()
        queue.enqueue(.init(body: [1], samples: 3, enqueued: 0))
        queue.enqueue(.init(body: [2], samples: 4, enqueued: 0))
        queue.failed(.permanent, at: 0)
        #expect(queue.counters.failedSamples == 3)
        #expect(queue.next(at: 0)?.body == [2])
    }

    @Test("a full queue drops its oldest, and an old message is given up")
    func dropping() {
        var queue = queue { $0.queueSize = 2; $0.retryMaxElapsedTime = 100 }
        for number in 1...3 { queue.enqueue(.init(body: [UInt8(number)], samples: number, enqueued: 0)) }
        #expect(queue.counters.droppedSamples == 1)
        #expect(queue.next(at: 0)?.body == [2])
        queue.failed(.retryable(after: nil), at: 99)
        #expect(queue.next(at: 101)?.body == [2])
        queue.failed(.retryable(after: nil), at: 101)
        #expect(queue.next(at: 200)?.body == [3])
        #expect(queue.counters.droppedSamples == 3)
    }

    // MARK: Settings

    @Test("an address that is none is refused", arguments: ["", "127.0.0.1:9090", "ftp://x/", "http://", "http:///x", "http://a b/"])
    func addresses(url: String) {
        #expect(throws: RemoteWriteError.self) { try RemoteWriteClient.Target(.init(url: url)) }
    }

    @Test("a header that is none is refused", arguments: [["a b": "c"], ["a": "b\r\nc: d"], ["": "x"]])
    func headers(headers: [String: String]) {
        var configuration = PrometheusRemoteWriter.Configuration(url: "http://127.0.0.1:9090/api/v1/write")
        configuration.headers = headers
        #expect(throws: RemoteWriteError.self) { try RemoteWriteClient.Target(configuration) }
    }
}
