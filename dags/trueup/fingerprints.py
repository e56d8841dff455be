"""Fingerprints: of a source file, of the code that posts, of the books' state."""

import hashlib
from pathlib import Path

from psycopg import Connection

from trueup import statements

_CHUNK = 1 << 20


def of_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def of_posting_code(system: str) -> str:
    """SHA-256 of all that decides what is posted: a resume under other code is refused.

    The statements, and the modules that read a source: a resume may have to read it again.
    """
    sql = statements.fingerprint(
        f"{system}/functions",
        f"{system}/views",
        f"{system}/plain",
        f"{system}/derive",
        f"{system}/validate",
        f"{system}/post",
        "trueup/functions",
    )
    modules = sorted((Path(__file__).parent / "sources").glob("*.py"))
    return of_plan(sql, *(f"{path.name} {of_file(path)}" for path in modules))


def of_state(
    connection: Connection, system: str, run_id: str, high_water_entry_id: int
) -> str | None:
    """The state hash of a system's books as of a run's start; see `fingerprint/hash_state.sql`.

    None when it can be told no more, for what others changed since is not kept.
    """
    return statements.fetch_one(
        connection,
        f"{system}/fingerprint/hash_state",
        run_id=run_id,
        high_water_entry_id=high_water_entry_id,
    ).state_hash


def of_plan(*parts: str) -> str:
    """SHA-256 over an ordered list of fingerprints: the digest that an approval is bound to."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
