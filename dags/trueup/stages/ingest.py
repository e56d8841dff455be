"""Streams the source into an unlogged staging table, every record, line numbers kept."""

import logging
from collections.abc import Iterator
from typing import Any

from psycopg import Connection

from trueup import journal, statements
from trueup.errors import Refused
from trueup.journal import Run
from trueup.sources.files import SourceFiles
from trueup.sources.reference_files import read_accounts, read_expected_balances

log = logging.getLogger(__name__)

_PROGRESS_ROWS = 250_000


def ingest(connection: Connection, run: Run, files: SourceFiles) -> dict[str, Any]:
    """Stage the source, the accounts to create and the expected balances, in one transaction.

    A staging that is whole (count and control hash) is kept: a resume does not read twice.
    Raises Refused when the source has no rows or an account to create stands differently.
    """
    if run.row.staged_rows is not None and _is_whole(connection, run):
        log.info("The staging of %d rows is whole and is kept", run.row.staged_rows)
        return {"staged": run.row.staged_rows, "kept": True}
    with connection.transaction():
        statements.execute(connection, _sql(run, "create_staging"), run_id=run.run_id)
        with statements.copy_into(connection, _sql(run, "copy_staged")) as copy:
            for row in _with_progress(files.open().rows(run.plan.limit)):
                copy.write_row((run.run_id, *row))
        _stage_accounts(connection, run, files)
        _stage_expected_balances(connection, run, files)
        control = statements.fetch_one(connection, _sql(run, "control_staged"), run_id=run.run_id)
        if control.staged_rows == 0:
            raise Refused(
                f"{run.plan.source} has a header and no rows; there is nothing to post. "
                "Check the export."
            )
        statements.execute(
            connection, "trueup/journal/save_staged", run_id=run.run_id, **control._asdict()
        )
    statements.execute(connection, f"{run.system.name}/validate/analyze_staging")
    journal.log(connection, run, f"Staged {control.staged_rows} rows.")
    return {"staged": control.staged_rows, "kept": False}


def _is_whole(connection: Connection, run: Run) -> bool:
    """Whether staging holds what was staged; rows outside the window have left since."""
    control = statements.fetch_one(connection, _sql(run, "control_staged"), run_id=run.run_id)
    return (control.staged_rows, control.staged_hash) == (
        run.row.staged_rows,
        run.row.staged_hash,
    )


def _stage_accounts(connection: Connection, run: Run, files: SourceFiles) -> None:
    statements.execute(connection, _sql(run, "delete_staged_accounts"), run_id=run.run_id)
    if not files.accounts:
        return
    statements.execute_each(
        connection,
        _sql(run, "insert_staged_account"),
        (
            {
                "run_id": run.run_id,
                "account_id": account.id,
                "currency_code": account.currency_code,
                "normal_side": account.normal_side,
                "allow_overdraft": account.allow_overdraft,
            }
            for account in read_accounts(files.accounts)
        ),
    )
    differing = statements.fetch_all(
        connection, f"{run.system.name}/audit/list_differing_accounts", run_id=run.run_id
    )
    if differing:
        first = differing[0]
        raise Refused(
            f"{len(differing)} accounts of {run.plan.accounts} stand in the ledger, and "
            f"differently: {first.account_id} is {first.stands}, the file says {first.wanted}. "
            "Nothing is altered in silence: correct the file or the account."
        )


def _stage_expected_balances(connection: Connection, run: Run, files: SourceFiles) -> None:
    statements.execute(connection, "trueup/journal/delete_expected_balances", run_id=run.run_id)
    if files.expected_balances:
        statements.execute_each(
            connection,
            "trueup/journal/insert_expected_balance",
            (
                {"run_id": run.run_id, **balance._asdict()}
                for balance in read_expected_balances(files.expected_balances)
            ),
        )


def _with_progress(rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    number = 0
    for number, row in enumerate(rows, start=1):
        if number % _PROGRESS_ROWS == 0:
            log.info("%d rows staged", number)
        yield row


def _sql(run: Run, name: str) -> str:
    return f"{run.system.name}/ingest/{name}"
