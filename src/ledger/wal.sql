-- 1 in the main file and 0 in the write-ahead log while a run goes on: a database that says 1 has lost its log.
CREATE TABLE write_ahead_log (
    needed          INTEGER NOT NULL
) STRICT;

INSERT INTO write_ahead_log VALUES (0);
