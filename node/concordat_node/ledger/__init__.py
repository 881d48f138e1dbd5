"""The budget ledger: one file whose hash-chained log is the truth, and the only maker of receipts."""
