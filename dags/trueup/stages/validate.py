"""Sorts staged rows into postable, replayed and quarantined, as a set, and fixes the digest."""

import logging
from typing import Any

from psycopg import Connection

from trueup import fingerprints, journal, posting, staging, statements, steps, verdicts
from trueup.errors import Refused
from trueup.journal import Run
from trueup.plan import SHAPES_ROWS
from trueup.run_state import Status
from trueup.sources.files import SourceFiles

log = logging.getLogger(__name__)


def validate(connection: Connection, run: Run, files: SourceFiles) -> dict[str, Any]:
    """Form the verdicts, the control totals and the trial balance that posting would leave.

    Raises Refused when more rows are quarantined than `max_quarantined` allows, when nothing can be
    posted, when the delivery overlaps an earlier one unseen, or when the digest is not the approved
    one. Once posting has begun its verdicts are final: what is quarantined stays so, and all other
    rows are prepared again if a crash took them, whatever stands in the ledger by now.
    Raises OperationalFailure when the staging was lost.
    """
    posting.check_staging(connection, run)
    posting_began = bool(journal.ranges(connection, run))
    if posting_began and _stand(connection, run):
        log.info("Posting has begun on these verdicts; they are kept")
        return {"digest": run.row.digest, "kept": True}
    with statements.snapshot(connection):
        if run.plan.not_before or run.plan.not_after:
            _leave_out(connection, run)
        statements.execute(
            connection,
            _sql(run, "forget_verdicts"),
            run_id=run.run_id,
            posting_began=posting_began,
        )
        _withdraw_conflicting(connection, run, files)
        if statements.fetch_one(
            connection, "trueup/validate/has_doubtful", run_id=run.run_id
        ).found:
            form = verdicts.form_again if posting_began else verdicts.form
            form(connection, run)
            statements.execute(connection, "trueup/validate/analyze_staging")
        verdicts.total_movements(connection, run)
        if posting_began:
            journal.log(connection, run, "Prepared again what was approved; the quarantine stays.")
            return {"digest": run.row.digest, "kept": False}
        counts = statements.fetch_one(connection, _sql(run, "count_verdicts"), run_id=run.run_id)
        totals = statements.fetch_all(connection, _sql(run, "total_by_currency"), run_id=run.run_id)
        digest = _digest(connection, run, files)
        # Fails, too, when another task has moved the run since this snapshot.
        journal.fence(connection, run, Status.VALIDATING)
        _write_down(connection, run, counts, totals, digest)
    try:
        _check_quotas(connection, run, counts, digest)
    except Refused:
        journal.save_totals(
            connection, run, read=counts.read, posted=0, replayed=counts.replayed,
            quarantined=counts.quarantined,
        )  # fmt: skip
        raise
    return {"digest": digest, "kept": False, **counts._asdict()}


def _digest(connection: Connection, run: Run, files: SourceFiles) -> str:
    """What an approval is bound to: source, mapping, code, accounts, what shapes the rows, and
    every row that is quarantined, in order. How many of the others stand already moves with a live
    ledger: it is shown, and not in it."""
    digested = statements.fetch_one(connection, _sql(run, "digest_verdicts"), run_id=run.run_id)
    return fingerprints.of_plan(
        run.row.content_fingerprint,
        run.row.mapping_fingerprint,
        run.row.code_fingerprint,
        files.accounts_fingerprint,
        run.row.source_id,
        *(f"{name} {getattr(run.plan, name)}" for name in SHAPES_ROWS),
        digested.verdicts,
    )


def _write_down(
    connection: Connection, run: Run, counts: Any, totals: list[Any], digest: str
) -> None:
    """Keep the verdicts' counts, the control totals and the resulting balances."""
    overdrawn = steps.fetch_all(connection, run, "validate/list_overdrawn", run_id=run.run_id)
    statements.execute(
        connection,
        "trueup/journal/save_verdicts",
        run_id=run.run_id,
        read=counts.read,
        digest=digest,
    )
    journal.add_figures(
        connection,
        run,
        verdicts=counts._asdict(),
        totals=[row._asdict() for row in totals],
        would_overdraw=[row._asdict() for row in overdrawn],
    )
    journal.log(
        connection,
        run,
        f"Validated: {counts.read} read, {counts.postable} postable, {counts.replayed} replayed, "
        f"{counts.quarantined} quarantined. Digest {digest}.",
    )
    for row in totals:
        currency, entries, amount, *resulting = row._asdict().items()
        log.info(
            "%s: %d entries, %s; resulting %s",
            currency[1], entries[1], amount[1],
            ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in resulting),
        )  # fmt: skip


