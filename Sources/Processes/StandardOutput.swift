// Standard output and standard error, unbuffered. Nothing that is written acts on the terminal. Knows nothing of what is written.

import Glibc
import Primitives

/// Writes to standard output at once, so that a reader that waits for a line gets it.
package enum StandardOutput {
    /// Writes `text` and a line feed.
    package static func line(_ text: String) { write(line: text, to: STDOUT_FILENO) }
}

/// Writes messages to the person at the terminal that are not events of the log.
package enum StandardError {
    /// Writes the name of a program, `text` and a line feed.
    package static func line(_ text: String, of program: String) {
        // A reader that has stopped reading must not keep the process from ending.
        var ready = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        guard unsafe poll(&ready, 1, 1000) > 0 else { return }
        write(line: "\(program): \(text)", to: STDERR_FILENO)
    }
}

private func write(line text: String, to descriptor: Int32) {
    let bytes = VisibleText.escaping(Array((text + "\n").utf8))
    unsafe bytes.withUnsafeBytes { bytes in _ = unsafe write(descriptor, bytes.baseAddress, bytes.count) }
}
