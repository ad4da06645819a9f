-- One ledger belongs to one endpoint and one partner.
CREATE TABLE pin (
    endpoint   TEXT NOT NULL,
    partner_id TEXT NOT NULL,
    lookup_endpoint TEXT               -- the host for look-ups; NULL before the first one
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
    stopped_by      TEXT
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

CREATE TABLE enrollment (
    user_id         TEXT PRIMARY KEY,
    status          TEXT NOT NULL,
    reason          TEXT,
    http_status     INTEGER,
    result_code     TEXT,
    result_text     TEXT,
    smile_job_id    TEXT,
    job_id          TEXT,
    confidence      TEXT,
    attempts        INTEGER NOT NULL,
    user_created_at TEXT NOT NULL,
    photo_sha256    BLOB,
    photo_bytes     INTEGER,
    sent_at         INTEGER,
    finished_at     INTEGER,
    duration_ms     INTEGER,
    run             INTEGER NOT NULL REFERENCES run (id),
    photo_fixes     TEXT,              -- as in attempt
    sent_sha256     BLOB,
    sent_bytes      INTEGER
) STRICT, WITHOUT ROWID;
-- 1 in the main file and 0 in the write-ahead log while a run goes on: a database that says 1 has lost its log.
CREATE TABLE write_ahead_log (
    needed          INTEGER NOT NULL
) STRICT;

INSERT INTO write_ahead_log VALUES (0);
-- What look-ups at the provider have changed; one that taught nothing leaves no trace.
CREATE TABLE look_up (
    id              INTEGER PRIMARY KEY,
    run             INTEGER NOT NULL REFERENCES run (id),
    user_id         TEXT NOT NULL,
    asked_at        INTEGER NOT NULL,
    source          TEXT NOT NULL,     -- the host that was asked
    status_before   TEXT NOT NULL,
    status          TEXT NOT NULL
) STRICT;
-- For people with the sqlite3 shell.
CREATE VIEW enrollments AS
SELECT e.user_id, e.status, e.reason, e.http_status, e.result_code, e.result_text, e.smile_job_id, e.job_id,
       e.confidence, e.attempts, e.user_created_at, lower(hex(e.photo_sha256)) AS photo_sha256, e.photo_bytes,
       strftime('%Y-%m-%dT%H:%M:%fZ', e.sent_at / 1000.0, 'unixepoch') AS sent_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', e.finished_at / 1000.0, 'unixepoch') AS finished_at,
       e.duration_ms, r.run_id, e.photo_fixes,
       lower(hex(coalesce(e.sent_sha256, e.photo_sha256))) AS sent_sha256,
       coalesce(e.sent_bytes, e.photo_bytes) AS sent_bytes
FROM enrollment e JOIN run r ON r.id = e.run;

CREATE VIEW attempts AS
SELECT a.user_id, a.number, coalesce(a.class, 'intent') AS class, a.reason, a.http_status,
       lower(hex(a.photo_sha256)) AS photo_sha256, a.photo_bytes,
       strftime('%Y-%m-%dT%H:%M:%fZ', a.started_at / 1000.0, 'unixepoch') AS started_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', a.finished_at / 1000.0, 'unixepoch') AS finished_at,
       r.run_id, a.user_created_at, a.photo_fixes,
       lower(hex(coalesce(a.sent_sha256, a.photo_sha256))) AS sent_sha256,
       coalesce(a.sent_bytes, a.photo_bytes) AS sent_bytes,
       a.photo_url, a.photo_etag, a.photo_version
FROM attempt a JOIN run r ON r.id = a.run;

CREATE VIEW in_doubt AS
SELECT * FROM attempts WHERE class IN ('intent', 'in_doubt');
