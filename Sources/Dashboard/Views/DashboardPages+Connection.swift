// The pages about one connection: its state with its syncs, its records, its dead letters and its deliveries. They read; actions are
// elsewhere.

import ConnectionModel
import Connections
import HTTPServer
import Pages
import Primitives
import ProviderSDK
import Requests
import Sessions
import Sync
import Users

/// What the pages about one connection have in common.
struct ConnectionSubject {
    let connection: Connection
    let explanation: Explanation
    let userID: String
    /// The name of the provider.
    let provider: String

    /// The name of the account, as far as it is known.
    var account: String { connection.accountName ?? connection.accountID ?? DashboardWords.notKnownYet }

    func address(_ tab: String = "", _ more: String = "") -> String {
        DashboardParts.address(connection.id, of: userID, tab, more)
    }
}

extension DashboardPages {
    private typealias Declared = DashboardDeclarations

    /// The connection that a request names.
    ///
    /// - Throws: ``ServiceError/notFound`` when the user has no such connection.
    func subject(_ context: RouteContext) async throws(ServiceError) -> ConnectionSubject {
        guard let userID = try context[Declared.user], UserID.isValid(userID) else { throw .notFound }
        let id = try context.parameter("id")
        let (connection, explanation) = try await services.diagnoses.explain(id, of: userID)
        return ConnectionSubject(
            connection: connection, explanation: explanation, userID: userID,
            provider: services.diagnoses.name(of: connection))
    }

    /// A page about a connection, under its heading and its tabs.
    func page(
        _ subject: ConnectionSubject, tab: String, _ reader: Reader, notice: DashboardPage.Notice?, _ content: HTML
    ) -> Reply {
        let (explanation, token) = (subject.explanation, reader.formToken)
        let tabs: [(path: String, name: String, count: Int?)] = [
            ("", DashboardWords.state, nil), ("records", DashboardWords.records, nil),
            ("dead-letters", DashboardWords.deadLetters, explanation.deadLetters),
            ("deliveries", DashboardWords.deliveries, explanation.notificationsWaiting),
        ]
        let links = tabs.map { item -> HTML in
            let count: HTML =
                (item.count ?? 0) > 0
                ? #"<span class="count">\#(DashboardWords.number(item.count ?? 0))</span>"# : .none
            let current: HTML = item.path == tab ? #" aria-current="page""# : .none
            return #"<a href="\#(subject.address(item.path))"\#(current)>\#(item.name)\#(count)</a>"#
        }
        let canAct = subject.connection.isConnected && subject.connection.disconnection == nil
        let acts: HTML =
            canAct
            ? """
            \(DashboardParts.form(subject.address("sync"), DashboardWords.syncNow, token: token, look: "btn-main"))\
            \(DashboardParts.form(subject.address("refresh"), DashboardWords.refreshAccess, token: token))
            """ : .none
        let end: HTML =
            subject.connection.status == .disconnected
            ? .none
            : #"<a class="btn btn-bad" href="\#(subject.address("disconnect"))">\#(DashboardWords.disconnectMore)</a>"#
        let id = subject.connection.id
        return frame.reply(
            DashboardPage(
                heading: "\(subject.account), \(subject.provider)", place: .connections, about: id, notice: notice,
                content: """
                    <p class="crumb"><a href="/dashboard/connections">\(DashboardWords.connections)</a></p>
                    <div class="head"><div class="title">\(Parts.tile(subject.provider, id: subject.connection.service))<div>\
                    <h1>\(subject.account)</h1><p class="small soft">\(subject.provider) · <span class="mono">\(subject.userID)</span> · \
                    <span class="mono">\(id)</span></p></div></div><div class="line">\(acts)\(end)</div></div>
                    <nav class="tabs" aria-label="\(subject.account)">\(links)</nav>
                    \(content)
                    """), formToken: token)
    }

    // MARK: State

