"""Says in sentences what a run's facts mean."""

import json
import shlex
from datetime import datetime
from typing import Any

from trueup import systems
from trueup.plan import Plan
from trueup.report.amounts import counted
from trueup.report.facts import Facts
from trueup.run_state import Status

DOES_NOT_HOLD = "does not hold"

# What a reader looks for first, by the run's status.
_HEADLINES = {
    Status.COMPLETED: "The run is complete, and its books are proved.",
    Status.PREVIEWED: "This was a dry run: nothing was changed.",
    Status.REFUSED: "The run was refused; nothing was posted.",
    Status.INTERRUPTED: "The run broke off; what it posted stands. The same trigger resumes it.",
    Status.PAUSED: "The run was paused; what it posted stands. The same trigger resumes it.",
    Status.ROLLED_BACK: "The run was taken back.",
    Status.ROLLBACK_FAILED: "The run could not be taken back; a person must look at the books.",
}
# good, bad, or neither yet: the colour of the headline.
_TONES = {
    Status.COMPLETED: "good",
    Status.PREVIEWED: "good",
    Status.REFUSED: "bad",
    Status.ROLLED_BACK: "bad",
    Status.ROLLBACK_FAILED: "bad",
}


def headline(facts: Facts) -> str:
    """The verdict in one sentence."""
    status = Status(facts["status"])
    if status is Status.COMPLETED and (found := facts["breaks"]["total"]):
        accepted = "one break was" if found == 1 else f"{counted(found)} breaks were"
        return f"The run is complete and its books are proved; {accepted} accepted."
    if status is Status.ROLLED_BACK and is_reversed(facts):
        return "The run was reversed: its entries stand, and a reversing entry for each."
    if status is Status.ROLLED_BACK and is_restored(facts):
        return (
            "The tables are as they were at the run's backup; what was written since is kept aside."
        )
    if status is Status.ROLLED_BACK and is_proved_equal(facts):
        return "The run was taken back; the state hash proves that the books stand as before it."
    return _HEADLINES.get(status, f"The run is {status.replace('_', ' ')}; it has not ended yet.")


def is_reversed(facts: Facts) -> bool:
    """Whether the run was taken back by reversing entries."""
    return (facts["rollback"] or {}).get("mode") == "reverse"


def is_restored(facts: Facts) -> bool:
    """Whether the run was taken back by restoring the tables from its backup."""
    return (facts["rollback"] or {}).get("mode") == "restore"


def is_proved_equal(facts: Facts) -> bool:
    """Whether a rollback reproduced the state hash from before the run."""
    before, after = facts["state_hash"]["before"], facts["state_hash"]["after"]
    return before is not None and before == after


def tone(facts: Facts) -> str:
    """How the verdict is to be taken: `good`, `bad` or `open`."""
    return _TONES.get(Status(facts["status"]), "open")


def equation(facts: Facts) -> str:
    """The control totals as an equation of rows; what is not settled yet stands in it too."""
    totals = facts["totals"]
    if facts["dry_run"] and totals["verdicts"]:
        verdicts = totals["verdicts"]
        return (
            f"{counted(verdicts['read'])} read = {counted(verdicts['postable'])} to post + "
            f"{counted(verdicts['replayed'])} replayed + "
            f"{counted(verdicts['quarantined'])} quarantined"
        )
    parts = (
        f"{counted(totals['posted'])} posted + {counted(totals['replayed'])} replayed + "
        f"{counted(totals['quarantined'])} quarantined"
    )
    settled = totals["posted"] + totals["replayed"] + totals["quarantined"]
    waiting = (totals["to_process"] or 0) - settled
    if totals["to_process"] is None:
        return "No row was read."
    if waiting:
        return f"{counted(totals['to_process'])} staged = {parts} + {counted(waiting)} not posted"
    return f"{counted(totals['read'])} read = {parts}"


