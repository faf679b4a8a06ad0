// The data types of Xero: lists by page number, asked for changes with a conditional header.

import ProviderSDK

enum XeroDataTypes {
    static let all: [DataType] = [
        dataType("invoices", XeroMappings.invoice, of: "Invoices", id: "InvoiceID", scope: "invoices"),
        // Xero has no list of expenses: they are the money spent from bank accounts. Transfers between own accounts and payments in
        // advance have separate types.
        dataType(
            "expenses", XeroMappings.expense, of: "BankTransactions", id: "BankTransactionID",
            scope: "banktransactions", type: "SPEND"),
        dataType(
            "contacts", XeroMappings.contact, of: "Contacts", id: "ContactID", scope: "contacts",
            [NamedValue("includeArchived", "true")]),
        dataType(
            "bank_transactions", XeroMappings.bankTransaction, of: "BankTransactions", id: "BankTransactionID",
            scope: "banktransactions"),
    ]

    private static func dataType(
        _ name: String, _ mapping: FieldMapping, of resource: String, id: String, scope: String, type: String? = nil,
        _ query: [NamedValue] = []
    ) -> DataType {
        DataType(name, mapping: mapping) { dataType in
            dataType.scopes = ["accounting.\(scope).read"]
            dataType.incremental = Incremental()
            // Ordered by id. In an order by time of change, a record that changes during the walk could push another one off its page.
            var query = query + [NamedValue("order", "\(id) ASC")]
            if let type { query.append(NamedValue("where", "Type==\"\(type)\"")) }
            let request = ProviderRequest(.get, "/api.xro/2.0/\(resource)") { [query] request in
                request.query = query
                request.headers = [NamedValue("xero-tenant-id", "{accountId}")]
            }
            let paging = Paging.pageNumber(parameter: "page", first: 1, pageCount: "pagination.pageCount")
            dataType.list = ListRequest(request, items: ValuePath(resource), paging: paging) { list in
                list.pageSizeParameter = "pageSize"
                // Pages of different sizes overlap. An answer that does not count its pages is followed until one is empty.
                list.pageSizes = 125...250
                list.since = MomentParameter(in: .header, name: "If-Modified-Since", format: .iso8601WithoutZone)
                list.totalCount = "pagination.itemCount"
                if let type { list.where = .equals("Type", .string(type)) }
            }
        }
    }
}
