"""The tables, as numbered steps; a released step is never changed, new ones are appended."""

from pathlib import Path

from sqlite_utils import Database as Sql
from sqlite_utils import Migrations

from storage.errors import CorruptError, NewerVersionError, NotMigratedError
from storage.liquidation_tables import LIQUIDATIONS

SET = "skewbell"
"""The name of our steps in sqlite-utils' table of applied migrations."""

MARKET = """
CREATE TABLE instruments (
    id INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 65535),  -- 16 bits of the keys below
    venue TEXT NOT NULL,
    symbol TEXT NOT NULL,
    base TEXT NOT NULL,
    quote TEXT NOT NULL,
    settle TEXT NOT NULL,
    margin TEXT NOT NULL,
    contract_size REAL NOT NULL,
    multiplier REAL NOT NULL,
    interval_s REAL,  -- the funding interval, once known for certain
    UNIQUE (venue, symbol)
) STRICT;

CREATE TABLE polls (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- grows, so that minutes are appended
    venue TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX polls_by_venue ON polls (venue, at_ms);

-- Minutes. One packed key instead of two columns: rows are appended in key order, which SQLite fills to 100 %
-- only in rowid tables, and the key costs 5 bytes.
CREATE TABLE observations (
    slot INTEGER PRIMARY KEY,  -- poll << 16 | instrument
    rate REAL NOT NULL,
    interval_s REAL,
    settled INTEGER NOT NULL,
    funding_s REAL,  -- seconds: whole ones take 4 bytes
    lag_ms INTEGER NOT NULL,  -- from the observation to its poll
    mark_price REAL,
    index_price REAL,
    open_interest_usd INTEGER,
    open_interest_contracts REAL
) STRICT;

-- The last word of each instrument, which outlives the minutes around it.
CREATE TABLE latest (
    instrument INTEGER PRIMARY KEY REFERENCES instruments (id),
    slot INTEGER NOT NULL  -- of observations
) STRICT;

-- Hours, in blocks of eight: the roll-up appends, and a month of one instrument is 90 seeks.
CREATE TABLE hourly (
    slot INTEGER PRIMARY KEY,  -- (block << 16 | instrument) << 3 | hour
    mean INTEGER,  -- rates per hour in units of 1e-9
    low INTEGER,
    high INTEGER,
    open_interest_k INTEGER,  -- thousands of USD
    samples INTEGER NOT NULL
) STRICT;

CREATE TABLE roll_up (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    block INTEGER NOT NULL,  -- being rolled up; all before it are done
    instrument INTEGER NOT NULL  -- the first one of that block still to do
) STRICT;

CREATE TABLE settled (
    instrument INTEGER NOT NULL REFERENCES instruments (id),
    at_s INTEGER NOT NULL,
    rate REAL NOT NULL,
    interval_s REAL,
    PRIMARY KEY (instrument, at_s)
) STRICT, WITHOUT ROWID;

CREATE TABLE backfill (
    instrument INTEGER PRIMARY KEY REFERENCES instruments (id),
    since_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE venues (
    venue TEXT PRIMARY KEY,
    health TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""

RULES = """
CREATE TABLE rules (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- a person's rule number is never given to another rule
    platform TEXT NOT NULL,
    chat TEXT NOT NULL,
    thread TEXT NOT NULL,
    metric TEXT NOT NULL,
    base TEXT,
    venue TEXT,
    margin TEXT NOT NULL,
    direction TEXT,
    fire_at REAL,
    clear_at REAL,
    typed TEXT,
    pending_for_s REAL NOT NULL,
    keep_firing_for_s REAL NOT NULL,
    repeat_every_s REAL NOT NULL,
    cooldown_s REAL NOT NULL,
    step REAL NOT NULL,
    step_gap_s REAL NOT NULL,
    severity TEXT NOT NULL,
    once INTEGER NOT NULL,
    until_ms INTEGER,
    paused INTEGER NOT NULL,
    preset TEXT NOT NULL
) STRICT;
CREATE INDEX rules_by_chat ON rules (platform, chat, thread);

CREATE TABLE states (
    rule INTEGER NOT NULL REFERENCES rules (id) ON DELETE CASCADE,
    metric TEXT NOT NULL,
    base TEXT NOT NULL,
    margin TEXT NOT NULL,
    venue TEXT NOT NULL,
    symbol TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (rule, metric, base, margin, venue, symbol)
) STRICT, WITHOUT ROWID;
"""

LETTERS = """
CREATE TABLE letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- names a message on the platform, so it is never used again
    key TEXT NOT NULL UNIQUE,
    platform TEXT NOT NULL,
    chat TEXT NOT NULL,
    thread TEXT NOT NULL,
    group_key TEXT NOT NULL,
    manner TEXT NOT NULL CHECK (manner IN ('tell', 'update')),
    episode TEXT NOT NULL,  -- empty for what belongs to none
    priority INTEGER NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    due_ms INTEGER NOT NULL,  -- group wait, then lease, then backoff
    expires_ms INTEGER NOT NULL,
    batch INTEGER,  -- the first row of the letter it is part of, once claimed
    late INTEGER NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'leased', 'delivered', 'refused', 'muted', 'moot')),
    settled_ms INTEGER,
    message TEXT,
    error TEXT
) STRICT;
CREATE INDEX letters_by_urgency ON letters (platform, priority, due_ms, id, chat, thread, manner, group_key)
    WHERE settled_ms IS NULL;
