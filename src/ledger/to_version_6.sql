-- From a table of enrollments in the order of the user ids, with a row of its own for every attempt.
ALTER TABLE run ADD COLUMN attempts_in_enrollments INTEGER NOT NULL DEFAULT 0;

-- Attempts of which everything stands in their user's enrollment. The pages that they leave are used again below.
DELETE FROM attempt
WHERE class = 'settled' AND number = 1 AND reason IS NULL AND photo_url IS NULL AND EXISTS (
    SELECT 1 FROM enrollment_before e
    WHERE e.user_id = attempt.user_id AND e.status = 'enrolled' AND e.attempts = 1 AND e.reason IS NULL
        AND e.run = attempt.run AND e.http_status IS attempt.http_status AND e.finished_at = attempt.finished_at
        AND e.sent_at IS NOT NULL AND e.photo_sha256 = attempt.photo_sha256 AND e.photo_bytes = attempt.photo_bytes
        AND e.photo_fixes IS attempt.photo_fixes AND e.sent_sha256 IS attempt.sent_sha256
        AND e.sent_bytes IS attempt.sent_bytes
        AND coalesce(attempt.user_created_at, e.user_created_at) = e.user_created_at);

CREATE INDEX attempt_left ON attempt (user_id);
-- Without OR FAIL here, and without emptying a table before it is dropped, SQLite would keep all these pages in memory.
INSERT OR FAIL INTO enrollment (user_id, status, reason, http_status, result_code, result_text, smile_job_id, job_id,
    confidence, attempts, user_created_at, photo_sha256, photo_bytes, sent_at, finished_at, duration_ms, run,
    photo_fixes, sent_sha256, sent_bytes, is_attempt)
SELECT user_id, status, reason, http_status, result_code, result_text, smile_job_id, job_id,
    confidence, attempts, user_created_at, photo_sha256, photo_bytes, sent_at, finished_at, duration_ms, run,
    photo_fixes, sent_sha256, sent_bytes,
    CASE WHEN status = 'enrolled' AND attempts = 1 AND reason IS NULL AND sent_at IS NOT NULL
        AND photo_sha256 IS NOT NULL AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.user_id = enrollment_before.user_id)
        THEN 1 END
FROM enrollment_before;
DROP INDEX attempt_left;
DELETE FROM enrollment_before;
DROP TABLE enrollment_before;
