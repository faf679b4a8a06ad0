// Stripe's objects at API version 2026-07-29.dahlia as JSON with slots: every field there is, also those that are
// always null or empty here.

enum StripeTemplates {
    static let payment = JSONTemplate(
        #"""
        {"id": "$id", "object": "payment_intent", "amount": "$amount", "amount_capturable": "$amount_capturable",
         "amount_details": {"tip": {}}, "amount_received": "$amount_received", "application": null,
         "application_fee_amount": null, "automatic_payment_methods": null, "canceled_at": "$canceled_at",
         "cancellation_reason": "$cancellation_reason", "capture_method": "$capture_method",
         "client_secret": "$client_secret", "confirmation_method": "automatic", "created": "$created",
         "currency": "$currency", "customer": "$customer", "customer_account": null, "description": "$description",
         "excluded_payment_method_types": null, "last_payment_error": "$last_payment_error",
         "latest_charge": "$latest_charge", "livemode": false, "metadata": "$metadata", "next_action": "$next_action",
         "on_behalf_of": null, "payment_method": "$payment_method", "payment_method_configuration_details": null,
         "payment_method_options": {"card": {"installments": null, "mandate_options": null, "network": null,
           "request_three_d_secure": "automatic"}},
         "payment_method_types": ["card"], "processing": null, "receipt_email": "$receipt_email", "review": null,
         "setup_future_usage": null, "shipping": null, "source": null, "statement_descriptor": null,
         "statement_descriptor_suffix": null, "status": "$status", "transfer_data": null, "transfer_group": null}
        """#)

    static let invoice = JSONTemplate(
        #"""
        {"id": "$id", "object": "invoice", "account_country": "US", "account_name": "Sandbox", "account_tax_ids": null,
         "amount_due": "$amount_due", "amount_overpaid": 0, "amount_paid": "$amount_paid",
         "amount_remaining": "$amount_remaining", "amount_shipping": 0, "application": null,
         "attempt_count": "$attempt_count", "attempted": "$attempted", "auto_advance": false,
         "automatic_tax": {"disabled_reason": null, "enabled": false, "liability": null, "provider": null,
           "status": null},
         "automatically_finalizes_at": null, "billing_reason": "$billing_reason",
         "collection_method": "$collection_method", "created": "$created", "currency": "$currency",
         "custom_fields": null, "customer": "$customer", "customer_account": null, "customer_address": null,
         "customer_email": "$customer_email", "customer_name": "$customer_name", "customer_phone": null,
         "customer_shipping": null, "customer_tax_exempt": "none", "customer_tax_ids": [],
         "default_payment_method": null, "default_source": null, "default_tax_rates": [], "description": null,
         "discounts": [], "due_date": "$due_date", "effective_at": "$effective_at", "ending_balance": null,
         "footer": null, "from_invoice": null, "hosted_invoice_url": "$hosted_invoice_url",
         "invoice_pdf": "$invoice_pdf", "issuer": {"type": "self"}, "last_finalization_error": null,
         "latest_revision": null,
         "lines": {"object": "list", "data": [{"id": "$line_id", "object": "line_item", "amount": "$total",
             "currency": "$currency", "description": "Services", "discount_amounts": [], "discountable": true,
             "discounts": [], "invoice": "$id", "livemode": false, "metadata": {}, "parent": null,
             "period": {"end": "$created", "start": "$created"}, "pretax_credit_amounts": [],
             "pricing": {"type": "price_details", "unit_amount_decimal": null}, "quantity": 1, "taxes": []}],
           "has_more": false, "total_count": 1, "url": "$lines_url"},
         "livemode": false, "metadata": {}, "next_payment_attempt": null, "number": "$number", "on_behalf_of": null,
         "parent": "$parent",
         "payment_settings": {"default_mandate": null, "payment_method_options": null, "payment_method_types": null},
         "period_end": "$created", "period_start": "$created", "post_payment_credit_notes_amount": 0,
         "pre_payment_credit_notes_amount": 0, "receipt_number": null, "rendering": null, "shipping_cost": null,
         "shipping_details": null, "starting_balance": "$starting_balance", "statement_descriptor": null,
         "status": "$status",
         "status_transitions": {"finalized_at": "$finalized_at",
           "marked_uncollectible_at": "$marked_uncollectible_at", "paid_at": "$paid_at", "voided_at": "$voided_at"},
         "subtotal": "$total", "subtotal_excluding_tax": "$total", "test_clock": null, "total": "$total",
         "total_discount_amounts": [], "total_excluding_tax": "$total", "total_pretax_credit_amounts": [],
         "total_taxes": [], "webhooks_delivered_at": "$created"}
        """#)

    static let customer = JSONTemplate(
        #"""
        {"id": "$id", "object": "customer", "address": "$address", "balance": "$balance", "created": "$created",
         "currency": "$currency", "default_source": null, "delinquent": "$delinquent",
         "description": "$description", "discount": null, "email": "$email", "invoice_prefix": "$invoice_prefix",
         "invoice_settings": {"custom_fields": null, "default_payment_method": null, "footer": null,
           "rendering_options": null},
         "livemode": false, "metadata": {"revision": "$revision"}, "name": "$name", "next_invoice_sequence": 1,
         "phone": "$phone", "preferred_locales": [], "shipping": null, "tax_exempt": "none", "test_clock": null}
        """#)

    static let subscription = JSONTemplate(
        #"""
        {"id": "$id", "object": "subscription", "application": null, "application_fee_percent": null,
         "automatic_tax": {"disabled_reason": null, "enabled": false, "liability": null},
         "billing_cycle_anchor": "$billing_cycle_anchor", "billing_cycle_anchor_config": null,
         "billing_mode": {"type": "classic"}, "billing_thresholds": null, "cancel_at": null,
         "cancel_at_period_end": "$cancel_at_period_end", "canceled_at": "$canceled_at",
         "cancellation_details": {"comment": null, "feedback": null, "reason": null},
         "collection_method": "charge_automatically", "created": "$created", "currency": "$currency",
         "customer": "$customer", "customer_account": null, "days_until_due": null, "default_payment_method": null,
         "default_source": null, "default_tax_rates": [], "description": null, "discounts": [],
         "ended_at": "$ended_at", "invoice_settings": {"account_tax_ids": null, "issuer": {"type": "self"}},
         "items": {"object": "list", "data": [{"id": "$item_id", "object": "subscription_item",
             "billing_thresholds": null, "created": "$created", "current_period_end": "$period_end",
             "current_period_start": "$period_start", "discounts": [], "metadata": {},
             "price": {"id": "$price", "object": "price", "active": true, "billing_scheme": "$billing_scheme",
               "created": "$created", "currency": "$currency", "custom_unit_amount": null, "livemode": false,
               "lookup_key": null, "metadata": {}, "nickname": null, "product": "$product",
               "recurring": {"interval": "$interval", "interval_count": "$interval_count", "meter": null,
                 "trial_period_days": null, "usage_type": "licensed"},
               "tax_behavior": "unspecified", "tiers_mode": "$tiers_mode", "transform_quantity": null,
               "type": "recurring", "unit_amount": "$unit_amount", "unit_amount_decimal": "$unit_amount_decimal"},
             "quantity": "$quantity", "subscription": "$id", "tax_rates": []}],
           "has_more": false, "total_count": 1, "url": "$items_url"},
         "latest_invoice": null, "livemode": false, "metadata": {}, "next_pending_invoice_item_invoice": null,
         "on_behalf_of": null, "pause_collection": null,
         "payment_settings": {"payment_method_options": null, "payment_method_types": null,
           "save_default_payment_method": "off"},
         "pending_invoice_item_interval": null, "pending_setup_intent": null, "pending_update": null,
         "schedule": null, "start_date": "$start_date", "status": "$status", "test_clock": null,
         "transfer_data": null, "trial_end": "$trial_end",
         "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
         "trial_start": "$trial_start"}
        """#)

    static let charge = JSONTemplate(
        #"""
        {"id": "$id", "object": "charge", "amount": "$amount", "amount_captured": "$amount_captured",
         "amount_refunded": "$amount_refunded", "application": null,
         "billing_details": {"address": null, "email": "$email", "name": null, "phone": null, "tax_id": null},
         "captured": "$captured", "created": "$created", "currency": "$currency", "customer": "$customer",
         "description": "$description", "disputed": false, "failure_code": "$failure_code",
         "failure_message": "$failure_message", "livemode": false, "metadata": "$metadata", "paid": "$paid",
         "payment_intent": "$payment_intent", "receipt_email": null, "receipt_url": "$receipt_url",
         "refunded": "$refunded", "status": "$status"}
        """#)

    static let refund = JSONTemplate(
        #"""
        {"id": "$id", "object": "refund", "amount": "$amount", "balance_transaction": null, "charge": "$charge",
         "created": "$created", "currency": "$currency", "destination_details": null,
         "failure_reason": "$failure_reason", "metadata": "$metadata", "payment_intent": null, "reason": "$reason",
         "receipt_number": null, "source_transfer_reversal": null, "status": "$status", "transfer_reversal": null}
        """#)

    static let account = JSONTemplate(
        #"""
        {"id": "$id", "object": "account",
         "business_profile": {"mcc": null, "name": "$business_name", "support_email": null, "support_phone": null,
           "url": null},
         "business_type": "company", "capabilities": {"card_payments": "active", "transfers": "active"},
         "charges_enabled": true, "country": "US", "default_currency": "usd", "details_submitted": true,
         "email": "$email", "metadata": {}, "payouts_enabled": true,
         "settings": {"dashboard": {"display_name": "$display_name", "timezone": "Etc/UTC"},
           "payments": {"statement_descriptor": null}},
         "type": "standard"}
        """#)
}
