"""What was asked: a frozen, validated plan of one run."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import PurePath
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from trueup.errors import Refused


class Quota(BaseModel):
    """How many rows may be quarantined: a number of rows, or a share of what was read."""

    model_config = ConfigDict(frozen=True)

    limit: Decimal = Field(ge=0)
    per_cent: bool

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Read "25" as rows and "1 %" as a share. Raises ValueError for anything else."""
        if isinstance(value, dict | Quota):
            return cls.model_validate(value)
        words = str(value).strip()
        number = words.removesuffix("%").strip()
        if not number.replace(".", "", 1).isdecimal():
            raise ValueError(f'"{value}" is neither a number of rows nor a share such as "1 %"')
        return cls(limit=Decimal(number), per_cent=words.endswith("%"))

    def allows(self, quarantined: int, read: int) -> bool:
        """Whether so many quarantined rows of so many read are within the quota."""
        if self.per_cent:
            return quarantined * 100 <= self.limit * read
        return quarantined <= self.limit

    def __str__(self) -> str:
        return f"{self.limit} %" if self.per_cent else f"{self.limit} rows"


def _none_if_blank(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _without_zeros(value: Decimal) -> Decimal:
    """The same number as people write it: a form's 1.0 is 1."""
    return Decimal(format(value.normalize(), "f"))


def _in_utc(value: Any) -> Any:
    """Take a date or a time without offset as UTC."""
    value = _none_if_blank(value)
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return value


def _storable(value: str) -> str:
    """Refuse what PostgreSQL cannot hold in a text."""
    if "\0" in value:
        raise ValueError("a NUL character is not allowed here")
    return value


Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=255),
    AfterValidator(_storable),
]
# A query may be longer than a name.
SourceText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000),
    AfterValidator(_storable),
]
OptionalText = Annotated[Text | None, BeforeValidator(_none_if_blank)]
OptionalDate = Annotated[date | None, BeforeValidator(_none_if_blank)]
OptionalUser = Annotated[UUID | None, BeforeValidator(_none_if_blank)]
OptionalCurrency = Annotated[
    Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Z]{3}$")] | None,
    BeforeValidator(_none_if_blank),
]
OptionalTime = Annotated[AwareDatetime | None, BeforeValidator(_in_utc)]


def _by_account(value: Any) -> Any:
    """Read one word for all accounts, or an object, which may be written as JSON."""
    if isinstance(value, str) and value.strip().startswith("{"):
        try:
            return json.loads(value)
        except ValueError as error:
            raise ValueError(f"it is no JSON object ({error})") from None
    return {"*": value} if isinstance(value, str) else value


# What shapes the rows that a run posts: a resume under other values would post something else.
SHAPES_ROWS = (
    "source_type", "ledger_id", "accounts", "prefix", "limit", "not_before", "not_after",
    "skip_duplicates", "outbox", "source_connection", "key_column",
    "trust", "suspense_account", "sovereign_bank_id", "start_date", "end_date",
    "currency", "user_id", "true_up",
)  # fmt: skip

# What decides whether the result may stand, and is shown to who approves: under another value than
# the approved one it is asked again.
SHOWN_TO_APPROVER = (
    "max_quarantined", "accept_breaks", "tolerance", "expected_balances", "validate_balances",
    "confirm_overlap", "four_eyes",
)  # fmt: skip


# Sources in the books' own database: no file, and no connection of their own.
_DERIVED = ("QUARANTINE", "LEGACY", "LEGS", "CORRECTIONS", "DEPOSITS", "WALLETS", "HISTORY")