def totals_notes(facts: Facts) -> list[str]:
    """What a reader must know beside the equation."""
    totals = facts["totals"]
    notes = []
    if facts["status"] == Status.ROLLED_BACK and totals["posted"]:
        rows = counted(totals["posted"])
        notes.append(
            f"The {rows} posted rows stand, and so does a reversal of each."
            if is_reversed(facts)
            else f"The {rows} posted rows were put aside with the tables that they stood in."
            if is_restored(facts)
            else f"The {rows} posted rows were removed again by the rollback."
        )
    if totals["left_out"]:
        notes.append(
            f"{_plural(totals['left_out'], 'row')} outside the window of time were left out; "
            "they are not among the rows read."
        )
    notes += [
        f"{_plural(each['rows'], 'row')} left aside, not among the rows read: {each['what']}."
        for each in totals["left_aside"]
    ]
    if totals["executed"]:
        executed = totals["executed"]
        notes.append(
            f"{_plural(totals['verdicts']['read'], 'row')} were judged; of these, the first "
            f"{counted(executed['read'])} were executed for real in one transaction and taken back "
            f"({counted(executed['posted'])} posted, {counted(executed['replayed'])} replayed, "
            f"{counted(executed['quarantined'])} quarantined)."
        )
    return notes


def totals_caption(facts: Facts) -> str:
    """What the table of currencies shows."""
    if not facts["totals"]["trial_balance"]:
        return "What the verdicts would post, and the balances that would result from it."
    when = (
        "As the books stood before the run was taken back. "
        if facts["status"] in (Status.ROLLED_BACK, Status.ROLLBACK_FAILED, Status.ROLLING_BACK)
        else ""
    )
    return f"{when}Where debits equal credits, balances net to what they netted to before the run."


def breaks(facts: Facts) -> str:
    """What the reconciliation found, in a sentence."""
    found = facts["breaks"]
    if found["total"] is None:
        return "The books were not compared; the run did not come to that."
    against = "its own entries" + (
        f", and {_plural(found['expected_balances'], 'balance')} against what the source publishes"
        if found["expected_balances"]
        else "; no balances of the source's were given to compare with"
    )
    held = systems.named(facts["system"]).held_against or (
        f"Every balance was held against {against}"
    )
    if found["total"] == 0:
        return f"There are no breaks. {held}."
    shown = len(found["largest"])
    return (
        f"{_plural(found['total'], 'balance')} {'breaks' if found['total'] == 1 else 'break'}; the "
        f"run accepts {_accepted(found['accepted'])}. {held}. "
        "Difference is ledger less expected."
        + (f" The {counted(shown)} largest:" if shown < found["total"] else "")
    )


def _accepted(breaks: int | None) -> str:
    return "any number of them" if breaks is None else counted(breaks)


def corrections(facts: Facts) -> str:
    """What a run of corrections found, and what becomes of it."""
    found = facts["corrections"]
    proposed = sum(each["proposal"] != "nothing" for each in found)
    left = len(found) - proposed
    return (
        f"{_plural(len(found), 'finding')}; an entry is proposed for {counted(proposed)}"
        + (
            f", {counted(left)} stay as they are, on the word of the ledger or because no entry "
            "mends them"
            if left
            else ""
        )
        + "."
    )


def compared(facts: Facts) -> str:
    """How the two ledgers stand against each other."""
    found = facts["compared"]
    agree = "Both ledgers agree" if found["differences"] == 0 else "The ledgers differ in "
    differ = "" if found["differences"] == 0 else _plural(found["differences"], "reference")
    known = found["known"]
    return (
        f"{agree}{differ}"
        + (f", {counted(known)} for a known reason" if known else "")
        + f". {_plural(found['ranges'], 'range')} of references were compared by checksum, "
        f"{_plural(found['fetched'], 'entry', 'entries')} one by one."
    )


def quarantine(facts: Facts) -> str:
    """How many rows lie in quarantine, and what to do with them."""
    rows = facts["quarantine"]["rows"]
    if not rows:
        return "No row was quarantined."
    fed_back = systems.named(facts["system"]).fed_back or (
        f"To feed them back, mend them in {facts['quarantine']['csv']} and give that file as the "
        "source of a new run"
    )
    return (
        f"{_plural(rows, 'row')} {'was' if rows == 1 else 'were'} not posted; "
        f"up to {facts['quarantine']['limit']} may be. {fed_back}."
    )


