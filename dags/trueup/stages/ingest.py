"""Streams the source into unlogged staging tables, every record, line numbers kept."""

import logging
from typing import Any

from psycopg import Connection

from trueup import derivation, extraction, journal, staging, statements, steps
from trueup.errors import Refused
from trueup.journal import Run
from trueup.sources.files import SourceFiles
from trueup.sources.reference_files import read_accounts, read_expected_balances

log = logging.getLogger(__name__)


def ingest(connection: Connection, run: Run, files: SourceFiles) -> dict[str, Any]:
    """Stage the source, the accounts to create and the expected balances.

    A staging that is whole (count and control hash) is kept: a resume does not read twice, and one
    of a source that is no file goes on where it broke off. The
    small files are read again, for they may have been mended since; but once posting has begun the
    accounts are those that it began with.
    Raises Refused when the source has no rows, when an account to create stands differently, or
    when the accounts file has changed since posting began.
    """
    journal.drop_left_staging(connection, run)
    kept = run.row.staged_rows is not None and _is_whole(connection, run)
    posting_began = bool(journal.ranges(connection, run))
    if not kept and files.source:
        # In a transaction of its own: it locks the parents, and reading may take hours.
        statements.execute(connection, "trueup/ingest/create_staging", run_id=run.run_id)
    with connection.transaction():
        if posting_began:
            _refuse_other_accounts(run, files)
        else:
            _stage_accounts(connection, run, files)
        _stage_expected_balances(connection, run, files)
        if kept:
            derivation.stage_beside(connection, run)
        staged = run.row.staged_rows
        if not kept and files.source:
            staging.stage_source(connection, run, files.open())
            staged = _keep_staged(connection, run, files.fingerprint)
    if not kept and not files.source:
        content = (
            extraction.extract(connection, run, files.extract, anew=staged is not None)
            if files.extract
            else derivation.derive(connection, run)
        )
        staging.keep_one_block(connection, run)
        staged = _keep_staged(connection, run, content)
    if kept:
        log.info("The staging of %d rows is whole and is kept", staged)
    else:
        journal.log(connection, run, f"Staged {staged} rows.")
    return {"staged": staged, "kept": kept}


def _keep_staged(connection: Connection, run: Run, content_fingerprint: str) -> int:
    """Write down what was staged, and give how many rows; raises Refused when there are none."""
    control = statements.fetch_one(connection, _sql(run, "control_staged"), run_id=run.run_id)
    if control.staged_rows == 0:
        raise Refused(derivation.say_empty(run))
    # Rows outside the window of time are in it again.
    statements.execute(connection, "trueup/journal/forget_left_out", run_id=run.run_id)
    statements.execute(
        connection, "trueup/journal/save_staged", run_id=run.run_id, **control._asdict()
    )
    statements.execute(
        connection,
        "trueup/journal/save_content",
        run_id=run.run_id,
        content_fingerprint=content_fingerprint,
    )
    return control.staged_rows


def _is_whole(connection: Connection, run: Run) -> bool:
    """Whether staging holds what was staged; rows outside the window have left since."""
    control = statements.fetch_one(connection, _sql(run, "control_staged"), run_id=run.run_id)
    return (control.staged_rows, control.staged_hash) == (
        run.row.staged_rows,
        run.row.staged_hash,
    )


def _refuse_other_accounts(run: Run, files: SourceFiles) -> None:
    staged = run.row.figures.get("staged", {}).get("accounts_fingerprint")
    if staged != files.accounts_fingerprint:
        raise Refused(
            f"{run.plan.accounts} was changed since run {run.run_id} began to post. Put the former "
            "file back to resume the run, or take it back with the DAG `rollback`."
        )


def _stage_accounts(connection: Connection, run: Run, files: SourceFiles) -> None:
    steps.execute(connection, run, "ingest/delete_staged_accounts", run_id=run.run_id)
    journal.add_figures(
        connection, run, staged={"accounts_fingerprint": files.accounts_fingerprint}
    )
    if not files.accounts:
        return
    with statements.copy_into(connection, _sql(run, "copy_staged_accounts")) as copy:
        for account in read_accounts(files.accounts):
            copy.write_row(
                (
                    run.run_id,
                    account.id,
                    account.currency_code,
                    account.normal_side,
                    account.allow_overdraft,
                )
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


def _sql(run: Run, name: str) -> str:
    return f"{run.system.name}/ingest/{name}"
