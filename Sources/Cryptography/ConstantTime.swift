// Comparison of secrets. Time depends on the lengths alone, never on where the first difference is.

import COpenSSL

/// Whether two byte sequences are equal.
///
/// Takes the same time wherever they differ. Lengths are not hidden.
public func constantTimeEquals(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    guard left.count > 0 else { return true }
    return unsafe left.withUnsafeBufferPointer { left in
        unsafe right.withUnsafeBufferPointer { right in
            unsafe CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
        }
    }
}

/// Whether two byte arrays are equal.
///
/// Takes the same time wherever they differ. Lengths are not hidden.
public func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    constantTimeEquals(left.span, right.span)
}

/// Whether two strings have the same UTF-8 bytes (not: are canonically equivalent), in time independent of the content.
public func constantTimeEquals(_ left: String, _ right: String) -> Bool {
    constantTimeEquals(left.utf8Span.span, right.utf8Span.span)
}
