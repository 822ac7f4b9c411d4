"""The auditor: reads and verifies the log; trusts only public keys."""
