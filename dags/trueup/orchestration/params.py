"""The trigger form: every param described, checked by its schema, grouped as a person asks."""

from typing import Any

from airflow.sdk import Param

# Stands open when the form opens; sections of one's own are closed, whatever must be filled in.
_FIRST = None
_WHAT = "What else is loaded"
_HOW = "How it is loaded"
_WHEN = "When to give up"

_A_NUMBER_OR_A_SHARE = r"^\d+(\.\d+)?\s*%?$"
_DECIMAL = r"^\d+(\.\d+)?$"


# What the form calls a param whose own name, in words, would not say enough.
_TITLES = {
    "accept_breaks": "Accepted breaks",
    "accounts": "Accounts file",
    "batch_seconds": "Seconds per batch",
    "checkpoint_interval": "Batches between balance checks",
    "confirm_overlap": "Confirm an overlap",
    "expected_balances": "Expected balances file",
    "four_eyes": "Four eyes",
    "ledger_id": "Ledger",
    "limit": "Row limit",
    "mapping": "Mapping file",
    "max_quarantined": "Most quarantined rows",
    "max_retries": "Retries per batch",
    "outbox": "Outbox rows",
    "prefix": "Reference prefix",
    "regime": "Loading regime",
    "retry_delay": "Milliseconds before a retry",
    "source_id": "Logical source",
    "sovereign_bank_id": "Sovereign bank",
    "tolerance": "Tolerated difference",
    "true_up": "True up",
    "trust": "Trusted side",
}


def form(params: dict[str, Param]) -> dict[str, Param]:
    """Lay params out for the trigger form: each has a title, its own or its name in words."""
    for name, param in params.items():
        words = name.replace("_", " ").capitalize()
        param.schema.setdefault("title", _TITLES.get(name, words))
        if param.schema.get("section") is None:
            param.schema.pop("section", None)
    return params


def _text(default: str | None, section: str | None, description: str, **schema: Any) -> Param:
    types = ["null", "string"] if default is None else "string"
    return Param(default, type=types, section=section, description=description, **schema)


def _number(default: float | None, section: str | None, description: str, **schema: Any) -> Param:
    kind = "number" if isinstance(default, float) else "integer"
    types = ["null", kind] if default is None else kind
    return Param(default, type=types, section=section, description=description, **schema)


def _switch(default: bool, section: str | None, description: str) -> Param:
    return Param(default, type="boolean", section=section, description=description)


def _choice(default: str, choices: list[str], section: str | None, description: str) -> Param:
    return Param(default, enum=choices, section=section, description=description)


