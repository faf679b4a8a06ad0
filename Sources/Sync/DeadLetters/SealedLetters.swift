// Seals the records of dead letters again with the primary key, and lists their sealed texts. The letters lie in the
// record streams. This reads every stream that has letters, so it runs by command only.

package import ConnectionModel
import ProviderSDK
package import RecordStore
import StoreFiles
package import Users

/// The dead letters of connections as sealed texts.
package struct SealedLetters: SealedRecordTexts {
    package let records: Records
    package let vault: CredentialVault

    package init(records: Records, vault: CredentialVault) {
        self.records = records
        self.vault = vault
    }

    /// Letters that are read at once.
    static let batchMax = 100
    /// The retries of pages, because a sync changed the letters meanwhile.
    package static let attemptsMax = 64

    /// Seals again the records that a retired key has sealed.
    package func reseal(_ connection: Connection, user: String) async throws(ServiceError) -> ResealOutcome {
        let stream = StreamID(connection.id)
        var outcome = ResealOutcome()
        var attemptsLeft = Self.attemptsMax
        // A letter that is sealed again moves to the end. The loop meets it once more and skips it.
        var position: UInt64? = 0
        while let after = position {
            do {
                let page = try await records.current(
                    stream, dataType: DeadLetter.storedDataType, after: after, limit: Self.batchMax)
                let step = try await reseal(page, in: stream, user: user, connection: connection.id)
                outcome.resealed += step.resealed
                if outcome.unreadable.isEmpty { outcome.unreadable = step.unreadable }
                position = page.next
            } catch {
                guard case .conflict = error, attemptsLeft > 0 else { throw ServiceError(error) }
                attemptsLeft -= 1
            }
        }
        return outcome
    }

    /// Passes every sealed text to `body`.
    package func forEach(_ connection: Connection, _ body: (String) -> Void) async throws(ServiceError) {
        var position: UInt64? = 0
        while let after = position {
            do {
                let page = try await records.current(
                    StreamID(connection.id), dataType: DeadLetter.storedDataType, after: after, limit: Self.batchMax)
                for change in page.records {
                    if let sealed = DeadLetter(id: change.id, change.payload)?.sealed { body(sealed) }
                }
                position = page.next
            } catch {
                throw ServiceError(error)
            }
        }
    }

    private func reseal(
        _ page: RecordPage, in stream: StreamID, user: String, connection: String
    ) async throws(StoreError) -> ResealOutcome {
        var outcome = ResealOutcome()
        var letters = RecordBatch(dataType: DeadLetter.storedDataType)
        var dataType: String?
        for change in page.records {
            guard let letter = DeadLetter(id: change.id, change.payload), let sealed = letter.sealed,
                vault.needsResealing(sealed)
            else { continue }
            let field = DeadLetterOrigin.field(letter.id)
            do {
                let record = try vault.open(sealed, user: user, connection: connection, field: field)
                let again = letter.sealed(as: try vault.seal(record, user: user, connection: connection, field: field))
                letters.upsert(
                    id: change.id, sourceID: change.sourceID, timestampMilliseconds: letter.at.milliseconds,
                    payload: again.encoded)
                dataType = letter.dataType
                outcome.resealed += 1
            } catch {
                outcome.unreadable = [connection]
            }
        }
        guard let dataType else { return outcome }
        _ = try await records.append(
            RecordBatch(dataType: dataType),
            with: CompanionBatch(letters, expectedLastSequence: page.lastSequence), to: stream)
        return outcome
    }
}

extension DeadLetter {
    /// The letter with its record sealed again.
    fileprivate func sealed(as text: String) -> DeadLetter {
        DeadLetter(
            id: id, dataType: dataType, sourceID: sourceID, change: change, failure: failure, pluginID: pluginID,
            pluginVersion: pluginVersion, syncID: syncID, at: at, redacted: redacted, payloadBytes: payloadBytes,
            sealed: text)
    }
}
