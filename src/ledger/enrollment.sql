-- One row a user, without an index: a new one is written at the end, however many there are. Who is in which row is read
-- from the table when the ledger is opened.
CREATE TABLE enrollment (
    id              INTEGER PRIMARY KEY,
    user_id         TEXT NOT NULL,
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
    sent_bytes      INTEGER,
    is_attempt      INTEGER            -- 1: the row says all of the user's only attempt, which has none of its own
) STRICT;