def backfill_params() -> dict[str, Param]:
    """The params of a backfill, with the engine's defaults; `dry_run` is on."""
    return {
        "source": Param(
            type="string",
            minLength=1,
            section=_FIRST,
            description="The file to load, below one of the source roots (TRUEUP_SOURCE_ROOTS); or "
            "the table, query or path that the source type asks for.",
            examples=["opencollective/ledger_entries.csv", "public.entries", "/v1/entries"],
        ),
        "source_type": _choice(
            "CSV", ["CSV", "JSONL", "PARQUET", "DATABASE", "API", "QUARANTINE"], _FIRST,
            "CSV, JSONL (JSON Lines) and PARQUET are files; DATABASE is a table or query, and API "
            "a path, both read through the source connection; QUARANTINE is what an earlier run, "
            "named by its id, left in quarantine.",
        ),
        "source_connection": _text(
            None, _WHAT,
            "For DATABASE and API: the Airflow connection to read through. Its extra must say "
            "trueup_source: true.",
            examples=["legacy_bank"],
        ),
        "key_column": _text(
            "id", _WHAT,
            "For DATABASE: the column in whose order rows are read, best one with an index.",
        ),
        "source_id": _text(
            None, _WHAT,
            "Deliveries under one name count as one source: rows without a reference are known "
            "again by it. Default: the file's name.",
            maxLength=255,
        ),
        "ledger_id": _text(
            "MASTER", _WHAT, "The ledger id of rows that carry none of their own.", minLength=1
        ),
        "accounts": _text(
            None, _FIRST,
            "CSV of accounts to create first: id, currency_code, allow_overdraft, normal_side.",
            examples=["opencollective/bank_accounts.csv"],
        ),
        "mapping": _text(
            None, _FIRST,
            "YAML file that says how the source's columns become ours (docs/mapping.md).",
        ),
        "expected_balances": _text(
            None, _FIRST,
            "CSV of the source's own balances to reconcile with: account_id, currency_code, "
            "expected_balance, optional as_of.",
            examples=["opencollective/expected_balances.csv"],
        ),
        "prefix": _text(
            "BACKFILL-", _WHAT,
            "Beginning of references made for rows without one. Keep it for all deliveries of one "
            "source.",
        ),
        "limit": _number(
            None, _WHAT, "Load only the first so many rows, as a trial.", minimum=1
        ),
        "not_before": _text(None, _WHAT, "Leave out entries before this time (ISO 8601, UTC)."),
        "not_after": _text(None, _WHAT, "Leave out entries after this time (ISO 8601, UTC)."),
        "dry_run": _switch(
            True, _FIRST, "Judge everything, execute a part, take it back. Off: post for real."
        ),
        "dry_run_rows": _number(
            100_000, _HOW, "How many rows a dry run executes before it takes them back.",
            minimum=0, maximum=1_000_000,
        ),
        "approval": _choice(
            "auto", ["auto", "manual"], _FIRST,
            "auto: post without asking. manual: stop before posting until a person approves the "
            "figures, under Required Actions. A dry run never asks.",
        ),
        "four_eyes": _switch(
            True, _HOW,
            "Whoever triggered the run may reject it, but not approve it. Off: they may, where one "
            "person works alone. Means nothing with approval auto.",
        ),
        "approved_digest": _text(
            None, _HOW,
            "The digest in a dry run's log or report. The run posts what that dry run showed, or "
            "nothing.",
        ),
        "regime": _choice(
            "auto", ["auto", "live", "initial"], _HOW,
            "live: others work on meanwhile. initial: an empty ledger that nobody else uses is "
            "loaded bare, indexes and foreign keys are built behind it, and nobody else can post "
            "until then. auto: initial where it is possible and worth it.",
        ),
        "outbox": _switch(
            False, _HOW, "Queue every entry for delivery to the other ledger (dual_ledger_outbox)."
        ),
        "batch_size": _number(
            1000, _HOW, "Rows in the first batch; then the size adapts to the seconds per batch.",
            minimum=1, maximum=1_000_000,
        ),
        "batch_seconds": _number(
            1.0, _HOW,
            "How long a batch should take. Batches grow gently and shrink fast, and back off when "
            "a standby lags or other sessions wait.",
            minimum=0.05, maximum=60,
        ),
        "checkpoint_interval": _number(
            10, _HOW,
            "Check all balances against their entries every so many batches, while Validate "
            "balances is on. Every batch is a checkpoint in any case.",
            minimum=1,
        ),
        "max_retries": _number(
            3, _HOW, "How often a batch is tried again after a passing error.",
            minimum=0, maximum=20,
        ),
        "retry_delay": _number(
            1000, _HOW, "Milliseconds before the first retry; doubling after.",
            minimum=0, maximum=600_000,
        ),
        "parallel_workers": _number(
            1, _HOW, "How many tasks post side by side. Fixed once posting has begun.",
            minimum=1, maximum=16,
        ),
        "skip_duplicates": _switch(
            True, _HOW, "Count what was posted before as replayed. Off: quarantine it."
        ),
        "validate_balances": _switch(
            True, _HOW, "Check balances while posting, not only at the end."
        ),
        "confirm_overlap": _switch(
            False,
            _HOW,
            "Leave it off; turn it on only when a refusal asks for it: rows without a reference "
            "may then be in this delivery and in an earlier one.",
        ),
        # No type: a number is as good as its text, and the form shows a plain field only then.
        "max_quarantined": Param(
            "1 %",
            section=_WHEN,
            description="Most rows that may be quarantined: a number, or a share such as 1 %. "
            "More, and the run is refused before anything is posted.",
            pattern=_A_NUMBER_OR_A_SHARE,
        ),
        "tolerance": Param(
            "0",
            section=_WHEN,
            description="Largest difference to an expected balance that is no break, in units of "
            "its currency, such as 0.01.",
            pattern=_DECIMAL,
        ),
        "accept_breaks": _number(
            0, _WHEN,
            "A break is an account whose balance is not what its entries or the expected balances "
            "say. More of them than this, and the run is rolled back.",
            minimum=0,
        ),
    }  # fmt: skip


