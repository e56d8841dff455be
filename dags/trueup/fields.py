"""Fields that an older table of entries lacks: judged, added, filled in batches, required.

Nothing is posted and no balance moves, so this is no run of the journal: the table itself is the
checkpoint, and the trigger that fills remembers how the table stood. See decision 0012.
"""

import json
import logging
import time
from dataclasses import asdict, astuple, dataclass
from typing import Any

from psycopg import Connection, errors, sql

from trueup import batches, statements
from trueup.errors import DataFailure, OperationalFailure, Refused

log = logging.getLogger(__name__)

_TARGET_SECONDS = 1.0


@dataclass(frozen=True)
class Filling:
    """What a field is filled with where a row lacks it.

    currency_code comes from the debit account; reference_id is `prefix` and the row's id;
    timestamp_utc is what `time_column` says.
    """

    ledger_id: str = "MASTER"
    asset_type: str = "fiat"
    transaction_type: str = "LEGACY"
    prefix: str = "LEGACY-"
    time_column: str = "created_at"

    def __post_init__(self) -> None:
        empty = [name for name, value in asdict(self).items() if not value.strip()]
        if empty:
            raise Refused(f"{', '.join(empty)}: say what the rows are to be filled with.")


def judge(connection: Connection, system: str, filling: Filling) -> dict[str, Any]:
    """Say which fields are missing and for how many rows; change nothing.

    Raises Refused, with counts and the first row, when a row could not be filled, and when a
    migration that is under way fills with something else.
    """
    memory = _remembered(connection, system, filling)
    fields = _fields(connection, system)
    if not fields:
        raise Refused("There is no table ledger_entries in this database; nothing lacks fields.")
    if lacking := [row.field for row in fields if not row.addable and not row.stands]:
        raise Refused(
            f"ledger_entries has no {', '.join(lacking)}: that cannot be made up. If the entries "
            "have another shape, migrate them with ledger_schema_migration."
        )
    key = statements.fetch_one(connection, f"{system}/fields/has_key")
    if key.taken and not key.found and memory is None:
        raise Refused(
            "Something is called ledger_entries_reference_unique and is not the key over ledger_id "
            "and reference_id that is to be built: drop or rename it. Nothing was changed."
        )
    absent = [row.field for row in fields if not row.stands]
    open_fields = _open_fields(connection, system)
    found = statements.fetch_all(
        connection,
        f"{system}/fields/judge",
        ledger_id=filling.ledger_id,
        prefix=filling.prefix,
        time_column=filling.time_column,
    )
    if found and open_fields:
        told = "; ".join(f"{row.rows} rows {row.finding}, first id {row.first_id}" for row in found)
        raise Refused(f"ledger_entries cannot be filled: {told}. Nothing was changed.")
    rows = statements.fetch_one(connection, f"{system}/fields/count_rows")
    log.info("%s rows; absent: %s; not required yet: %s", f"{rows.rows:,}", absent, open_fields)
    return {"rows": rows.rows, "absent": absent, "open": open_fields}


def add(connection: Connection, system: str, filling: Filling) -> dict[str, Any]:
    """Add what is absent, empty, with the trigger that fills it; give what is remembered.

    An attempt before may have come so far; what it remembers stands. Raises Refused when that one
    fills with something else.
    """
    if memory := _remembered(connection, system, filling):
        return memory
    absent = [row.field for row in _fields(connection, system) if not row.stands]
    open_fields = _open_fields(connection, system)
    columns = statements.fetch_all(
        connection, "trueup/derive/list_columns", source="ledger_entries"
    )
    memory = {
        "filling": asdict(filling),
        "added": absent,
        "nullable": [field for field in open_fields if field not in absent],
        "keyed": statements.fetch_one(connection, f"{system}/fields/has_key").found,
        # What a row lacks of a field that stands is filled too: such a field proves nothing.
        "columns": [row.name for row in columns if row.name not in open_fields],
        "last_id": _last_id(connection, system),
    }
    memory["hash"] = _hash(connection, system, memory).hash
    with connection.transaction():
        # In the order in which the trigger's function reads them.
        arguments = map(sql.Literal, astuple(filling))
        _change(
            connection, system, "add", filling=sql.SQL(", ").join(arguments),
            memory=sql.Literal(json.dumps(memory)),
        )  # fmt: skip
    return memory


def fill(connection: Connection, system: str, batch_size: int) -> int:
    """Fill the rows that lack a field, a batch a transaction; give how many.

    Raises DataFailure when the database refuses what a row is filled with.
    """
    after, filled, size = 0, 0, batch_size
    while True:
        began = time.monotonic()
        try:
            batch = statements.fetch_one(
                connection, f"{system}/fields/fill_batch", after=after, rows=size
            )
        except (errors.DataError, errors.IntegrityError) as error:
            raise DataFailure(f"A row behind id {after} cannot be filled: {error}") from error
        if not batch.filled:
            return filled
        after, filled = batch.last_id, filled + batch.filled
        size = batches.next_size(size, time.monotonic() - began, _TARGET_SECONDS)
        log.info("%s rows filled, up to id %d; next %d", f"{filled:,}", after, size)


