// Slack's events: the challenge, what changed, what is gone, when the grant has ended.

import ProviderSDK
import Testing

@testable import Slack

@Suite("Slack events", .timeLimit(.minutes(2)))
struct SlackWebhookTests {
    func outcome(_ body: String) throws -> WebhookOutcome {
        try SlackProvider().outcome(of: WebhookDelivery(headers: [], body: Array(body.utf8), receivedAt: .epoch))
    }

    func event(_ event: String, team: String = #""team_id":"T1""#) throws -> WebhookOutcome.Event? {
        try outcome(
            #"{"type":"event_callback",\#(team),"api_app_id":"A1","event_id":"Ev1","event_time":1704067200,"event":\#(event)}"#
        ).events.first
    }

    @Test("The challenge is echoed")
    func echoesChallenge() throws {
        let outcome = try outcome(#"{"token":"t","challenge":"3eZbrw1a","type":"url_verification"}"#)
        #expect(outcome.status == 200)
        #expect(outcome.reply == ["challenge": "3eZbrw1a"])
        #expect(outcome.events.isEmpty)
    }

    @Test(
        "Each event tells what it does to the connection",
        arguments: [
            (
                #"{"type":"message","channel":"C1","channel_type":"channel","ts":"1.0"}"#,
                .changed(dataTypes: ["messages"])
            ),
            (
                #"{"type":"message","channel":"G1","channel_type":"group","ts":"1.0"}"#,
                .changed(dataTypes: ["messages"])
            ),
            (
                #"{"type":"message","subtype":"message_changed","channel":"C1","message":{"ts":"1.0"}}"#,
                .changed(dataTypes: ["messages"])
            ),
            (
                #"{"type":"message","subtype":"message_deleted","channel":"C1","deleted_ts":"1503435956.000247"}"#,
                .deleted(dataType: "messages", sourceIDs: ["C1-1503435956.000247"])
            ), (#"{"type":"message","channel":"D1","channel_type":"im","ts":"1.0"}"#, nil),
            (#"{"type":"message","channel":"G2","channel_type":"mpim","ts":"1.0"}"#, nil),
            (#"{"type":"message","subtype":"message_deleted","channel":"C1"}"#, .changed(dataTypes: ["messages"])),
            (#"{"type":"channel_created","channel":{"id":"C1"}}"#, .changed(dataTypes: ["channels"])),
            (#"{"type":"channel_rename","channel":{"id":"C1"}}"#, .changed(dataTypes: ["channels"])),
            (#"{"type":"channel_archive","channel":"C1"}"#, .changed(dataTypes: ["channels"])),
            (#"{"type":"channel_unarchive","channel":"C1"}"#, .changed(dataTypes: ["channels"])),
            (#"{"type":"channel_deleted","channel":"C1"}"#, .changed(dataTypes: ["channels"])),
            (#"{"type":"group_rename","channel":{"id":"G1"}}"#, .changed(dataTypes: ["channels"])),
            (#"{"type":"member_joined_channel","channel":"C1"}"#, .changed(dataTypes: ["channels"])),
            (#"{"type":"user_change","user":{"id":"U1"}}"#, .changed(dataTypes: ["users"])),
            (#"{"type":"team_join","user":{"id":"U1"}}"#, .changed(dataTypes: ["users"])),
            (#"{"type":"app_uninstalled"}"#, .revoked),
            (#"{"type":"tokens_revoked","tokens":{"oauth":["U1"],"bot":["U2"]}}"#, .revoked),
            (#"{"type":"tokens_revoked","tokens":{"oauth":["U1"],"bot":[]}}"#, nil),
            (#"{"type":"tokens_revoked","tokens":{"oauth":["U1"]}}"#, nil),
            (#"{"type":"reaction_added"}"#, .changed(dataTypes: ["messages"])),
            (#"{"type":"reaction_removed"}"#, .changed(dataTypes: ["messages"])),
            (#"{"type":"user_profile_changed","user":{"id":"U1"}}"#, .changed(dataTypes: ["users"])),
            (#"{"type":"channel_id_changed","old_channel_id":"G1"}"#, .changed(dataTypes: ["channels"])),
            (#"{"type":"pin_added"}"#, nil),
            (#"{"type":"channel_"}"#, nil), ("{}", nil),
        ] as [(String, WebhookOutcome.Event.Effect?)])
    func tellsEffects(body: String, effect: WebhookOutcome.Event.Effect?) throws {
        let event = try event(body)
        #expect(event?.effect == effect)
        guard effect != nil else { return }
        #expect(event?.id == "Ev1")
        #expect(event?.accountID == "T1")
        #expect(event?.occurredAt?.description == "2024-01-01T00:00:00Z")
    }

    @Test(
        "An event belongs to the workspace, or to the organisation that installed the app",
        arguments: [
            (#""team_id":"T1","enterprise_id":"E1""#, "T1"),
            (
                #""team_id":"T1","enterprise_id":"E1","authorizations":[{"team_id":"T2","enterprise_id":"E1","is_enterprise_install":false}]"#,
                "T2"
            ),
            (
                #""team_id":"T1","enterprise_id":"E1","authorizations":[{"team_id":null,"enterprise_id":"E1","is_enterprise_install":true}]"#,
                "E1"
            ), (#""enterprise_id":"E1""#, "E1"), (#""event_context":"1""#, nil),
        ] as [(String, String?)])
    func findsAccount(team: String, account: String?) throws {
        #expect(try event(#"{"type":"app_uninstalled"}"#, team: team)?.accountID == account)
    }

    @Test(
        "A signed body that is not an event is acknowledged without effect",
        arguments: ["", "no json", "[]", "{}", "token=t&team_id=T1&command=%2Fhook", #"{"type":"shortcut"}"#])
    func acknowledgesOthers(body: String) throws {
        let outcome = try outcome(body)
        #expect(outcome.status == 200 && outcome.reply == nil && outcome.events.isEmpty)
    }

    @Test("A verification without a challenge is refused")
    func refusesVerification() {
        let error = #expect(throws: ProviderError.self) { try outcome(#"{"type":"url_verification"}"#) }
        #expect(error?.status == 400)
    }

    @Test("An event of an organisation-wide installation is for the organisation, also without the members that say so")
    func organisations() throws {
        let uninstalled = #"{"type":"app_uninstalled"}"#
        let whole =
            #""authorizations":[{"enterprise_id":"E1","team_id":null,"is_enterprise_install":true}],"team_id":"T1""#
        #expect(try event(uninstalled, team: whole)?.accountID == "E1")
        for members in [#""enterprise_id":"E1""#, #""team_id":null,"enterprise_id":"E1","authorizations":[]"#] {
            let event = try event(uninstalled, team: members)
            #expect(event?.accountID == "E1", "\(members)")
            #expect(event?.effect == .revoked)
        }
    }

    @Test(
        "An event that may be the workspace's or the organisation's is for both, and ends neither without asking Slack")
    func undecided() throws {
        func events(_ event: String) throws -> [WebhookOutcome.Event] {
            try outcome(
                #"{"team_id":"T1","enterprise_id":"E1","event_id":"Ev1","event_time":1704067200,"event":\#(event)}"#
            ).events
        }
        let ended = try events(#"{"type":"app_uninstalled"}"#)
        #expect(ended.map(\.accountID) == ["T1", "E1"])
        #expect(ended.allSatisfy { $0.effect == .revoked && $0.occurredAt == nil })
        #expect(Set(ended.map(\.id)).count == 2)
        #expect(try events(#"{"type":"team_join"}"#).map(\.accountID) == ["T1", "E1"])
    }

    @Test("Revoked tokens of an unnamed kind end nothing without asking Slack")
    func unnamedTokens() throws {
        for body in [#"{"type":"tokens_revoked"}"#, #"{"type":"tokens_revoked","tokens":{}}"#] {
            let event = try event(body)
            #expect(event?.effect == .revoked)
            #expect(event?.occurredAt == nil)
        }
    }

    @Test("Slack's word that it left events out is about everything")
    func leftOut() throws {
        let rest = try outcome(#"{"type":"app_rate_limited","team_id":"T1","minute_rate_limited":1518467820}"#)
        #expect(rest.events.map(\.effect) == [.changed(dataTypes: ["channels", "users", "messages"])])
        #expect(rest.events.map(\.accountID) == ["T1"])
    }

    @Test("An event without a meaning is counted")
    func counted() throws {
        #expect(
            try outcome(#"{"type":"event_callback","team_id":"T1","event":{"type":"pin_added"}}"#).ignored
                == [.noMeaning: 1])
        #expect(
            try outcome(#"{"type":"event_callback","event":{"type":"app_uninstalled"}}"#).ignored == [.noAccount: 1])
    }
}
