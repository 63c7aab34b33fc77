internal import TraceModel

/// What exporters read: endpoints, headers, TLS files. All are checked here, so that what is wrong is said once, at the start.
extension EnvironmentReader {
    /// An endpoint of HTTP.
    ///
    /// - Parameter complete: makes the URL from the one that the variable holds.
    func httpEndpoint(
        _ variables: [String],
        _ names: ExporterNames,
        default fallback: String,
        complete: (_ url: String, _ variable: String) -> String = { url, _ in url }
    ) -> String {
        value(variables, default: fallback) { text, variable throws(Mistake) in
            do throws(TracingConfigurationError) {
                return complete(try HTTPEndpoint(text, names: names).url, variable)
            } catch {
                throw Mistake(error)
            }
        }
    }

    /// An endpoint of gRPC, as ``GRPCEndpoint`` reads it; a path, which other SDKs overlook, is taken off with a warning.
    func grpcEndpoint(_ variables: [String], _ names: ExporterNames, default fallback: String) -> String {
        value(variables, default: fallback) { text, variable throws(Mistake) in
            let parts = EndpointText(text)
            let path = parts.scheme == "dns" || text.hasPrefix("unix:") || parts.path == "/" ? "" : parts.path
            let pathless = String(text.dropLast(path.count))
            do throws(TracingConfigurationError) {
                try GRPCEndpoint.check(pathless, names)
            } catch {
                throw Mistake(error)
            }
            if !path.isEmpty {
                warn(variable, "\(variable): the path \"\(path)\" is left out, it means nothing to gRPC; \(names.otherProtocol).")
            }
            return pathless
        }
    }

    /// Request headers, names in lower case; of a name that is there twice the last value counts. A list with any mistake is
    /// ignored as a whole.
    func headers(_ variables: [String], _ names: ExporterNames) -> [String: String] {
        let headers = value(variables, otherwise: "no headers are added") { text, _ throws(Mistake) in
            var headers: [String: String] = [:]
            for pair in try Self.pairs(text) { headers[pair.key.lowercased()] = pair.value }
            do throws(TracingConfigurationError) {
                if names.isGRPC { _ = try GRPCMetadata.checked(headers, names: names) }
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
            _ = try TLSMaterial(client, names: names)
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

extension EnvironmentReader.Mistake {
    /// The error tells the value where that is allowed.
    fileprivate init(_ error: TracingConfigurationError) {
        self.init(reason: error.message, hidesValue: true)
    }
}
