"""Power cuts, full disks and I/O errors: what a disk can do to a ledger."""
