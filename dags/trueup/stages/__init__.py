"""A stage is one step of a run: `stage(connection, run)`, and it does not know the others."""