class Plan(BaseModel):
    """A run's parameters, checked. Times are UTC; `retry_delay` is in milliseconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: SourceText
    source_type: Literal[
        "CSV", "JSONL", "PARQUET", "API", "DATABASE", "QUARANTINE", "LEGACY", "LEGS",
        "CORRECTIONS", "SCB", "DEPOSITS", "WALLETS", "HISTORY",
    ] = "CSV"  # fmt: skip
    source_connection: OptionalText = None
    key_column: Text = "id"
    source_id: OptionalText = None
    ledger_id: Text = "MASTER"
    accounts: OptionalText = None
    mapping: OptionalText = None
    expected_balances: OptionalText = None
    prefix: Annotated[str, StringConstraints(max_length=100), AfterValidator(_storable)] = (
        "BACKFILL-"
    )
    limit: int | None = Field(default=None, ge=1, le=10**15)
    not_before: OptionalTime = None
    not_after: OptionalTime = None
    # Whose word holds where a correction finds a difference: by account, `*` for all others.
    trust: Annotated[dict[str, Literal["source", "ledger"]], BeforeValidator(_by_account)] = {
        "*": "source"
    }
    suspense_account: Text = "SUSPENSE"
    # The other ledger of a sovereign central bank, and the days that are synchronised, inclusive.
    sovereign_bank_id: OptionalText = None
    start_date: OptionalDate = None
    end_date: OptionalDate = None
    # Only what is in this currency, and of this user.
    currency: OptionalCurrency = None
    user_id: OptionalUser = None
    # Whether what moved beside the journal is booked, or only listed.
    true_up: bool = False

    dry_run: bool = True
    dry_run_rows: int = Field(default=100_000, ge=0, le=1_000_000)
    approval: Literal["auto", "manual"] = "auto"
    four_eyes: bool = True
    approved_digest: OptionalText = None
    regime: Literal["auto", "live", "initial"] = "auto"
    outbox: bool = False
    batch_size: int = Field(default=1000, ge=1, le=1_000_000)
    batch_seconds: Annotated[Decimal, AfterValidator(_without_zeros)] = Field(
        default=Decimal(1), ge=Decimal("0.05"), le=60, allow_inf_nan=False
    )
    checkpoint_interval: int = Field(default=10, ge=1)
    max_retries: int = Field(default=3, ge=0, le=20)
    retry_delay: int = Field(default=1000, ge=0, le=600_000)
    parallel_workers: int = Field(default=1, ge=1, le=16)
    skip_duplicates: bool = True
    validate_balances: bool = True
    confirm_overlap: bool = False
    # Whether sessions of others that keep the tables may be cancelled.
    cancel_sessions: bool = False

    max_quarantined: Annotated[Quota, BeforeValidator(Quota.parse)] = Quota(
        limit=Decimal(1), per_cent=True
    )
    tolerance: Decimal = Field(
        default=Decimal(0), ge=0, allow_inf_nan=False, max_digits=60, decimal_places=30
    )
    # None: breaks are listed, and however many there are, they take nothing back.
    accept_breaks: int | None = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if self.is_extracted and not self.source_connection:
            raise ValueError(
                f"source_type {self.source_type} needs source_connection: the id of the Airflow "
                "connection to read through"
            )
        if self.source_type == "SCB" and not (
            self.sovereign_bank_id and self.start_date and self.end_date
        ):
            raise ValueError("sovereign_bank_id, start_date and end_date must be given")
        if self.start_date and self.end_date and self.start_date > self.end_date:
            raise ValueError("start_date lies after end_date")
        if len(self.logical_source) > 255:
            raise ValueError("source: it is too long to name itself; set source_id")
        if self.not_before and self.not_after and self.not_before > self.not_after:
            raise ValueError("not_before lies after not_after")
        return self

    def accepts(self, breaks: int) -> bool:
        """Whether so many breaks may stand."""
        return self.accept_breaks is None or breaks <= self.accept_breaks

    @property
    def target_seconds(self) -> float:
        """How long a batch should take, to the millisecond."""
        return timedelta(milliseconds=int(self.batch_seconds * 1000)).total_seconds()

    @property
    def logical_source(self) -> str:
        """The logical source's name: `source_id`, or the file's name, or what is read where."""
        if self.source_id:
            return self.source_id
        if self.is_extracted:
            # A connection may lead to several banks, and each has a source of its own.
            named = (self.source_connection, self.sovereign_bank_id, self.source)
            return ":".join(filter(None, named))
        return PurePath(self.source).name

    @property
    def derived_from(self) -> str | None:
        """What the rows are derived from when they lie in the books' own database, else None."""
        return self.source_type.lower() if self.source_type in _DERIVED else None

    @property
    def is_extracted(self) -> bool:
        """Whether the source is no file, and may be another the next time it is asked."""
        return self.source_type in ("API", "DATABASE", "SCB")

    @property
    def outbox_status(self) -> str | None:
        """The status in which entries are put into the outbox; None: they are not.

        What came from the other ledger is acknowledged there already and is not sent back.
        """
        if not self.outbox:
            return None
        return "ACKED" if self.sovereign_bank_id else "QUEUED"

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> Self:
        """Check what was asked. Raises Refused with a sentence for every wrong parameter."""
        try:
            return cls.model_validate(params)
        except ValidationError as error:
            wrong = "; ".join(
                f"{'.'.join(str(part) for part in each['loc']) or 'params'}: "
                f"{each['msg'].removeprefix('Value error, ')}"
                for each in error.errors()
            )
            raise Refused(f"The run was not started. {wrong}.") from error
