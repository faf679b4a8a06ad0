// The data types of Harbor: one for each way of paging.

import ProviderSDK

enum HarborDataTypes {
    static let all: [DataType] = [shipments, invoices, containers, notes]

    private static let shipments = DataType("shipments", mapping: HarborMappings.shipment) { dataType in
        dataType.scopes = ["freight.read"]
        dataType.list = ListRequest(
            .get("/shipments"), items: "data", paging: .token(parameter: "cursor", token: "next", hasMore: nil)
        ).with { list in
            list.pageSizeParameter = "limit"
            list.pageSize = 3
            list.since = SinceParameter(.query("changed_since"), .iso8601)
            list.isDeletion = .equals("deleted", true)
            list.totalCount = "total"
        }
        dataType.incremental = Incremental(reach: .seconds(86_400), overlap: .seconds(60))
    }

    private static let invoices = DataType("invoices", mapping: HarborMappings.invoice) { dataType in
        dataType.scopes = ["freight.read"]
        dataType.optionalScopes = ["freight.write"]
        dataType.list = ListRequest(
            .get("/invoices", [NamedValue("port", "{accountId}")]), items: "invoices",
            paging: .pageNumber(parameter: "page", first: 1, pageCount: "pages")
        ).with { list in
            list.filter = .not(.equals("state", "void"))
            list.additions = [NamedValue("port", "{accountName}")]
        }
    }

    private static let containers = DataType("containers", mapping: HarborMappings.container) { dataType in
        dataType.variants = ["north"]
        dataType.list = ListRequest(
            .get("/containers"), items: "containers",
            paging: .lastRecord(parameter: "after", id: "id", hasMore: "more"))
        dataType.changes = ListRequest(
            .get("/log"), items: "log", paging: .token(parameter: "cursor", token: "next", hasMore: "more")
        ).with { list in
            list.since = SinceParameter(.header("X-Since"), .epochSeconds)
            list.record = "container"
            list.isDeletion = .equals("kind", "removed")
            var log = ChangeLog(recordID: "container.id", moment: "at", record: .get("/containers"))
            log.isCreation = .equals("kind", "created")
            log.goneCodes = ["gone"]
            list.changeLog = log
        }
        dataType.incremental = Incremental()
    }

    private static let notes = DataType("notes", mapping: HarborMappings.note) { $0.incremental = Incremental() }
}
