// Formats the sources of what a plugin says about its provider. It knows no command.

import ProviderSDK

extension ProviderFacts {
    /// What the facts were compared with and when, the sources, and the facts without a source.
    package var lines: [String] {
        let compared =
            switch verified {
            case .documentation: "verified against documentation on \(date)"
            case .standIn: "verified against a stand-in only, on \(date)"
            case .live: "verified against the provider on \(date)"
            @unknown default: "\(verified.rawValue) on \(date)"
            }
        return [compared] + sources.map { "source \($0)" } + unverified.map { "unverified \($0.place): \($0.note)" }
    }
}
