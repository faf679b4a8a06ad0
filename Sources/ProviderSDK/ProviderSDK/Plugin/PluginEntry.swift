// The two C symbols through which a host and a plugin meet. The version is checked before any Swift of the plugin is called, so a
// plugin built for an incompatible SDK is refused and does not crash.

/// The version of this SDK as plugins are built against it.
public enum SDKVersion {
    /// The number of the version that the calling code was compiled with: `major << 16 | minor`.
    ///
    /// The body is compiled into the caller, so a plugin reports the SDK it was built for, not the one it runs with.
    @export(implementation)
    public static var compiled: UInt32 { 1 << 16 | 1 }

    /// The version as text, such as `1.1`.
    public static func text(_ version: UInt32) -> String { "\(version >> 16).\(version & 0xFFFF)" }
}

/// The entry points of a plugin.
///
/// A plugin exports both, like this:
///
/// ```swift
/// @c(integration_host_plugin_sdk_version)
/// public func pluginSDKVersion() -> UInt32 { SDKVersion.compiled }
///
/// @c(integration_host_plugin_make_provider)
/// public func makeProvider() -> UInt { PluginEntry.export(AcmeProvider()) }
/// ```
public enum PluginEntry {
    /// The C symbol that returns the version of the SDK the plugin was built for.
    public static let versionSymbol = "integration_host_plugin_sdk_version"
    /// The C symbol that makes the provider.
    public static let makeSymbol = "integration_host_plugin_make_provider"

    private final class Box: Sendable {
        let provider: any Provider
        init(_ provider: any Provider) { self.provider = provider }
    }

    /// Hands `provider` across the C boundary; the value is good for one ``take(_:)``.
    public static func export(_ provider: any Provider) -> UInt {
        unsafe UInt(bitPattern: Unmanaged.passRetained(Box(provider)).toOpaque())
    }

    /// The provider behind a value of ``export(_:)``; nil for zero.
    ///
    /// For hosts. Calling it with anything but a fresh value of ``export(_:)`` is undefined.
    @unsafe
    public static func take(_ handle: UInt) -> (any Provider)? {
        guard let pointer = unsafe UnsafeRawPointer(bitPattern: handle) else { return nil }
        return unsafe Unmanaged<Box>.fromOpaque(pointer).takeRetainedValue().provider
    }
}
