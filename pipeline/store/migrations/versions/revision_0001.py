"""The baseline: study, codebook, sessions, transcripts, units, labels and ledger; labels are append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

APPEND_ONLY = ("prediction", "judgement")


def upgrade() -> None:
    """Make all tables and the triggers that keep labels as they are."""
    _study()
    _words()
    _labels()
    op.create_table(
        "ledger",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("finished_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "step", name="pk_ledger"),
    )
    if op.get_bind().dialect.name == "sqlite":
        _sqlite_triggers()
    else:
        _postgresql_triggers()


def _study() -> None:
    op.create_table(
        "codebook",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("registered_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_codebook"),
    )
    op.create_table(
        "study",
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("codebook_version", sa.Text(), nullable=False),
        sa.Column("declared", sa.JSON(), nullable=False),
        sa.CheckConstraint("slot = 1", name="ck_study_one"),
        sa.ForeignKeyConstraint(["codebook_version"], ["codebook.version"], name="fk_study_codebook_version"),
        sa.PrimaryKeyConstraint("slot", name="pk_study"),
    )
    op.create_table(
        "session",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer()),
        sa.Column("date", sa.Text()),
        sa.Column("transcript", sa.Text(), nullable=False),
        sa.Column("roster", sa.Text()),
        sa.Column("components", sa.JSON(), nullable=False),
        sa.Column("outcomes", sa.JSON(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_session"),
    )


def _words() -> None:
    op.create_table(
        "transcript",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name="fk_transcript_session_id"),
        sa.PrimaryKeyConstraint("session_id", name="pk_transcript"),
    )
    op.create_table(
        "unitised",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("speakers", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name="fk_unitised_session_id"),
        sa.PrimaryKeyConstraint("session_id", name="pk_unitised"),
    )
    op.create_table(
        "utterance",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("segment", sa.Integer(), nullable=False),
        sa.Column("speaker", sa.Text()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_sha", sa.Text(), nullable=False),
        sa.Column("start", sa.Double()),
        sa.Column("end", sa.Double()),
        sa.Column("minimal", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name="fk_utterance_session_id"),
        sa.PrimaryKeyConstraint("id", name="pk_utterance"),
    )
    op.create_index("ix_utterance_session_id_position", "utterance", ["session_id", "position"])


def _labels() -> None:
    op.create_table(
        "prediction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("utterance_id", sa.Text(), nullable=False),
        sa.Column("text_sha", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("probabilities", sa.JSON(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("codebook_version", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["utterance_id"], ["utterance.id"], name="fk_prediction_utterance_id"),
        sa.PrimaryKeyConstraint("id", name="pk_prediction"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_prediction_utterance_id_model_version", "prediction", ["utterance_id", "model_version"])
    op.create_table(
        "judgement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("utterance_id", sa.Text(), nullable=False),
        sa.Column("text_sha", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("coder", sa.Text(), nullable=False),
        sa.Column("coder_kind", sa.Text(), nullable=False),
        sa.Column("codebook_version", sa.Text(), nullable=False),
        sa.Column("judged_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["utterance_id"], ["utterance.id"], name="fk_judgement_utterance_id"),
        sa.ForeignKeyConstraint(["codebook_version"], ["codebook.version"], name="fk_judgement_codebook_version"),
        sa.PrimaryKeyConstraint("id", name="pk_judgement"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_judgement_utterance_id", "judgement", ["utterance_id"])


def _sqlite_triggers() -> None:
    """Refuse UPDATE and DELETE, and INSERT OR REPLACE, which SQLite lets pass a trigger on DELETE."""
    for table in APPEND_ONLY:
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}")
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")
        known = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)"  # noqa: S608 - names of our own tables
        op.execute(f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} {known} {refuse}")


def _postgresql_triggers() -> None:
    op.execute(
        "CREATE FUNCTION raamwerk_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in APPEND_ONLY:
        refuse = "EXECUTE FUNCTION raamwerk_append_only()"
        op.execute(f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW {refuse}")
        op.execute(f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}")
