// One libcurl easy handle: set up once with everything that holds for all requests, then lent to one transfer after another.
// Nothing of one transfer may be left when the next begins.

import CCurl
import Primitives

/// A libcurl easy handle of the worker's pool.
///
/// Used by the worker's thread alone.
@safe final class EasyHandle {
    let pointer: UnsafeMutableRawPointer
    private(set) var transfer: Transfer?
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private var nameList: UnsafeMutablePointer<curl_slist>?

    /// A handle with the options that hold for every request; nil when memory is exhausted.
    init?(_ configuration: HTTPClient.Configuration) {
        guard let handle = unsafe curl_easy_init() else { return nil }
        unsafe pointer = handle
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe setUp(handle, context, configuration)
    }

    deinit {
        unsafe curl_easy_cleanup(pointer)
        unsafe curl_slist_free_all(headerList)
        unsafe curl_slist_free_all(nameList)
    }

    private func setUp(
        _ handle: UnsafeMutableRawPointer, _ context: UnsafeMutableRawPointer, _ configuration: HTTPClient.Configuration
    ) {
        unsafe cc_setopt_ptr(handle, CURLOPT_PRIVATE, context)
        unsafe cc_setopt_long(handle, CURLOPT_NOSIGNAL, 1)
        // A resolver thread that is still at work is left to itself when its transfer ends, instead of being waited for.
        unsafe cc_setopt_long(handle, CURLOPT_QUICK_EXIT, 1)
        unsafe cc_setopt_str(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        unsafe cc_setopt_long(handle, CURLOPT_FOLLOWLOCATION, 0)
        // The answer of a proxy to CONNECT is not the answer to the request.
        unsafe cc_setopt_long(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        unsafe cc_setopt_long(handle, CURLOPT_HEADEROPT, CC_HEADER_SEPARATE)
        unsafe cc_setopt_long(handle, CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        unsafe cc_setopt_long(handle, CURLOPT_PATH_AS_IS, 1)
        unsafe cc_setopt_long(handle, CURLOPT_HTTP09_ALLOWED, 0)
        unsafe cc_setopt_long(
            handle, CURLOPT_HTTP_VERSION, configuration.allowsHTTP2 ? CC_HTTP_VERSION_2TLS : CC_HTTP_VERSION_1_1)
        unsafe cc_setopt_long(handle, CURLOPT_SSL_VERIFYPEER, 1)
        unsafe cc_setopt_long(handle, CURLOPT_SSL_VERIFYHOST, 2)
        unsafe cc_setopt_long(handle, CURLOPT_SSLVERSION, CC_SSLVERSION_TLSV1_2)
        if let file = configuration.certificateAuthoritiesFile {
            unsafe cc_setopt_str(handle, CURLOPT_CAINFO, file)
            unsafe cc_setopt_str(handle, CURLOPT_CAPATH, nil)
        }
        unsafe cc_setopt_str(handle, CURLOPT_USERAGENT, configuration.userAgent)
        // libcurl also takes a coding apart that was not asked for. What it gives is counted, not what came over the wire.
        unsafe cc_setopt_str(handle, CURLOPT_ACCEPT_ENCODING, "gzip, deflate")
        unsafe cc_setopt_long(handle, CURLOPT_BUFFERSIZE, HTTPClientLimits.receiveBufferBytes)
        unsafe cc_setopt_long(handle, CURLOPT_TCP_KEEPALIVE, 1)
        unsafe cc_setopt_long(handle, CURLOPT_MAXAGE_CONN, HTTPClientLimits.idleConnectionSecondsMax)
        unsafe cc_setopt_long(handle, CURLOPT_MAXLIFETIME_CONN, HTTPClientLimits.connectionLifetimeSecondsMax)
        unsafe cc_setopt_data(handle, CURLOPT_WRITEFUNCTION, receiveBody)
        unsafe cc_setopt_ptr(handle, CURLOPT_WRITEDATA, context)
        unsafe cc_setopt_data(handle, CURLOPT_HEADERFUNCTION, receiveHeader)
        unsafe cc_setopt_ptr(handle, CURLOPT_HEADERDATA, context)
        unsafe cc_setopt_opensocket(handle, openSocket)
        unsafe cc_setopt_ptr(handle, CURLOPT_OPENSOCKETDATA, context)
        unsafe cc_setopt_prereq(handle, willSend)
        unsafe cc_setopt_ptr(handle, CURLOPT_PREREQDATA, context)
        for name in configuration.fixedNames { unsafe nameList = curl_slist_append(nameList, name) }
        if !configuration.fixedNames.isEmpty { unsafe cc_setopt_slist(handle, CURLOPT_RESOLVE, nameList) }
    }

    /// Sets the handle up for one transfer.
    ///
    /// False when memory is exhausted.
    func lend(to transfer: Transfer) -> Bool {
        self.transfer = transfer
        let request = transfer.request
        var done = unsafe cc_setopt_str(pointer, CURLOPT_URL, request.url) == CURLE_OK
        // An empty text keeps libcurl from the environment; which hosts are excepted is decided before.
        done = unsafe cc_setopt_str(pointer, CURLOPT_PROXY, transfer.proxy?.url ?? "") == CURLE_OK && done
        unsafe cc_setopt_str(pointer, CURLOPT_NOPROXY, transfer.proxy == nil ? "*" : "")
        unsafe cc_setopt_long(pointer, CURLOPT_CONNECTTIMEOUT_MS, request.timeouts.connect.roundedMilliseconds)
        // A request that must not be sent twice gets a new connection: libcurl repeats a request of any
        // its method, when a kept connection dies before the first byte of the response.
        unsafe cc_setopt_long(pointer, CURLOPT_FRESH_CONNECT, request.isReplayable ? 0 : 1)
        done = setMethod(request) && done
        done = setHeaders(request) && done
        return done
    }

    /// Has libcurl give the bytes again that there was no room for.
    func resume() { unsafe curl_easy_pause(pointer, CC_PAUSE_CONT) }

    /// Takes the handle back and forgets everything of the transfer.
    func takeBack() {
        transfer = nil
        unsafe cc_setopt_bytes(pointer, CURLOPT_COPYPOSTFIELDS, nil)
        unsafe cc_setopt_slist(pointer, CURLOPT_HTTPHEADER, nil)
        unsafe curl_slist_free_all(headerList)
        unsafe headerList = nil
    }

    private func setMethod(_ request: HTTPClient.Request) -> Bool {
        // HTTPGET first: it undoes the settings of the last request.
        unsafe cc_setopt_long(pointer, CURLOPT_NOBODY, 0)
        unsafe cc_setopt_long(pointer, CURLOPT_HTTPGET, 1)
        unsafe cc_setopt_str(pointer, CURLOPT_CUSTOMREQUEST, nil)
        switch request.method {
        case .get: return true
        case .head: return unsafe cc_setopt_long(pointer, CURLOPT_NOBODY, 1) == CURLE_OK
        case .post, .put, .patch: return setBody(request.body ?? [], request.method)
        case .delete, .options:
            guard let body = request.body else {
                return unsafe cc_setopt_str(pointer, CURLOPT_CUSTOMREQUEST, request.method.rawValue) == CURLE_OK
            }
            return setBody(body, request.method)
        }
    }

    private func setBody(_ body: [UInt8], _ method: HTTPClient.Method) -> Bool {
        unsafe cc_setopt_long(pointer, CURLOPT_POST, 1)
        unsafe cc_setopt_off(pointer, CURLOPT_POSTFIELDSIZE_LARGE, body.count)
        let copied =
            unsafe body.isEmpty
            ? cc_setopt_bytes(pointer, CURLOPT_COPYPOSTFIELDS, "")
            : body.withUnsafeBytes { unsafe cc_setopt_bytes(pointer, CURLOPT_COPYPOSTFIELDS, $0.baseAddress) }
        let named = unsafe method == .post || cc_setopt_str(pointer, CURLOPT_CUSTOMREQUEST, method.rawValue) == CURLE_OK
        return copied == CURLE_OK && named
    }

    private func setHeaders(_ request: HTTPClient.Request) -> Bool {
        var hasContentType = false
        for (name, value) in request.headers {
            if ASCII.equalIgnoringCase(name, "content-type") { hasContentType = true }
            // libcurl takes `name:` as a field to leave out, and `name;` as one with an empty value.
            guard append(value.isEmpty ? "\(name);" : "\(name): \(value)") else { return false }
        }
        if request.method != .get && request.method != .head {
            // Neither the form type that libcurl assumes for every body, nor a round trip to ask whether to send it.
            if !hasContentType { guard append("Content-Type:") else { return false } }
            guard append("Expect:") else { return false }
        }
        return unsafe cc_setopt_slist(pointer, CURLOPT_HTTPHEADER, headerList) == CURLE_OK
    }

    private func append(_ line: String) -> Bool {
        guard let list = unsafe curl_slist_append(headerList, line) else { return false }
        unsafe headerList = list
        return true
    }

    /// The number of bytes of the current request's head that were handed to the connection.
    var sentByteCount: Int {
        var count = 0
        unsafe cc_getinfo_long(pointer, CURLINFO_REQUEST_SIZE, &count)
        return count
    }

    /// The handle behind the pointer that libcurl keeps for it.
    static func of(_ context: UnsafeMutableRawPointer?) -> EasyHandle? {
        guard let context = unsafe context else { return nil }
        return unsafe Unmanaged<EasyHandle>.fromOpaque(context).takeUnretainedValue()
    }
}

extension Duration {
    /// Whole milliseconds, rounded up; 0 for a negative duration.
    var roundedMilliseconds: Int { max(0, Int((nanoseconds + 999_999) / 1_000_000)) }
}

private let receiveBody: @convention(c) (UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?) -> Int = {
    bytes, _, count, context in
    let piece = unsafe UnsafeRawBufferPointer(start: bytes, count: count)
    guard let transfer = unsafe EasyHandle.of(context)?.transfer else { return -1 }
    return switch unsafe transfer.receive(body: piece) {
    case .kept: count
    case .later: CC_WRITEFUNC_PAUSE
    case .refused: -1
    }
}

private let receiveHeader: @convention(c) (UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?) -> Int = {
    bytes, _, count, context in
    let line = unsafe UnsafeRawBufferPointer(start: bytes, count: count)
    guard let transfer = unsafe EasyHandle.of(context)?.transfer else { return -1 }
    return unsafe transfer.receive(headerLine: line) ? count : -1
}

private let openSocket:
    @convention(c) (UnsafeMutableRawPointer?, curlsocktype, UnsafeMutablePointer<curl_sockaddr>?) -> curl_socket_t = {
        context, _, address in
        guard let transfer = unsafe EasyHandle.of(context)?.transfer, let address = unsafe address else {
            return CC_SOCKET_BAD
        }
        return unsafe transfer.openSocket(address)
    }

private let willSend:
    @convention(c) (
        UnsafeMutableRawPointer?, UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<CChar>?, Int32, Int32
    ) -> Int32 = { context, peer, _, _, _ in
        guard let transfer = unsafe EasyHandle.of(context)?.transfer else { return CURL_PREREQFUNC_ABORT }
        return unsafe transfer.willSend(peer: peer) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
    }
