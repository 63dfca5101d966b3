"""Draws become things of their own, append-only; a judgement says for which draw it was asked, and whether blindly."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table of draws with its triggers; judgements of before belong to no draw and are not blind."""
    op.create_table(
        "draw",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_draw"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_draw_name_wave", "draw", ["name", "wave"], unique=True)
    op.add_column("judgement", sa.Column("draw", sa.Text()))
    op.add_column("judgement", sa.Column("blind", sa.Boolean(), server_default=sa.false(), nullable=False))
    if op.get_bind().dialect.name == "sqlite":
        _sqlite_triggers()
    else:
        _postgresql_triggers()


def _sqlite_triggers() -> None:
    """Refuse UPDATE and DELETE, and INSERT OR REPLACE, which SQLite lets pass a trigger on DELETE."""
    refuse = "BEGIN SELECT RAISE(ABORT, 'draw is append-only'); END"
    op.execute(f"CREATE TRIGGER draw_no_update BEFORE UPDATE ON draw {refuse}")
    op.execute(f"CREATE TRIGGER draw_no_delete BEFORE DELETE ON draw {refuse}")
    known = "WHEN EXISTS (SELECT 1 FROM draw WHERE id = NEW.id OR (name = NEW.name AND wave = NEW.wave))"
    op.execute(f"CREATE TRIGGER draw_no_replace BEFORE INSERT ON draw {known} {refuse}")


def _postgresql_triggers() -> None:
    """The function that refuses was made by revision 0001."""
    refuse = "EXECUTE FUNCTION raamwerk_append_only()"
    op.execute(f"CREATE TRIGGER draw_no_change BEFORE UPDATE OR DELETE ON draw FOR EACH ROW {refuse}")
    op.execute(f"CREATE TRIGGER draw_no_truncate BEFORE TRUNCATE ON draw FOR EACH STATEMENT {refuse}")
