// Standard output, unbuffered. Knows nothing of what is written.

import Glibc

/// Writes to standard output at once, so that a reader that waits for a line gets it.
package enum StandardOutput {
    /// Writes `text` and a line feed.
    package static func line(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        unsafe bytes.withUnsafeBytes { bytes in _ = unsafe write(STDOUT_FILENO, bytes.baseAddress, bytes.count) }
    }
}