    @Sendable func show(_ context: RouteContext) async throws(ServiceError) -> Reply {
        guard let reader = reader(context) else { return signInFirst(context) }
        let subject = try await subject(context)
        let acting = reader.principal.acting(for: subject.userID)
        let recalled = try await services.connections.withHistory(subject.connection.id, of: acting)
        let latest = await services.sync.latest(subject.connection)
        return page(
            subject, tab: "", reader, notice: notice(try context[Declared.done], subject),
            """
            <div class="cols c21"><div class="cols">\(stateCard(subject))\(syncsCard(recalled.syncs, latest?.run))\
            \(dataCard(subject))</div><aside class="cols" aria-label="\(DashboardWords.about)">\(aboutCard(subject))\
            \(triedCard(subject))</aside></div>
            """)
    }

    private func stateCard(_ subject: ConnectionSubject) -> HTML {
        let explanation = subject.explanation
        let look = Look(explanation.kind)
        let notes = explanation.notes.map { "<p>\($0)</p>" as HTML }
        return """
            <section class="card edge-\(look.rawValue)" aria-label="\(DashboardWords.state)"><div class="in">\
            <div class="line apart">\(DashboardParts.status(look, DashboardWords.kind(explanation.kind, subject.provider)))\
            <span class="small soft">\(DashboardWords.className) <code>\(explanation.kind.rawValue)</code></span></div>\
            <p class="say">\(explanation.state)</p><p>\(explanation.action.what)</p>\(notes)</div></section>
            """
    }

    private func syncsCard(_ runs: [SyncRun], _ latest: SyncRun?) -> HTML {
        let now = now
        let rows = runs.prefix(DashboardLimits.syncsShownMax).map { stored -> HTML in
            let run = latest?.id == stored.id ? latest ?? stored : stored
            let (look, icon): (Look, Parts.Icon?) =
                switch run.status {
                case .running: (.wait, .arrows)
                case .completed: (.ok, nil)
                case .partial: (.warn, nil)
                case .failed: (.bad, nil)
                default: (.off, nil)
                }
            let seconds = Int((run.completedAt ?? now).duration(since: run.startedAt) / .seconds(1))
            let message: HTML = run.message.map { "<small>\($0)</small>" } ?? .none
            return """
                <tr><td>\(DashboardParts.time(run.startedAt, now: now))<small>\(run.trigger.rawValue)</small></td>\
                <td>\(DashboardParts.status(look, DashboardWords.run(run.status), isPill: false, icon: icon))\(message)</td>\
                <td class="n">\(DashboardWords.number(run.recordsSynced))</td>\
                <td class="n s">\(DashboardWords.number(run.errors))</td>\
                <td class="n s">\(DashboardWords.duration(max(0, seconds)))</td></tr>
                """
        }
        guard !rows.isEmpty else {
            return DashboardParts.card(
                DashboardWords.lastSyncs, id: "syncs", DashboardParts.empty(DashboardWords.neverSynced, ""))
        }
        return DashboardParts.card(
            DashboardWords.lastSyncs, id: "syncs",
            DashboardParts.table(
                DashboardWords.lastSyncs,
                [
                    (DashboardWords.began, ""), (DashboardWords.outcome, ""), (DashboardWords.recordsRead, "n"),
                    (DashboardWords.errors, "n s"), (DashboardWords.took, "n s"),
                ], rows), footer: HTML(text: DashboardWords.syncsKept))
    }

