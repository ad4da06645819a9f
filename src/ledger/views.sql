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
WITH every AS (
    SELECT user_id, number, class, reason, http_status, photo_sha256, photo_bytes, started_at, finished_at, run,
           user_created_at, photo_fixes, sent_sha256, sent_bytes, photo_url, photo_etag, photo_version
    FROM attempt
    UNION ALL
    SELECT user_id, attempts, 'settled', reason, http_status, photo_sha256, photo_bytes, sent_at, finished_at, run,
           user_created_at, photo_fixes, sent_sha256, sent_bytes, NULL, NULL, NULL
    FROM enrollment WHERE is_attempt = 1
)
SELECT a.user_id, a.number, coalesce(a.class, 'intent') AS class, a.reason, a.http_status,
       lower(hex(a.photo_sha256)) AS photo_sha256, a.photo_bytes,
       strftime('%Y-%m-%dT%H:%M:%fZ', a.started_at / 1000.0, 'unixepoch') AS started_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', a.finished_at / 1000.0, 'unixepoch') AS finished_at,
       r.run_id, a.user_created_at, a.photo_fixes,
       lower(hex(coalesce(a.sent_sha256, a.photo_sha256))) AS sent_sha256,
       coalesce(a.sent_bytes, a.photo_bytes) AS sent_bytes,
       a.photo_url, a.photo_etag, a.photo_version
FROM every a JOIN run r ON r.id = a.run;

CREATE VIEW in_doubt AS
SELECT * FROM attempts WHERE class IN ('intent', 'in_doubt');
