// The entry points through which the host finds this plugin.

import ProviderSDK

/// The SDK version this plugin was built for.
@c(integration_host_plugin_sdk_version)
public func pluginSDKVersion() -> UInt32 { SDKVersion.compiled }

/// Makes the provider.
@c(integration_host_plugin_make_provider)
public func makeProvider() -> UInt { PluginEntry.export(PierProvider()) }
