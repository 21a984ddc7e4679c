"""What leaves: CRM records and the ledger."""
