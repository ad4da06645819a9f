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