def correction_params() -> dict[str, Param]:
    """The params of a run of corrections."""
    params = backfill_params()
    for name in (
        "source_connection", "key_column", "mapping", "limit", "not_before", "not_after",
        "accounts", "expected_balances", "regime", "confirm_overlap",
    ):  # fmt: skip
        del params[name]
    return params | {
        "source": _text(
            "latest", _FIRST,
            "The id of the run after which the books are off, or latest: the last completed one "
            "that left breaks or quarantined rows.",
            minLength=1,
        ),
        "source_type": Param(
            "CORRECTIONS", const="CORRECTIONS", section=_FIRST,
            description="What is posted are the corrections that are found.",
        ),
        "trust": Param(
            "source", type=["string", "object"], section=_FIRST,
            description="Which side is right. source: the ledger is corrected. ledger: nothing is "
            'posted, the difference is documented. Per account: {"*": "source", "a-1": "ledger"}.',
        ),
        "suspense_account": _text(
            "SUSPENSE", _WHAT,
            "What corrections are booked against; the currency is added (SUSPENSE:USD). Opened "
            "when it is missing, and it may overdraw.",
            minLength=1, maxLength=200,
        ),
        "prefix": _text("CORRECTION-", _WHAT, "Beginning of the corrections' references."),
        "approval": _choice(
            "manual", ["manual", "auto"], _FIRST,
            "manual: stop before posting until a person approves the proposals, under Required "
            "Actions. auto: post without asking. A dry run never asks.",
        ),
    }  # fmt: skip


def sync_params() -> dict[str, Param]:
    """The params of a synchronisation with a sovereign central bank."""
    params = backfill_params()
    for name in ("key_column", "not_before", "not_after", "limit", "expected_balances", "regime"):
        del params[name]
    return {
        "sovereign_bank_id": Param(
            type="string", minLength=1, section=_FIRST, examples=["central-1"],
            description="The bank, as the SCB's API knows it.",
        ),
        "start_date": Param(
            type="string", format="date", section=_FIRST,
            description="The first day that is synchronised (UTC).",
        ),
        "end_date": Param(
            type="string", format="date", section=_FIRST,
            description="The last day that is synchronised (UTC).",
        ),
    } | params | {
        "source": _text(
            "entries", _FIRST, "What is read below the bank's path of the API.", minLength=1
        ),
        "source_type": Param(
            "SCB", const="SCB", section=_FIRST, description="A sovereign central bank's ledger."
        ),
        "source_connection": _text(
            "scb", _WHAT,
            "The Airflow HTTP connection to the SCB's API. Its extra must say trueup_source: true.",
            minLength=1,
        ),
        "ledger_id": _text(
            "SOVEREIGN", _WHAT, "The ledger id of entries that carry none of their own."
        ),
        "regime": Param(
            "live", const="live", section=_HOW,
            description="Others may work on: a synchronisation never takes the books for itself.",
        ),
        "outbox": Param(
            True, const=True, section=_HOW,
            description="Every entry has its row in dual_ledger_outbox; what came from the SCB is "
            "acknowledged there already.",
        ),
    }  # fmt: skip


