"""Every secret of a party or of the service: key files, signing, encryption, TLS identity, OPRF and group keys."""
