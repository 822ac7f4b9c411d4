"""Findings and reveals: runs read and verified, requests, payloads, openings checked on plaintext."""
