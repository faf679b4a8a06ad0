// Asks an address over HTTP and reads the clock of what answers. Judges nothing.

package import HTTPClient
package import Primitives
import ProviderSDK

/// The answer of an address.
package struct NetworkAnswer: Sendable {
    package let status: Int
    package let text: String
    /// How far this machine's clock is ahead of the other one; nil when the answer has no date.
    package let clockLead: Duration?
}

/// Asks addresses over HTTP.
package struct NetworkQuestion: Sendable {
    let client: HTTPClient
    let time: TimeSource
    private let timeMax: Duration

    /// - Parameters:
    ///   - client: follows the proxies and the address policy of the installation.
    ///   - timeMax: the time for one question.
    package init(client: HTTPClient, time: TimeSource = .system, timeMax: Duration = DoctorLimits.questionTimeMax) {
        self.client = client
        self.time = time
        self.timeMax = timeMax
    }

    /// Returns the answer to a GET of `url`.
    ///
    /// - Parameter isDirect: whether no proxy is used.
    package func ask(_ url: String, isDirect: Bool = false) async throws(HTTPClientError) -> NetworkAnswer {
        var request = HTTPClient.Request(
            url: url, timeouts: .init(connect: timeMax, firstByte: timeMax, total: timeMax),
            responseBodyBytesMax: DoctorLimits.answerBytesMax)
        request.isDirect = isDirect
        return answer(try await client.send(request))
    }

    func answer(_ response: HTTPClient.Response) -> NetworkAnswer {
        let date = response.headers["date"].flatMap { Timestamp(httpDate: $0) }
        return NetworkAnswer(
            status: response.status, text: String(decoding: response.body, as: UTF8.self),
            clockLead: date.map { .milliseconds(time.millisecondsSince1970 - $0.milliseconds) })
    }
}