def field_params() -> dict[str, Param]:
    """The params of completing the fields of an older table of entries."""
    params = backfill_params()
    filling = "Filled where the table says nothing."
    return {
        "ledger_id": _text("MASTER", _FIRST, f"The ledger. {filling}", minLength=1),
        "asset_type": _choice(
            "fiat", ["fiat", "cbdc", "commodity", "security"], _FIRST, f"The asset type. {filling}"
        ),
        "transaction_type": _text(
            "LEGACY", _FIRST, f"The transaction type. {filling}", minLength=1
        ),
        "prefix": _text(
            "LEGACY-", _FIRST, "Beginning of references; the row's id follows.", minLength=1
        ),
        "time_column": _text(
            "created_at", _FIRST, "The table's own column that says when an entry happened.",
            minLength=1,
        ),
        "dry_run": params["dry_run"],
        "batch_size": params["batch_size"],
    }  # fmt: skip


def migration_params() -> dict[str, Param]:
    """The params of a migration: those of a backfill that have a meaning for a table."""
    params = backfill_params()
    for name in ("source_connection", "mapping", "limit", "not_before", "not_after", "regime"):
        del params[name]
    return params | {
        "source": _text(
            "ledger_entries_legacy", _FIRST, "The old table, in the ledger's own database.",
            minLength=1,
        ),
        "source_type": _choice(
            "LEGACY", ["LEGACY", "LEGS"], _FIRST,
            "LEGACY: one row an entry. LEGS: two rows an entry, joined by a transaction id.",
        ),
        "key_column": _text(
            "id", _FIRST,
            "LEGACY: the table's key. LEGS: the column that the legs of a transaction share.",
            minLength=1,
        ),
        "regime": Param(
            "live", const="live", section=_HOW,
            description="Others may work on: a migration never takes the books for itself alone.",
        ),
        "prefix": _text(
            "LEGACY-", _WHAT, "Beginning of references made for rows without one."
        ),
    }  # fmt: skip


def release_params() -> dict[str, Param]:
    """The params of a release of vesting lots."""
    return {
        "as_of_date": Param(
            None, type=["null", "string"], format="date", section=_FIRST,
            description="Lots are released whose release day is this UTC date or an earlier one. "
            "Default: today. A later date than today is for dry runs only.",
        ),
        "currency": _text(
            "AED", _FIRST, "Lots of this currency.", pattern="^[A-Z]{3}$",
        ),
        "max_lots": _number(
            200, _FIRST,
            "At most so many lots are released, the earliest first. Lots that cannot be released "
            "do not count.",
            minimum=1,
        ),
        "dry_run": _switch(
            True, _FIRST,
            "Release, report, take it back. Off: pay out. The schedule always pays out, whatever "
            "stands here.",
        ),
    }  # fmt: skip


def vesting_params() -> dict[str, Param]:
    """The params of a backfill of vesting lots: those of a backfill that have a meaning for it."""
    params = backfill_params()
    for name in (
        "source_connection", "key_column", "source_id", "ledger_id", "accounts", "mapping",
        "expected_balances", "prefix", "regime", "outbox", "confirm_overlap",
    ):  # fmt: skip
        del params[name]
    return {
        "currency": Param(
            "AED", type=["null", "string"], section=_FIRST,
            description="Only deposits in this currency; empty: in any. A deposit that names none "
            "is in the currency of its ledger entry.",
        ),
        "user_id": _text(None, _FIRST, "Only the deposits of this user (a UUID)."),
    } | params | {
        "source": _text(
            "operations", _FIRST,
            "The table of operations; for QUARANTINE the id of the run that left deposits there.",
            minLength=1, pattern="^(operations|vesting_lots_backfill-.+)$",
        ),
        "source_type": _choice(
            "DEPOSITS", ["DEPOSITS", "QUARANTINE"], _FIRST,
            "DEPOSITS: the completed deposits into the vault AVENIR. QUARANTINE: what an earlier "
            "run left in quarantine, looked up once more.",
        ),
        "limit": _number(None, _WHAT, "Only so many deposits, the earliest first.", minimum=1),
        "skip_duplicates": Param(
            True, const=True, section=_HOW,
            description="A deposit that has its lot is skipped: it has one and no more.",
        ),
        "max_quarantined": Param(
            "100 %",
            section=_WHEN,
            description="Most deposits that may be quarantined: a number, or a share such as 1 %. "
            "By default errors never stop a run.",
            pattern=_A_NUMBER_OR_A_SHARE,
        ),
    }  # fmt: skip


