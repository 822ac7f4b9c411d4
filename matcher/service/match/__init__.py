"""The match: join tokens, open what opens, compare blinded fields, apply the rules (design sections 4 and 7)."""
