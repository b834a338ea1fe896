"""What an account is, as plain Python: schedules, dues, the ledger, days past due. No framework, no I/O, no clock."""