def _withdraw_conflicting(connection: Connection, run: Run, files: SourceFiles) -> None:
    """Let validation judge the plain rows whose keys the ledger has for something else, and those
    that posting has begun without."""
    conflicting = steps.fetch_all(
        connection,
        run,
        "validate/list_conflicting_plain",
        run_id=run.run_id,
        skip_duplicates=run.plan.skip_duplicates,
    )
    if conflicting:
        keys = [row.position for row in conflicting]
        staging.withdraw(connection, run, files.open(), keys)
        statements.execute(
            connection, "trueup/journal/withdraw_from_blocks", run_id=run.run_id, positions=keys
        )
        verdicts.save_control(connection, run)


def _leave_out(connection: Connection, run: Run) -> None:
    left_out = statements.execute(
        connection,
        _sql(run, "leave_out_of_window"),
        run_id=run.run_id,
        not_before=run.plan.not_before,
        not_after=run.plan.not_after,
    ).rowcount
    statements.execute(
        connection, "trueup/journal/add_left_out", run_id=run.run_id, left_out=left_out
    )
    verdicts.save_control(connection, run)
    journal.log(connection, run, f"Left out {left_out} rows outside the window of time.")


def _check_quotas(connection: Connection, run: Run, counts: Any, digest: str) -> None:
    plan = run.plan
    if counts.postable + counts.replayed == 0:
        raise Refused(
            f"None of {counts.read} rows can be posted{_commonest(connection, run)}. Nothing was "
            "posted; look at the quarantine, the accounts file and the mapping."
        )
    if not plan.max_quarantined.allows(counts.quarantined, counts.read):
        raise Refused(
            f"{counts.quarantined} of {counts.read} rows are quarantined"
            f"{_commonest(connection, run)}; max_quarantined allows {plan.max_quarantined}. "
            "Nothing was posted; mend the rows or the mapping, or raise max_quarantined."
        )
    if statements.fetch_one(connection, "trueup/validate/has_doubtful", run_id=run.run_id).found:
        _check_deliveries(connection, run)
    if plan.approved_digest and plan.approved_digest != digest:
        raise Refused(
            f"The digest is {digest}, but {plan.approved_digest} was approved: source, mapping, "
            "code, accounts or verdicts are not what the approver saw. Nothing was posted; look at "
            "a dry run, and approve what it shows."
        )


def _check_deliveries(connection: Connection, run: Run) -> None:
    """Refuse rows without references that an earlier delivery may have brought; plain rows have."""
    if not run.system.has("validate/count_overlap"):
        return
    plan = run.plan
    overlapping = statements.fetch_one(
        connection, _sql(run, "count_overlap"), run_id=run.run_id
    ).overlapping
    renamed = statements.fetch_one(connection, _sql(run, "count_renamed"), run_id=run.run_id).runs
    if renamed and not plan.confirm_overlap:
        raise Refused(
            f"An earlier run of {run.row.source_id} made references with another prefix or "
            "mapping; the same rows would get new ones and be posted once more. Use the former, "
            "or set confirm_overlap if this delivery has only new rows."
        )
    if overlapping and not plan.confirm_overlap:
        raise Refused(
            f"{overlapping} rows without a reference were posted from an earlier, different "
            f"delivery of {run.row.source_id}. If this file is the whole source again, set "
            "confirm_overlap; if it holds only new rows, give it a source_id of its own."
        )
    mended = statements.fetch_one(
        connection,
        _sql(run, "count_mended"),
        run_id=run.run_id,
        source_id=run.row.source_id,
    ).mended
    if mended:
        raise Refused(
            f"{mended} rows of earlier deliveries of {run.row.source_id} were mended in quarantine "
            "and posted under references made for them; this delivery has new rows without "
            "references and may hold them again. Take them out, or give every row a reference."
        )


def _commonest(connection: Connection, run: Run) -> str:
    reasons = statements.fetch_all(connection, "trueup/journal/count_reasons", run_id=run.run_id)
    if not reasons:
        return ""
    first = reasons[0]
    return f" ({first.rows} for {first.reason_code}, first on line {first.first_position})"


def _stand(connection: Connection, run: Run) -> bool:
    return statements.fetch_one(connection, _sql(run, "has_verdicts"), run_id=run.run_id).found


def _sql(run: Run, name: str) -> str:
    return f"{run.system.name}/validate/{name}"
