"""How does Alembic run our steps?

On the connection, and in the transaction, that `pipeline.store.upgrade` gives it; there is no ini file.
"""

from __future__ import annotations

from alembic import context

from pipeline.store.tables import VERSION_TABLE, metadata

if __name__ == "env_py":  # the name under which Alembic runs this file; importing it does nothing
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        version_table=VERSION_TABLE,
    )
    with context.begin_transaction():
        context.run_migrations()
