"""The step that made room for liquidations and for rules about them; released, so never changed."""

LIQUIDATIONS = """
ALTER TABLE rules ADD COLUMN side TEXT;
ALTER TABLE rules ADD COLUMN window TEXT;
-- Not in the key: a rule counts one side and one window of a series.
ALTER TABLE states ADD COLUMN side TEXT NOT NULL DEFAULT '';
ALTER TABLE states ADD COLUMN window TEXT NOT NULL DEFAULT '';

CREATE TABLE followed (
    rule INTEGER NOT NULL REFERENCES rules (id) ON DELETE CASCADE,
    series TEXT NOT NULL,
    since TEXT NOT NULL,  -- of the episode
    followed TEXT NOT NULL,
    PRIMARY KEY (rule, series, since)
) STRICT, WITHOUT ROWID;

-- Its key is all that tells two prints apart, so that a second index is spared; read and deleted by time.
CREATE TABLE prints (
    at_ms INTEGER NOT NULL,
    instrument INTEGER NOT NULL REFERENCES instruments (id),
    is_long INTEGER NOT NULL,
    price REAL NOT NULL,
    quantity REAL NOT NULL,
    id TEXT NOT NULL,  -- the venue's own, or empty
    lag_ms INTEGER NOT NULL,  -- from the venue's time to the receipt
    PRIMARY KEY (at_ms, instrument, is_long, price, quantity, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE buckets (
    slot INTEGER NOT NULL,  -- five minutes, counted since 1970
    base TEXT NOT NULL,
    long_cents INTEGER NOT NULL,
    short_cents INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (slot, base)
) STRICT, WITHOUT ROWID;

CREATE TABLE feeds (
    venue TEXT PRIMARY KEY,
    health TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE gaps (
    venue TEXT NOT NULL,
    since_ms INTEGER NOT NULL,
    until_ms INTEGER,  -- none while it lasts
    why TEXT NOT NULL,
    filled INTEGER NOT NULL,
    PRIMARY KEY (venue, since_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE cascades (
    opened_ms INTEGER NOT NULL,
    base TEXT NOT NULL,
    closed_ms INTEGER,  -- none while it goes on
    cascade TEXT NOT NULL,
    PRIMARY KEY (opened_ms, base)
) STRICT;
CREATE INDEX cascades_by_end ON cascades (closed_ms);

CREATE TABLE books (
    at_ms INTEGER NOT NULL,
    instrument INTEGER NOT NULL REFERENCES instruments (id),
    bid_depth_usd REAL NOT NULL,
    ask_depth_usd REAL NOT NULL,
    spread_bps REAL NOT NULL,
    truncated INTEGER NOT NULL,
    PRIMARY KEY (at_ms, instrument)
) STRICT, WITHOUT ROWID;
"""