def wallet_params() -> dict[str, Param]:
    """The params of a backfill of wallets: those of a backfill that have a meaning for it."""
    params = backfill_params()
    for name in (
        "source_connection", "key_column", "source_id", "ledger_id", "accounts", "mapping",
        "expected_balances", "prefix", "regime", "outbox", "confirm_overlap", "not_before",
        # The journal's rules hold for all transactions or for none: a trial is a dry run.
        "not_after", "limit",
    ):  # fmt: skip
        del params[name]
    return {
        "true_up": _switch(
            False, _FIRST,
            "Book coins that moved without a journal entry, as transactions of the type true_up. "
            "Off: such users are listed, with the likely cause, and left as they are.",
        ),
    } | params | {
        "source": _text(
            "users", _FIRST,
            "The table of users; for QUARANTINE the id of the run that left users there.",
            minLength=1, pattern="^(users|wallet_backfill-.+)$",
        ),
        "source_type": _choice(
            "WALLETS", ["WALLETS", "QUARANTINE"], _FIRST,
            "WALLETS: every user with coins, wallet and journal. QUARANTINE: what an earlier run "
            "left in quarantine, looked up once more.",
        ),
        "skip_duplicates": Param(
            True, const=True, section=_HOW,
            description="A user whose coins the journal backs is passed over.",
        ),
        "accept_breaks": _number(
            None, _WHEN,
            "Most users whose wallets may differ from their coins in the end; more, and the run is "
            "rolled back. Empty: they are listed, and nothing is taken back for them.",
            minimum=0,
        ),
    }  # fmt: skip


def capital_params() -> dict[str, Param]:
    """The params of a migration to capital tracking: those of a backfill that mean something to it.

    All of the history is migrated or none of it, so there is no window and no limit.
    """
    params = backfill_params()
    for name in (
        "source_connection", "key_column", "source_id", "ledger_id", "accounts", "mapping",
        "expected_balances", "prefix", "regime", "outbox", "confirm_overlap", "not_before",
        "not_after", "limit", "tolerance", "accept_breaks",
    ):  # fmt: skip
        del params[name]
    return params | {
        "source": Param(
            "history", const="history", section=_FIRST,
            description="Every accion, multa, loan and payment of every junta, as they stand.",
        ),
        "source_type": Param(
            "HISTORY", const="HISTORY", section=_WHAT,
            description="The app's own tables, in the database of the connection capital_db.",
        ),
        "currency": Param(
            None, type=["null", "string"], section=_WHAT,
            description="What the app's amounts are in, for reports: the app itself has no column "
            "for it. An ISO 4217 code; empty: none.",
            examples=["PEN"],
        ),
        "skip_duplicates": Param(
            True, const=True, section=_HOW,
            description="A row that has its movement keeps it: it has one and no more.",
        ),
        "cancel_sessions": _switch(
            False, _HOW,
            "Before tables are locked for a moment, cancel what other sessions do with them, and "
            "end those that keep them in an idle transaction. Off: such sessions are waited for, "
            "for a minute; they are listed by the audit.",
        ),
        "max_quarantined": Param(
            "0",
            section=_WHEN,
            description="Most rows that may be quarantined: a number, or a share such as 1 %. "
            "Acciones and multas may stay behind so, without a movement; a loan or payment that "
            "cannot be booked always takes the migration back. Mend them in the app's tables.",
            pattern=_A_NUMBER_OR_A_SHARE,
        ),
    }  # fmt: skip
