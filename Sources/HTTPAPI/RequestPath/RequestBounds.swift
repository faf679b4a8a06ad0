// The bounds of what requests may ask for, each with its unit in the name.

/// The bounds of requests.
enum RequestBounds {
    /// Records of one page of the record stream, unless the caller asks for fewer or more.
    static let recordPageDefault = 100
    /// Records of one page of the record stream.
    static let recordPageMax = 1000
    /// Dead letters of one page, unless the caller asks for fewer or more.
    static let deadLetterPageDefault = 50
    /// Dead letters that one replay can name.
    static let deadLetterIDsMax = 1000
    /// Deliveries on one page, unless the caller asks for fewer or more.
    static let webhookDeliveryPageDefault = 50
    /// Deliveries on one page.
    static let webhookDeliveryPageMax = 100
    /// Bytes of an idempotency key.
    static let idempotencyKeyBytesMax = 255
}
