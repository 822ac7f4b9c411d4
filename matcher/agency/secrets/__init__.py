"""Record secrets: evaluated here or asked for through the mailbox, and kept in the encrypted cache."""