CREATE INDEX letters_by_group ON letters (platform, chat, thread, group_key, manner) WHERE settled_ms IS NULL;
CREATE INDEX letters_by_episode ON letters (platform, chat, thread, episode);
CREATE INDEX letters_by_batch ON letters (batch) WHERE batch IS NOT NULL;
CREATE INDEX letters_by_settling ON letters (settled_ms) WHERE settled_ms IS NOT NULL;
CREATE INDEX letters_by_fate ON letters (manner, state, late);  -- counted without reading a letter
"""

CHATS = """
CREATE TABLE chats (
    platform TEXT NOT NULL,
    chat TEXT NOT NULL,
    mention TEXT NOT NULL,
    editors TEXT NOT NULL,  -- a JSON list
    PRIMARY KEY (platform, chat)
) STRICT, WITHOUT ROWID;

CREATE TABLE chats_off (
    platform TEXT NOT NULL,
    chat TEXT NOT NULL,
    thread TEXT NOT NULL,  -- empty: the whole chat
    why TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (platform, chat, thread)
) STRICT, WITHOUT ROWID;

CREATE TABLE silences (
    id INTEGER PRIMARY KEY,
    platform TEXT NOT NULL,
    chat TEXT NOT NULL,
    thread TEXT NOT NULL,
    since_ms INTEGER NOT NULL,
    until_ms INTEGER,  -- none: when the episode is resolved
    base TEXT,
    rule INTEGER,
    episode TEXT,
    missed INTEGER NOT NULL,
    missed_since_ms INTEGER NOT NULL  -- earlier than its own beginning if it took over the count of another
) STRICT;
CREATE INDEX silences_by_chat ON silences (platform, chat, thread);
CREATE INDEX silences_by_end ON silences (platform, until_ms);

CREATE TABLE changes (
    id INTEGER PRIMARY KEY,
    platform TEXT NOT NULL,
    chat TEXT NOT NULL,
    thread TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    user TEXT NOT NULL,
    name TEXT NOT NULL,
    what TEXT NOT NULL
) STRICT;
CREATE INDEX changes_by_chat ON changes (platform, chat, thread);
CREATE INDEX changes_by_time ON changes (at_ms);

CREATE TABLE notes (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""

STEPS = (
    ("0001_market", MARKET),
    ("0002_rules", RULES),
    ("0003_letters", LETTERS),
    ("0004_chats", CHATS),
    ("0005_liquidations", LIQUIDATIONS),
)
"""In order. States, letters and health hold JSON of our own types: a step must also rewrite what no longer fits."""


def migrate(sql: Sql) -> None:
    """Apply the steps that are missing, each in its own transaction."""
    _migrations().apply(sql)


def refuse_unknown(sql: Sql, path: Path) -> None:
    """Check, reading only, that the file is ours and not from the future.

    Raises:
        CorruptError: a database of another program.
        NewerVersionError: steps were applied that this version does not know.
    """
    applied = _applied(sql)
    tables = sql.table_names()
    if tables and not applied and tables != [Migrations.migrations_table]:
        raise CorruptError(
            f"expected a Skewbell database at {path}, found one of another program with the table {tables[0]}: "
            "choose another DATABASE"
        )
    unknown = sorted(applied - {name for name, _ in STEPS})
    if unknown:
        raise NewerVersionError(
            f"expected steps up to {STEPS[-1][0]} in {path}, found {', '.join(unknown)} of a newer version: "
            "install that version, or restore a backup made before it ran"
        )


def require_current(sql: Sql, path: Path) -> None:
    """Check, reading only, that every step has been applied.

    Raises:
        NotMigratedError: some are missing.
    """
    refuse_unknown(sql, path)
    missing = [name for name, _ in STEPS if name not in _applied(sql)]
    if missing:
        raise NotMigratedError(
            f"expected {path} at step {STEPS[-1][0]}, found {', '.join(missing)} missing: "
            "run `skewbell migrate`, or start the bot once"
        )


def _applied(sql: Sql) -> set[str]:
    return {migration.name for migration in Migrations(SET).applied(sql)}


def _migrations() -> Migrations:
    migrations = Migrations(SET)
    for name, script in STEPS:
        _register(migrations, name, script)
    return migrations


def _register(migrations: Migrations, name: str, script: str) -> None:
    def step(db: Sql, /) -> None:
        db.executescript(script)

    migrations(name=name)(step)
