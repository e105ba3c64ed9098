# Entries of the ledger: what comes back of a sale, reservations, corrections, by line and by hand.
nova_run(ledger_entries ledger_entries)
nova_run(ledger_ids ledger_ids)