def proof(facts: Facts) -> str:
    """What the state hashes prove."""
    before, after = facts["state_hash"]["before"], facts["state_hash"]["after"]
    state = systems.named(facts["system"]).state
    if before is None:
        return "No state hash was taken: nothing was posted, so there is nothing to take back."
    if is_reversed(facts):
        return (
            "A state hash cannot be equal while originals and reversals stand. Every account's "
            "balance was held against the one before the run, entries of others aside: "
            f"{facts['rollback']['proof']}."
        )
    if is_restored(facts):
        done = facts["rollback"]
        return (
            f"Taken back by the backup of {moment(datetime.fromisoformat(done['taken_at']))}, not "
            f"by an undo: the hashes of {_plural(len(done['tables']), 'restored table')} with "
            f"{_plural(done['rows'], 'row')} are {done['proof']} to those at the backup. Whatever "
            f"was written since is in schema {done['replaced']}, and not in the restored tables."
        )
    if after is None:
        return (
            f"Taken over {state} before the first posting. A rollback of this run must reproduce "
            "it."
        )
    if after == before:
        return (
            f"The two are equal: {state} are again exactly what they were before the run, other "
            "sessions' later entries aside."
        )
    if after == "not provable":
        return (
            "The run's rows are gone, but other sessions changed the books meanwhile in ways that "
            "cannot be subtracted; that all is as before cannot be proved."
        )
    return "The two differ: the books are not what they were before the run."


def backup(facts: Facts) -> str:
    """What was backed up before the first posting, and how that is known to restore."""
    taken = facts["backup"]
    return (
        f"Before the first posting, {_plural(len(taken['tables']), 'table')} with "
        f"{_plural(taken['rows'], 'row')} were backed up into {taken['file']} "
        f"({counted(taken['bytes'])} bytes, SHA-256 {taken['sha256']}), restored into a scratch "
        f"database and compared: every row is the same. That took {taken['seconds']} s."
    )


def approval(facts: Facts) -> str:
    """Whose approval the run had, or how to give it to a dry run."""
    digest = facts["digest"]
    if digest["approved_by"]:
        return f"Approved by {digest['approved_by']} at {moment(digest['approved_at'])}."
    if facts["status"] == Status.PREVIEWED:
        return (
            "The digest stands for exactly these rows, this mapping and this code. To post them "
            "and nothing else, trigger the DAG with dry_run off and this approved_digest:"
        )
    if digest["asked_for"] and digest["asked_for"] == digest["digest"]:
        return "The trigger approved exactly this digest."
    if digest["asked_for"]:
        return f"The trigger approved another digest, {digest['asked_for']}."
    return "No approval was asked for."


def trigger(facts: Facts) -> str | None:
    """The command that posts what a dry run has shown; None for any other run."""
    if facts["status"] != Status.PREVIEWED:
        return None
    conf = asked_for(facts) | {"dry_run": False, "approved_digest": facts["digest"]["digest"]}
    return f"bin/airflow dags trigger {facts['dag_id']} --conf {shlex.quote(json.dumps(conf))}"


def asked_for(facts: Facts) -> dict[str, Any]:
    """The parameters that are not what the DAG's form has by default."""
    params = facts["asked"]["params"]
    if (given := facts["asked"]["given"]) is not None:
        return {name: params[name] for name in given if name in params}
    default = Plan(source="-").model_dump(mode="json")
    default["max_quarantined"] = str(Plan(source="-").max_quarantined)
    return {
        name: value
        for name, value in params.items()
        if value != default[name] and name not in ("approved_digest", "dry_run")
    }


def expectations(facts: Facts) -> str:
    """How many expectations hold."""
    results = facts["expectations"]["results"]
    if not results:
        return "No expectation was asked; the run did not come to that."
    failed = [each for each in results if not each["success"]]
    if not failed:
        return f"All {counted(len(results))} expectations hold."
    return f"{counted(len(failed))} of {counted(len(results))} expectations do not hold."


def constraints(facts: Facts) -> str:
    """How the rules of the system stand at the moment of the report."""
    rules = facts["constraints"]
    standing = f"{sum(rule['stands'] for rule in rules)} of {len(rules)} rules stand"
    if facts["dry_run"] or facts["state_hash"]["before"] is None:
        return f"The run did not come to its constraints. Before it and now, {standing}."
    if facts["status"] == Status.ROLLED_BACK and not is_reversed(facts):
        return f"What this run had added went with it; {standing} now."
    return f"{standing} in the database as this is written."


def batches(facts: Facts) -> str:
    """How many batches were committed, and how fast."""
    found = facts["batches"]
    if not found["batches"]:
        return "No batch was committed."
    rate = found["rows_per_second"]
    return (
        f"{_plural(found['rows'], 'row')} in {_plural(found['batches'], 'batch', 'batches')}"
        f"{f', {counted(rate)} rows a second' if rate else ''}; "
        f"half of them took {found['median_seconds']} s or less."
    )


def moment(time: Any) -> str:
    """A time as people read it, in UTC."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC" if time else "–"


def _plural(number: int, one: str, many: str | None = None) -> str:
    return f"{counted(number)} {one if number == 1 else many or one + 's'}"
