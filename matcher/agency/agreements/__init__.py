"""The agreements an agency knows: drafted, signed with the others, published, kept."""
