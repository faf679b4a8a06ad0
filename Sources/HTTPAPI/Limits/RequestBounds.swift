// The limits of the values in requests, each with its unit in the name.

/// The limits of requests.
enum RequestBounds {
    /// Records on one page of the record stream, unless the caller asks for another number.
    static let recordPageDefault = 100
    /// The most records on one page of the record stream.
    static let recordPageMax = 1000
    /// Dead letters on one page, unless the caller asks for another number.
    static let deadLetterPageDefault = 50
    /// Dead letters that one replay can name.
    static let deadLetterIDsMax = 1000
    /// Deliveries on one page, unless the caller asks for another number.
    static let webhookDeliveryPageDefault = 50
    /// The most deliveries on one page.
    static let webhookDeliveryPageMax = 100
    /// Users or connections on one page of a list of all users, unless the caller asks for another number.
    static let userPageDefault = 50
    /// The most users or connections on one page of a list of all users.
    static let userPageMax = 200
    /// Lines of the audit log on one page, unless the caller asks for another number.
    static let auditPageDefault = 100
    /// The most lines of the audit log on one page.
    static let auditPageMax = 1000
    /// Bytes of a user's id.
    static let userIDBytesMax = 1024
    /// Bytes of an idempotency key.
    static let idempotencyKeyBytesMax = 255
    /// Bytes of a provider or integration id.
    static let serviceBytesMax = 128
    /// Entries of a permissions list.
    static let permissionsMax = 64
    /// Bytes of one permission.
    static let permissionBytesMax = 128
    /// Bytes of a redirect URI or an account id.
    static let urlBytesMax = 2048
    /// Bytes of a caller's own OAuth state.
    static let callerStateBytesMax = 1024
    /// Bytes of a token that links an account.
    static let linkTokenBytesMax = 512
    /// Attributes of an external account.
    static let attributesMax = 32
    /// Bytes of an attribute's name.
    static let attributeNameBytesMax = 64
    /// Bytes of an attribute's text.
    static let attributeBytesMax = 1024
}
