"""The service's limits, in one place (docs/operations.md lists them). Sizes in bytes, times in seconds."""

from __future__ import annotations

MAX_REQUEST_BYTES = 4 << 20
MAX_AGREEMENT_FILE_BYTES = 512 << 10
MAX_DRAFTS_PER_PARTY = 16
MAX_SIGNATURES_PER_CALL = 64

WORKERS = 224
# Calls that run at once; the rest is told to come again. Below WORKERS, so that the telling itself never waits.
MAX_CALLS = 192
MAX_CALLS_PER_PARTY = 12
# From so many calls on, a party with so many of them waits for the others.
CROWDED_CALLS = 96
MAX_CALLS_PER_PARTY_CROWDED = 2
# Calls that gRPC holds for a worker. Beyond it gRPC refuses by itself, without saying when to come again.
MAX_CALLS_HELD = 2048
MAX_WAITERS = 96
MAX_WAITERS_PER_PARTY = 4
RETRY_SECONDS = 1.0
RETRY_SECONDS_MATCH = 5.0
# Two submissions are sealed at once; others wait so long for their turn, then they are told to come again.
SEAL_WAIT_SECONDS = 10.0
RETRY_SECONDS_DISK = 30.0

UNARY_SECONDS = 60.0
STREAM_SECONDS = 3600.0
MAX_WAIT_SECONDS = 30
MAX_MAIL_ITEMS = 64
MAX_MAIL_BYTES = 3 << 20
STOP_GRACE_SECONDS = 20.0

# An idle or dead connection is noticed in KEEPALIVE + TIMEOUT; a client may ping no oftener than MIN_PING.
KEEPALIVE_SECONDS = 30
KEEPALIVE_TIMEOUT_SECONDS = 10
MIN_PING_SECONDS = 10
# A connection that does not come to its first call, or makes none for so long, is closed; clients dial again.
HANDSHAKE_SECONDS = 20
IDLE_CONNECTION_SECONDS = 600
# Rows of one upload that one sync and one acknowledgement cover; fewer, when no more come for a moment.
ACKNOWLEDGED_BYTES = 8 << 20
QUIET_STREAM_SECONDS = 0.2
# Chunks of one upload that are received while the one before them is stored.
CHUNKS_AHEAD = 4
# An upload that brings nothing for so long gives its place to others.
IDLE_STREAM_SECONDS = 60.0
# So many uploads have their segments written while they run; one that rested so long gives its place to another.
SEGMENTS_AHEAD = 2
SEGMENT_REST_SECONDS = 60.0

MAX_ATTACHMENT_BYTES = {
    "evaluation-request": 4096 * 32,
    "evaluation-answer": 4096 * 32,
    "reveal-request": 2 << 20,
}
MAX_ATTACHMENT_BYTES_OTHERWISE = 64 << 10
# Refusals of one certificate that the audit log takes in one span.
DENIAL_SPAN_SECONDS = 60.0
MAX_DENIALS_LOGGED = 60
# Refusals that wait for a disk to take them; the oldest go when there are more.
MAX_DENIALS_WAITING = 1000
# What TLS refuses: anybody who reaches the port can cause it, so one entry for each reason in this span.
HANDSHAKE_SPAN_SECONDS = 3600.0
HANDSHAKES_READ_SECONDS = 0.5
