// Reads a verified delivery by the tables of WebhookAnswer and WebhookEvents. It holds no state.

extension WebhookScheme {
    /// What `delivery` means: the first answer that fits, and the events.
    ///
    /// Changes under the same account, mode and id are one event.
    ///
    /// - Throws: a permanent ``ProviderError`` with the status of an answer that refuses the delivery.
    public func outcome(of delivery: WebhookDelivery) throws(ProviderError) -> WebhookOutcome {
        var outcome = WebhookOutcome()
        guard !answers.isEmpty || !events.isEmpty else { return outcome }
        let facts = delivery.facts
        if let answer = answers.first(where: { $0.where?.isMet(by: facts, now: delivery.receivedAt) ?? true }) {
            guard answer.status < 400 else {
                throw ProviderError(.permanent, answer.refusal, status: answer.status)
            }
            outcome.status = answer.status
            outcome.headers = answer.headers
            outcome.reply = try answer.reply(to: facts, now: delivery.receivedAt)
        }
        let isAnswered = outcome.reply != nil || outcome.status != 200
        var ignored: [[WebhookOutcome.IgnoredReason]] = []
        for events in events where events.where?.isMet(by: facts, now: delivery.receivedAt) ?? true {
            let found = events.events(in: facts, now: delivery.receivedAt)
            for event in found.events { outcome.add(event) }
            ignored.append(found.events.isEmpty ? found.ignored : [])
            if !found.events.isEmpty { for reason in found.ignored { outcome.ignored[reason, default: 0] += 1 } }
        }
        // The tables are alternatives: a delivery that one of them reads is no concern of the others. A ping holds no event.
        guard outcome.events.isEmpty, !events.isEmpty, !isAnswered else { return outcome }
        // A table that knows the kind of the event came further than one that does not.
        let known = ignored.first { $0.contains(.noAccount) } ?? ignored.first { !$0.isEmpty }
        for reason in known ?? [.noEvents] { outcome.ignored[reason, default: 0] += 1 }
        return outcome
    }
}

extension WebhookDelivery {
    /// The object that answers and events look into.
    fileprivate var facts: JSONValue {
        let body = (try? JSONValue.parse(body)) ?? .null
        let headers = headers.map { (key: $0.name.lowercased(), value: JSONValue.string($0.value)) }
        return .object([("body", body), ("headers", .object(headers))])
    }
}

extension WebhookAnswer {
    fileprivate func reply(to facts: JSONValue, now: Timestamp) throws(ProviderError) -> JSONValue? {
        guard !reply.isEmpty else { return nil }
        var run = MappingRun(record: facts, sourceID: "", now: now)
        do {
            try run.object { (run) throws(MappingFailure) in
                for field in reply { try run.write(field, from: facts, path: "") }
            }
            return try JSONValue.parse(run.writer.bytes)
        } catch {
            throw ProviderError(.permanent, "The answer to the delivery cannot be made: \(error).", status: 400)
        }
    }
}

extension WebhookEvents {
    fileprivate func events(
        in facts: JSONValue, now: Timestamp
    ) -> (events: [WebhookOutcome.Event], ignored: [WebhookOutcome.IgnoredReason]) {
        var events: [WebhookOutcome.Event] = []
        var ignored: [WebhookOutcome.IgnoredReason] = []
        for item in items(in: facts) where itemWhere?.isMet(by: item, now: now) ?? true {
            do throws(Ignored) { events.append(try event(in: item, now: now)) } catch { ignored.append(error.reason) }
        }
        return (events, ignored)
    }

    /// Why an item is no event.
    private struct Ignored: Error {
        let reason: WebhookOutcome.IgnoredReason
    }

    /// The delivery once for each event, with the event as `item`.
    private func items(in facts: JSONValue) -> [JSONValue] {
        var items = [facts]
        for (level, path) in each.enumerated() {
            items = items.flatMap { outer -> [JSONValue] in
                let holder = level == 0 ? outer : outer["item"] ?? .null
                guard let found = path.first(in: holder) else { return [] }
                let elements = found.array ?? (found.kind == .object ? [found] : [])
                return elements.map { .object((facts.members ?? []) + [("item", $0), ("parent", holder)]) }
            }
        }
        return items
    }

    private func event(in facts: JSONValue, now: Timestamp) throws(Ignored) -> WebhookOutcome.Event {
        guard let rule = effects.first(where: { $0.where.isMet(by: facts, now: now) }),
            let effect = effect(rule.effect, in: facts)
        else { throw Ignored(reason: .noMeaning) }
        guard let account = text(accountPaths(for: facts, now: now), in: facts) else {
            throw Ignored(reason: .noAccount)
        }
        var moment = at.lazy.compactMap { $0.first(in: facts).flatMap(Timestamp.init(anyForm:)) }.first
        // Without a moment the host asks the provider whether the grant is alive.
        if rule.effect == .mayBeRevoked { moment = nil }
        var event = WebhookOutcome.Event(
            id: joined(id, in: facts), accountID: account, effect: effect, occurredAt: moment)
        event.mode = text(mode, in: facts)
        return event
    }

    private func accountPaths(for facts: JSONValue, now: Timestamp) -> [ValuePath] {
        guard !accounts.isEmpty else { return account }
        return accounts.first { $0.where?.isMet(by: facts, now: now) ?? true }?.paths ?? []
    }

    private func effect(_ effect: Effect, in facts: JSONValue) -> WebhookOutcome.Event.Effect? {
        switch effect {
        case .changed(let dataTypes): .changed(dataTypes: dataTypes)
        case .deleted(let dataType, let sourceID):
            joined(sourceID, in: facts).map { .deleted(dataType: dataType, sourceIDs: [$0]) }
                ?? .changed(dataTypes: [dataType])
        case .revoked, .mayBeRevoked: .revoked
        case .ignored: nil
        }
    }

    /// The first text at one of `paths`; nil without one.
    private func text(_ paths: [ValuePath], in facts: JSONValue) -> String? {
        paths.lazy.compactMap { $0.first(in: facts)?.scalarText }.first { !$0.isEmpty }
    }

    /// The texts at `paths`, joined; nil when one is missing.
    private func joined(_ paths: [ValuePath], in facts: JSONValue) -> String? {
        let texts = paths.compactMap { text([$0], in: facts) }
        return !paths.isEmpty && texts.count == paths.count ? texts.joined(separator: "-") : nil
    }
}

extension WebhookOutcome {
    /// Adds `event`, or what it changes to the event that it repeats.
    fileprivate mutating func add(_ event: Event) {
        guard case .changed(let dataTypes) = event.effect,
            let index = events.firstIndex(where: { $0.isChange(of: event) }),
            case .changed(let known) = events[index].effect
        else { return events.append(event) }
        events[index].effect = .changed(dataTypes: known + dataTypes.filter { !known.contains($0) })
        events[index].occurredAt = [events[index].occurredAt, event.occurredAt].compactMap(\.self).max()
    }
}

extension WebhookOutcome.Event {
    /// Whether both report changes in the same account under one id.
    fileprivate func isChange(of other: WebhookOutcome.Event) -> Bool {
        guard case .changed = effect else { return false }
        return accountID.utf8.elementsEqual(other.accountID.utf8) && mode == other.mode && id == other.id
    }
}
