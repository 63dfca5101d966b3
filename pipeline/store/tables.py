"""What does the database look like now?

The schema as it is today, for queries and for checking the migrations (which spell it out themselves, so that an old
step never changes). Wall-clock times are ISO 8601 texts in UTC, the same in SQLite and PostgreSQL.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    false,
)

SCHEMA_VERSION = "0002"
"""Newest revision in `migrations/versions`; a database of this version is opened without loading Alembic."""
VERSION_TABLE = "raamwerk_version"
"""Not Alembic's usual name, so that a database of another program is not taken for ours."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

study = Table(
    "study",
    metadata,
    Column("slot", Integer, CheckConstraint("slot = 1", name="one"), primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("codebook_version", Text, ForeignKey("codebook.version"), nullable=False),
    Column("declared", JSON, nullable=False),
)
"""The one study of this database, as study.yaml declares it."""

codebook = Table(
    "codebook",
    metadata,
    Column("version", Text, primary_key=True),
    Column("content", JSON, nullable=False),
    Column("registered_at", Text, nullable=False),
)
"""Every version of the codebook that was ever in use here, whole."""

session = Table(
    "session",
    metadata,
    Column("id", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("site", Text, nullable=False),
    Column("round", Integer),
    Column("date", Text),
    Column("transcript", Text, nullable=False),
    Column("roster", Text),
    Column("components", JSON, nullable=False),
    Column("outcomes", JSON, nullable=False),
    Column("active", Boolean, nullable=False),
)
"""Rows of sessions.csv; a row that was taken out there stays here and is not active."""

transcript = Table(
    "transcript",
    metadata,
    Column("session_id", Text, ForeignKey("session.id"), primary_key=True),
    Column("content", JSON, nullable=False),
)
"""Pseudonymised transcripts, whole."""

unitised = Table(
    "unitised",
    metadata,
    Column("session_id", Text, ForeignKey("session.id"), primary_key=True),
    Column("speakers", JSON, nullable=False),
)
"""Who speaks in the units of a session."""

utterance = Table(
    "utterance",
    metadata,
    Column("id", Text, primary_key=True),
    Column("session_id", Text, ForeignKey("session.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("segment", Integer, nullable=False),
    Column("speaker", Text),
    Column("text", Text, nullable=False),
    Column("text_sha", Text, nullable=False),
    Column("start", Double),
    Column("end", Double),
    Column("minimal", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Index(None, "session_id", "position"),
)
"""Units; one that vanished from its file stays, not active, so that labels keep what they point at."""

prediction = Table(
    "prediction",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("utterance_id", Text, ForeignKey("utterance.id"), nullable=False),
    Column("text_sha", Text, nullable=False),
    Column("dimension", Text, nullable=False),
    Column("labels", JSON, nullable=False),
    Column("probabilities", JSON, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("codebook_version", Text, nullable=False),
    Column("saved_at", Text, nullable=False),
    Index(None, "utterance_id", "model_version"),
    sqlite_autoincrement=True,
)
"""What models said; append-only by trigger.

Its codebook version is the one the model was trained on, which this study need not have used: hence no foreign key.
"""

judgement = Table(
    "judgement",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("utterance_id", Text, ForeignKey("utterance.id"), nullable=False),
    Column("text_sha", Text, nullable=False),
    Column("dimension", Text, nullable=False),
    Column("labels", JSON, nullable=False),
    Column("coder", Text, nullable=False),
    Column("coder_kind", Text, nullable=False),
    Column("codebook_version", Text, ForeignKey("codebook.version"), nullable=False),
    Column("judged_at", Text, nullable=False),
    Column("draw", Text),
    Column("blind", Boolean, nullable=False, server_default=false()),
    Index(None, "utterance_id"),
    sqlite_autoincrement=True,
)
"""What coders said; append-only by trigger.

A draw has a row for each of its waves, so its name is no key that a judgement could point at: `save_judgements` looks.
"""

draw = Table(
    "draw",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("wave", Integer, nullable=False),
    Column("content", JSON, nullable=False),
    Column("created_at", Text, nullable=False),
    Index(None, "name", "wave", unique=True),
    sqlite_autoincrement=True,
)
"""Probability samples of units, whole, as they stood after each wave; append-only by trigger.

The unique index keeps two processes from both adding the same wave.
"""

ledger = Table(
    "ledger",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("step", Text, primary_key=True),
    Column("key", Text, nullable=False),
    Column("summary", JSON, nullable=False),
    Column("finished_at", Text, nullable=False),
)
"""Which step was finished for which session ("*" for the whole study), on what content, with what counts."""
