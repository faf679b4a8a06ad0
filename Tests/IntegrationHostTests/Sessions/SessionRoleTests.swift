// Roles in tokens of other applications, which a renewed token keeps.

import Cryptography
import ProviderSDK
import Testing
import Users

@testable import Configuration
@testable import ConnectionModel
@testable import Sessions

@Suite("Roles of foreign sessions", .timeLimit(.minutes(2)))
struct SessionRoleTests {
    @Test(
        "A signed RDS token makes a superuser only with a valid role",
        arguments: [
            (#""roles":{"super_user":true,"member":true}"#, true), (#""roles":["superuser"]"#, true),
            (#""role":"SUPERUSER""#, true), (#""roles":{"super_user":false}"#, false),
            (#""roles":{"super_user":"true"}"#, false), (#""roles":{"super_user":1}"#, false),
            (#""roles":null"#, false),
            (#""roles":"x""#, false), (#""roles":[{"super_user":true}]"#, false), (#""super_user":true"#, false),
            (#""role":["superuser"]"#, false), (#""roles":["Superuser"]"#, false),
        ])
    func rds(claims: String, isSuperuser: Bool) throws {
        let verifier = RDSVerifier(signatures: JWSVerifier(rs256: SessionFixtures.key.publicKey))
        let token = try SessionFixtures.token(#"{"userId":"u","exp":1000060,\#(claims)}"#)
        let session = try #require(verifier.session(of: token, at: SessionFixtures.now))
        #expect(session.principal.isSuperuser == isSuperuser)
        #expect(session.principal.kind == .session)
    }

    @Test("A renewed token has the roles of its predecessor, and one without roles has none")
    func renewed() throws {
        let verifier = RDSVerifier(signatures: JWSVerifier(rs256: SessionFixtures.key.publicKey))
        for expiry in [1_000_010, 1_000_900, 1_009_000] {
            let token = try SessionFixtures.token(#"{"userId":"u","exp":\#(expiry),"roles":{"super_user":true}}"#)
            #expect(verifier.session(of: token, at: SessionFixtures.now)?.principal.isSuperuser == true)
        }
        let plain = try SessionFixtures.token(#"{"userId":"u","exp":1000060}"#)
        #expect(verifier.session(of: plain, at: SessionFixtures.now)?.principal.isSuperuser == false)
    }
}
