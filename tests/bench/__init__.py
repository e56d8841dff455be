"""The benchmark: Trueup beside what it replaces, and beside what PostgreSQL itself can do."""