def require(connection: Connection, system: str) -> list[str]:
    """Make the fields NOT NULL and references unique, with nobody waiting long; give which.

    Raises DataFailure when a row breaks it.
    """
    try:
        required = _open_fields(connection, system)
        for field in required:
            _require(connection, system, field)
        if not statements.fetch_one(connection, f"{system}/fields/has_key").found:
            statements.execute(connection, f"{system}/fields/drop_index")
            statements.execute(connection, f"{system}/fields/build_index")
            statements.execute(connection, f"{system}/fields/add_key")
    except errors.IntegrityError as error:
        raise DataFailure(f"The table breaks what is required of it: {error}") from error
    return required


def verify(connection: Connection, system: str) -> None:
    """Raise DataFailure unless every field of before says what it said."""
    memory = recall(connection, system)
    if memory is None:
        raise OperationalFailure("The trigger fill_ledger_entry is gone; nothing can be proved.")
    after = _hash(connection, system, memory)
    if after.hash != memory["hash"]:
        raise DataFailure(
            f"The rows up to id {memory['last_id']} are not what they were: their hash is "
            f"{after.hash}, and was {memory['hash']}. Somebody changed or deleted entries."
        )
    log.info("%s rows, hash of what they had before: %s, equal", f"{after.rows:,}", after.hash)


def take_back(connection: Connection, system: str) -> dict[str, Any]:
    """Remove what was added and required, and give the proof that the rows hash as before.

    Fields that stood before may be empty again, for writers that do not give them. They keep what
    they were filled with; there is no telling it apart.
    Raises OperationalFailure when views or other objects were built on the fields since.
    """
    memory = recall(connection, system)
    if memory is None:
        return {"removed": []}
    try:
        with connection.transaction():
            statements.execute_script(connection, f"{system}/fields/take_back")
            if not memory["keyed"]:
                statements.execute_script(connection, f"{system}/fields/drop_key")
            for field in memory["nullable"]:
                _change(connection, system, "release", **_names(field))
            for field in memory["added"]:
                _change(connection, system, "drop_field", field=sql.Identifier(field))
            after = _hash(connection, system, memory)
    except errors.DependentObjectsStillExist as error:
        raise OperationalFailure(
            f"The fields cannot be removed, for something was built on them: {error}"
        ) from error
    proof = "equal" if after.hash == memory["hash"] else "different"
    log.info("Removed %s; hash of the rows: %s", memory["added"], proof)
    return {"removed": memory["added"], "proof": proof}


def recall(connection: Connection, system: str) -> dict[str, Any] | None:
    """What a migration that is under way, or done, remembers; None if there was none."""
    found = statements.fetch_one(connection, f"{system}/fields/read_memory")
    return found.memory if found else None


def _require(connection: Connection, system: str, field: str) -> None:
    names = _names(field)
    made = statements.fetch_one(
        connection, f"{system}/fields/has_promise", promise=_promise(field)
    ).found
    if not made:
        _change(connection, system, "require", **names)
    _change(connection, system, "validate", **names)
    _change(connection, system, "set_not_null", **names)


def _change(connection: Connection, system: str, name: str, **parts: sql.Composable) -> None:
    statements.execute_composed(connection, f"{system}/fields/{name}", parts)


def _names(field: str) -> dict[str, sql.Composable]:
    return {"field": sql.Identifier(field), "promise": sql.Identifier(_promise(field))}


def _promise(field: str) -> str:
    return f"ledger_entries_{field}_filled"


def _remembered(connection: Connection, system: str, filling: Filling) -> dict[str, Any] | None:
    """What the migration under way remembers; raises Refused when it fills with something else."""
    memory = recall(connection, system)
    if memory is None:
        return None
    before, now = memory["filling"], asdict(filling)
    if before != now:
        told = "; ".join(
            f"{name} was {before[name]!r}, and is {now[name]!r} now"
            for name in now
            if before[name] != now[name]
        )
        raise Refused(
            f"ledger_entries is filled already, otherwise than asked for: {told}. Trigger it with "
            "what was chosen before, or take that migration back first (docs/runbook.md says how)."
        )
    return memory


def _last_id(connection: Connection, system: str) -> int:
    """The last id that anybody wrote, read when everybody who was writing is done.

    What they had not committed yet stood before too. Whoever writes after that gets a higher id.
    """
    with connection.transaction():
        statements.execute(connection, f"{system}/fields/await_writers")
        return statements.fetch_one(connection, f"{system}/fields/read_last_id").last_id


def _hash(connection: Connection, system: str, memory: dict[str, Any]) -> Any:
    """The rows that stood when the fields were added, by the columns of then."""
    return statements.fetch_one(
        connection,
        f"{system}/fields/hash_rows",
        columns=memory["columns"],
        last_id=memory["last_id"],
    )


def _open_fields(connection: Connection, system: str) -> list[str]:
    """The fields that a row may still lack and that today's table requires."""
    fields = _fields(connection, system)
    return [row.field for row in fields if row.addable and row.required and not row.not_null]


def _fields(connection: Connection, system: str) -> list[Any]:
    return statements.fetch_all(connection, f"{system}/fields/list_fields")
