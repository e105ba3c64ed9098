# The ledger as a whole program's user meets it.
nova_run(ledger_export ledger_export)
nova_run(ledger_backup ledger_backup)