    private func dataCard(_ subject: ConnectionSubject) -> HTML {
        let types = subject.explanation.dataTypes
        guard !types.isEmpty else { return .none }
        let rows = types.map { type -> HTML in
            let scopes = type.missingScopes.map { #"<span class="tag">\#($0)</span> "# as HTML }
            let state =
                scopes.isEmpty
                ? DashboardParts.status(.ok, DashboardWords.nothingMissing, isPill: false)
                : HTML(scopes)
            return "<tr><td>\(type.name)</td><td>\(state)</td></tr>"
        }
        return DashboardParts.card(
            DashboardWords.dataTypes, id: "data",
            DashboardParts.table(
                DashboardWords.dataTypes, [(DashboardWords.dataType, ""), (DashboardWords.missingScopes, "")], rows))
    }

    private func aboutCard(_ subject: ConnectionSubject) -> HTML {
        let (connection, now) = (subject.connection, now)
        let permissions = connection.permissions.map { #"<span class="tag">\#($0)</span> "# as HTML }
        let end = subject.explanation.grantEndsAt.map { DashboardParts.time($0, now: now) }
        let facts: [(name: String, value: HTML?)] = [
            (DashboardWords.accountID, connection.accountID.map { "<span class=\"mono\">\($0)</span>" }),
            (DashboardWords.connected, DashboardParts.time(connection.connectedAt, now: now)),
            (DashboardWords.accessEnds, end ?? HTML(text: DashboardWords.noEnd)),
            (DashboardWords.schedule, HTML(text: DashboardWords.schedule(connection.settings.syncFrequency))),
            (DashboardWords.permissions, permissions.isEmpty ? nil : HTML(permissions)),
            (DashboardWords.notifies, HTML(text: connection.settings.webhookURL ?? DashboardWords.noOne)),
        ]
        return DashboardParts.card(
            DashboardWords.about, id: "about", "<div class=\"in\">\(DashboardParts.facts(facts))</div>")
    }

    private func triedCard(_ subject: ConnectionSubject) -> HTML {
        let (explanation, now) = (subject.explanation, now)
        let attempt = explanation.lastAttempt.map { attempt -> HTML in
            "\(attempt.operation.rawValue), \(attempt.outcome.rawValue) · \(DashboardParts.time(attempt.at, now: now))"
        }
        let facts: [(name: String, value: HTML?)] = [
            (DashboardWords.whoActs, HTML(text: DashboardWords.actor(explanation.action.by))),
            (DashboardWords.triedLast, attempt),
            (DashboardWords.providerSaid, explanation.providerCode.map { "<code>\($0)</code>" }),
            (DashboardWords.detail, explanation.detail.map { HTML(text: $0) }),
            (DashboardWords.nextTry, explanation.nextRetry.map { HTML(text: DashboardParts.date($0.at)) }),
        ]
        return DashboardParts.card(
            DashboardWords.triedLast, id: "tried", "<div class=\"in\">\(DashboardParts.facts(facts))</div>")
    }

    // MARK: Records

    @Sendable func showRecords(_ context: RouteContext) async throws(ServiceError) -> Reply {
        guard let reader = reader(context) else { return signInFirst(context) }
        let subject = try await subject(context)
        let type = try context[Declared.dataType].flatMap { $0.isEmpty ? nil : $0 }
        let position = try context[Declared.cursor].flatMap { RecordPosition($0) }
        let page: RecordReader.Page
        do throws(ServiceError) {
            page = try await services.records.read(
                subject.connection,
                RecordReader.Request(
                    position: position ?? .start, dataType: type, limit: DashboardLimits.recordPageMax))
        } catch {
            guard case .damaged = error else { throw error }
            return self.page(
                subject, tab: "records", reader,
                notice: .init(text: DashboardWords.recordsUnreadable, isProblem: true), .none)
        }
        let chosen = try context[Declared.record].flatMap { id in page.records.last { $0.id == id } }
        let here =
            (type.map { "&type=\(PercentEncoding.encode($0))" } ?? "")
            + (position.map { "&cursor=\(PercentEncoding.encode($0.text))" } ?? "")
        let types = subject.explanation.dataTypes.map { item -> HTML in
            #"<option value="\#(item.name)"\#(item.name == type ? " selected" : HTML.none)>\#(item.name)</option>"#
        }
        let filter: HTML = """
            <form class="filter" action="\(subject.address("records"))"><input type="hidden" name="user" value="\(subject.userID)">\
            <label>\(DashboardWords.dataType)<select name="type"><option value="">\(DashboardWords.all)</option>\(types)</select></label>\
            <button class="btn">\(DashboardWords.filter)</button></form>
            """
        let next: HTML =
            page.hasMore
            ? DashboardParts.link(
                subject.address(
                    "records",
                    (type.map { "&type=\(PercentEncoding.encode($0))" } ?? "")
                        + "&cursor=\(PercentEncoding.encode(page.next.text))"), DashboardWords.next) : .none
        let list =
            page.records.isEmpty
            ? DashboardParts.empty(type == nil ? DashboardWords.noRecordsAtAll : DashboardWords.noRecords, "")
            : recordTable(page.records, chosen, subject, here)
        return self.page(
            subject, tab: "records", reader, notice: nil,
            """
            \(chosen.map { recordCard($0, close: subject.address("records", here)) } ?? .none)\
            <section class="card" aria-label="\(DashboardWords.records)">\(filter)\(list)\
            <footer><div class="line apart"><span>\(DashboardWords.shown(page.records.count))</span>\(next)</div></footer></section>
            """)
    }

    private func recordTable(
        _ records: [SyncedRecord], _ chosen: SyncedRecord?, _ subject: ConnectionSubject, _ here: String
    ) -> HTML {
        let now = now
        let rows = records.map { record -> HTML in
            let address = subject.address("records", here + "&record=\(PercentEncoding.encode(record.id))")
            let reach: HTML = record.isOutOfReach ? "<small>\(DashboardWords.outOfReach)</small>" : .none
            return """
                <tr class="\(record.id == chosen?.id ? "sel" : "")"><td><a class="mono" href="\(address)">\(record.id)</a>\(reach)</td>\
                <td class="s">\(record.dataType)</td><td>\(record.change.rawValue)</td>\
                <td class="s">\(DashboardParts.time(record.updatedAt, now: now))</td></tr>
                """
        }
        return DashboardParts.table(
            DashboardWords.records,
            [
                (DashboardWords.record, ""), (DashboardWords.dataType, "s"), (DashboardWords.change, ""),
                (DashboardWords.updated, "s"),
            ], rows)
    }

    private func recordCard(_ record: SyncedRecord, close: String) -> HTML {
        DashboardParts.card(
            record.id, id: "record", aside: DashboardParts.link(close, DashboardWords.close),
            "<div class=\"in\">\(DashboardParts.json(record.json))</div>", footer: HTML(text: DashboardWords.recordData)
        )
    }

    // MARK: Dead letters

    @Sendable func showLetters(_ context: RouteContext) async throws(ServiceError) -> Reply {
        guard let reader = reader(context) else { return signInFirst(context) }
        let subject = try await subject(context)
        let page = try await services.deadLetters.list(
            subject.connection.id, of: subject.userID, DeadLetterService.Selection(), after: 0,
            limit: DashboardLimits.letterPageMax)
        let notice = notice(try context[Declared.done], subject)
        guard page.total > 0 else {
            return self.page(
                subject, tab: "dead-letters", reader, notice: notice,
                #"<section class="card" aria-label="\#(DashboardWords.deadLetters)">\#(DashboardParts.empty(DashboardWords.noLetters, ""))</section>"#
            )
        }
        let now = now
        let rows = page.letters.map { letter -> HTML in
            """
            <tr><td>\(letter.dataType)<small class="mono">\(letter.sourceID ?? "–")</small></td>\
            <td><code>\(letter.failure.field)</code><small>\(letter.failure.rule)</small></td><td>\(letter.failure.problem)\
            <details><summary>\(DashboardWords.source)</summary>\(DashboardParts.json(letter.redacted))</details></td>\
            <td class="s">\(DashboardParts.time(letter.at, now: now))</td></tr>
            """
        }
        let form = DashboardParts.form(
            subject.address("dead-letters"), DashboardWords.replay, token: reader.formToken, look: "btn-s")
        return self.page(
            subject, tab: "dead-letters", reader, notice: notice,
            DashboardParts.card(
                DashboardWords.letters(page.total), id: "letters", aside: form,
                DashboardParts.table(
                    DashboardWords.deadLetters,
                    [
                        (DashboardWords.dataType, ""), (DashboardWords.field, ""), (DashboardWords.why, ""),
                        (DashboardWords.updated, "s"),
                    ], rows), footer: HTML(text: DashboardWords.shown(page.letters.count))))
    }

    // MARK: Deliveries

    @Sendable func showDeliveries(_ context: RouteContext) async throws(ServiceError) -> Reply {
        guard let reader = reader(context) else { return signInFirst(context) }
        let subject = try await subject(context)
        let acting = reader.principal.acting(for: subject.userID)
        let recalled = try await services.connections.withHistory(subject.connection.id, of: acting)
        var notice = notice(try context[Declared.done], subject)
        if recalled.webhook.disabledAt != nil { notice = .init(text: DashboardWords.endpointGone, isProblem: true) }
        let events = (recalled.outbox.reversed() + recalled.webhook.log).prefix(DashboardLimits.deliveryPageMax)
        let url = recalled.settings.webhookURL
        guard !events.isEmpty else {
            let text = url == nil ? DashboardWords.noURL : DashboardWords.noDeliveries
            return page(
                subject, tab: "deliveries", reader, notice: notice,
                #"<section class="card" aria-label="\#(DashboardWords.deliveries)">\#(DashboardParts.empty(text, ""))</section>"#
            )
        }
        let rows = events.map { deliveryRow($0, subject, reader, isSendable: url != nil) }
        return page(
            subject, tab: "deliveries", reader, notice: notice,
            DashboardParts.card(
                DashboardWords.deliveries, id: "deliveries",
                aside: #"<span class="small soft">\#(url ?? DashboardWords.noURL)</span>"#,
                DashboardParts.table(
                    DashboardWords.deliveries,
                    [
                        (DashboardWords.event, ""), (DashboardWords.state, ""), (DashboardWords.attempts, "n s"),
                        (DashboardWords.lastAttempt, "s"), (DashboardWords.sendAgain, "n"),
                    ], rows)))
    }

    private func deliveryRow(
        _ event: ConnectionEvent, _ subject: ConnectionSubject, _ reader: Reader, isSendable: Bool
    ) -> HTML {
        let (delivery, now) = (event.delivery, now)
        let status: HTML =
            switch delivery.end {
            case .delivered: DashboardParts.status(.ok, DashboardWords.delivered, isPill: false)
            case .failed: DashboardParts.status(.bad, DashboardWords.given, isPill: false)
            case nil: DashboardParts.status(.wait, DashboardWords.waits, isPill: false)
            }
        let last = delivery.attempts.last
        let answer: HTML =
            last.map { attempt -> HTML in
                let code = attempt.status.map { " \($0)" } ?? ""
                return
                    "\(DashboardParts.time(attempt.at, now: now))<small>\(attempt.outcome.shown.rawValue)\(code)</small>"
            } ?? HTML(text: DashboardWords.never)
        let again: HTML =
            isSendable
            ? DashboardParts.form(
                subject.address("deliveries"), DashboardWords.sendAgain, token: reader.formToken, look: "btn-s",
                extra: #"<input type="hidden" name="event" value="\#(event.id)">"#) : .none
        return """
            <tr><td><code>\(event.kind.rawValue)</code><small>\(DashboardParts.time(event.at, now: now))</small></td><td>\(status)</td>\
            <td class="n s">\(delivery.attempts.count)</td><td class="s">\(answer)</td><td class="n">\(again)</td></tr>
            """
    }
}
