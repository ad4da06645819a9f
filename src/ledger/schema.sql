-- One ledger belongs to one endpoint, one partner, and one part of the users.
CREATE TABLE pin (
    endpoint   TEXT NOT NULL,
    partner_id TEXT NOT NULL,
    lookup_endpoint TEXT,              -- the host for look-ups; NULL before the first one
    shard_index INTEGER,               -- which part of how many; both NULL: the users of the whole manifest
    shard_count INTEGER
) STRICT;

CREATE TABLE run (
    id              INTEGER PRIMARY KEY,
    run_id          TEXT NOT NULL UNIQUE,
    version         TEXT NOT NULL,
    manifest        TEXT NOT NULL,
    manifest_sha256 BLOB NOT NULL,
    started_at      INTEGER NOT NULL,  -- milliseconds since the Unix epoch, as all times here
    finished_at     INTEGER,
    exit_code       INTEGER,
    stopped_by      TEXT,
    attempts_in_enrollments INTEGER NOT NULL DEFAULT 0  -- of this run, without a row of their own: see enrollment.sql
) STRICT;

-- A row without a class is an intent: the request was about to leave, and nothing more is known.
CREATE TABLE attempt (
    id              INTEGER PRIMARY KEY,
    run             INTEGER NOT NULL REFERENCES run (id),
    user_id         TEXT NOT NULL,
    number          INTEGER NOT NULL,  -- among all attempts of this user, from 1
    photo_sha256    BLOB NOT NULL,
    photo_bytes     INTEGER NOT NULL,
    started_at      INTEGER NOT NULL,
    finished_at     INTEGER,
    class           TEXT,              -- settled, not_processed, in_doubt, stopped, not_sent, resolved
    reason          TEXT,
    http_status     INTEGER,
    user_created_at TEXT,              -- as it was sent; NULL for attempts recorded by schema 1
    photo_fixes     TEXT,              -- rotated, scaled, converted; this and the next two NULL: sent as it lies
    sent_sha256     BLOB,
    sent_bytes      INTEGER,
    photo_url       TEXT,              -- of a photo from a store, with what the store says of its version
    photo_etag      TEXT,
    photo_version   TEXT
) STRICT;

CREATE INDEX attempt_unresolved ON attempt (user_id) WHERE class IS NULL OR class = 'in_doubt';
