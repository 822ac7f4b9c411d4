"""An agency's side: the only code that sees plaintext."""
