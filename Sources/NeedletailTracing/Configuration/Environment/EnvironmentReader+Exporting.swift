internal import TraceModel

/// What exporters read: endpoints, headers, TLS files. All are checked here, so that what is wrong is said once, at the start.
extension EnvironmentReader {
    /// An endpoint of HTTP.
    ///
    /// - Parameter complete: makes the URL from what the variable holds.
    func httpEndpoint(
        _ variables: [String],
        _ names: ExporterNames,
        default fallback: String,
        complete: (_ text: String, _ variable: String) -> String = { text, _ in text }
    ) -> String {
        value(variables, default: fallback) { text, variable throws(Mistake) in
            do throws(TracingConfigurationError) {
                return try HTTPEndpoint(complete(text, variable), names: names).url
            } catch {
                throw Mistake(error)
            }
        }
    }

    /// An endpoint of gRPC: `host:port` with or without `http://`, `https://` or `grpc://`.
    func grpcEndpoint(_ variables: [String], _ names: ExporterNames, default fallback: String) -> String {
        value(variables, default: fallback) { text, _ throws(Mistake) in
            do throws(TracingConfigurationError) {
                return try EndpointText(text).checkedForGRPC(names)
            } catch {
                throw Mistake(error)
            }
        }
    }

    /// Request headers, names in lower case; of a name that is there twice the last value counts. A list with any mistake is
    /// ignored as a whole.
    func headers(_ variables: [String], _ names: ExporterNames) -> [String: String] {
        let headers = value(variables, otherwise: "no headers are added") { text, _ throws(Mistake) in
            var headers: [String: String] = [:]
            for pair in try Self.pairs(text) { headers[pair.key.lowercased()] = pair.value }
            do throws(TracingConfigurationError) {
                _ = try ExportHeaders.checked(headers, names: names)
            } catch {
                throw Mistake(error)
            }
            return headers
        }
        return headers ?? [:]
    }

    func tls(
        _ names: ExporterNames,
        certificate: [String],
        clientKey: [String] = [],
        clientCertificate: [String] = []
    ) -> TLSClientConfiguration {
        let noClient = "no client certificate is shown"
        var tls = TLSClientConfiguration()
        tls.certificateFile = pemFile(certificate, otherwise: "the system's certificates are trusted") { file throws(TracingConfigurationError) in
            _ = try file.certificates()
        }
        let certificateFile = pemFile(clientCertificate, otherwise: noClient) { file throws(TracingConfigurationError) in
            _ = try file.certificates()
        }
        let keyFile = pemFile(clientKey, otherwise: noClient) { file throws(TracingConfigurationError) in _ = try file.privateKey() }
        // One of the two that was complained of takes the other with it.
        func isUnset(_ variables: [String]) -> Bool { variables.allSatisfy { text($0) == nil } }
        let isComplete = (certificateFile == nil) == (keyFile == nil)
        guard isComplete || isUnset(clientKey) || isUnset(clientCertificate) else { return tls }
        let client = TLSClientConfiguration(clientCertificateFile: certificateFile, clientKeyFile: keyFile)
        do throws(TracingConfigurationError) {
            _ = try client.forNIOSSL(names)
            tls.clientCertificateFile = certificateFile
            tls.clientKeyFile = keyFile
        } catch {
            let lone = keyFile == nil ? clientCertificate : clientKey
            warn(lone.first { text($0) != nil } ?? "", error.message, instead: noClient)
        }
        return tls
    }

    private func pemFile(
        _ variables: [String],
        otherwise fallback: String,
        check: (PEMFile) throws(TracingConfigurationError) -> Void
    ) -> String? {
        value(variables, otherwise: fallback) { path, variable throws(Mistake) in
            guard !path.contains("-----BEGIN") else {
                throw Mistake(reason: "it holds the PEM text itself; expected the path of a PEM file", hidesValue: true)
            }
            do throws(TracingConfigurationError) {
                try check(try PEMFile(path, setting: variable))
            } catch {
                throw Mistake(error)
            }
            return path
        }
    }
}

extension EndpointText {
    /// - Returns: the text.
    func checkedForGRPC(_ names: ExporterNames) throws(TracingConfigurationError) -> String {
        let isGood = mistake(names) == nil && ["http", "https", "grpc"].contains(scheme ?? "http") && HostAndPort(authority) != nil
        guard isGood else {
            let reason = mistake(names) ?? "unknown scheme, no host, or a bad port"
            throw .endpoint(self, reason, names, expected: "host:port or http(s)://host:port")
        }
        return text
    }
}

extension EnvironmentReader.Mistake {
    /// The error tells the value where that is allowed.
    fileprivate init(_ error: TracingConfigurationError) {
        self.init(reason: error.message, hidesValue: true)
    }
}
