// The algorithms of OpenSSL's provider, fetched once: looking them up by name at every use costs more than the use itself.
// Nothing outside this module sees an OpenSSL pointer.

import COpenSSL

/// Algorithms fetched once for the life of the process; nil where the installed OpenSSL lacks one.
enum OpenSSL {
    nonisolated(unsafe) static let sha256 = unsafe EVP_MD_fetch(nil, "SHA2-256", nil)
    nonisolated(unsafe) static let aes256GCM = unsafe EVP_CIPHER_fetch(nil, "AES-256-GCM", nil)
    nonisolated(unsafe) static let aes256CBC = unsafe EVP_CIPHER_fetch(nil, "AES-256-CBC", nil)

    /// Empties this thread's queue of OpenSSL errors, which otherwise grows and is mistaken for a later failure (libcurl
    /// on another thread has its own).
    static func clearErrors() {
        ERR_clear_error()
    }
}

/// Overwrites bytes that were secret.
func cleanse(_ bytes: inout [UInt8]) {
    unsafe bytes.withUnsafeMutableBytes { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
}
