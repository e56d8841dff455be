"""How a foreign file becomes source format: the YAML mapping, read strictly and fingerprinted.

Every value in the YAML is text as it is written: 0123 stays an account name, 1.10 never becomes
a float, and NO is not a truth value.
"""

import codecs
import difflib
import hashlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from trueup.errors import Refused
from trueup.sources.records import printable

Canonical = Literal[
    "ledgerId",
    "debitAccountId",
    "creditAccountId",
    "amount",
    "currencyCode",
    "assetType",
    "transactionType",
    "referenceId",
    "timestampUtc",
    "fxRate",
    "metadata",
]
CANONICAL_NAMES: tuple[str, ...] = get_args(Canonical)

_MAX_BYTES = 1 << 20
_SPACES = " \u00a0\u202f"
_THOUSANDS = {".", ",", "'", "’", "_", *_SPACES}
# Codecs that are text in name only: they read escapes, host names, or nothing at all.
_NOT_FOR_FILES = {"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"}
_PLAIN_DECIMAL = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_NAIVE_ISO_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)?"
)


def _storable(text: str) -> str:
    if printable(text) != text:
        raise ValueError(f"{text!r} holds a character that the database cannot")
    return text


Text = Annotated[str, Field(min_length=1), AfterValidator(_storable)]


def _one_character(value: Any) -> Any:
    """A tab may be written as a word or as YAML's unquoted backslash-t."""
    return "\t" if value in ("tab", "\\t") else value


class Api(BaseModel):
    """How an API gives its records, a page at a time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    records: Text | None = None  # none: the answer itself, or its only list
    paging: Literal["cursor", "offset", "none"] = "cursor"
    page_size: Annotated[int, Field(ge=1, le=100_000)] = 500
    page_size_parameter: Text = "limit"
    cursor_field: Text = "next_cursor"
    cursor_parameter: Text = "cursor"
    offset_parameter: Text = "offset"
    parameters: dict[Text, Text] = {}
    key: Text = "id"


class Mapping(BaseModel):
    """What a mapping file says; docs/mapping.md explains each key to its author."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoding: Text | None = None  # none: UTF-8, or what a byte order mark says
    delimiter: Annotated[str | None, BeforeValidator(_one_character)] = None  # none: by the header
    quote: str | None = '"'  # none: quotes are ordinary characters
    decimal_separator: Literal[".", ","] = "."
    thousands_separator: str | None = None
    timestamp_formats: tuple[Text, ...] = ()
    timezone: Text = "UTC"
    columns: dict[Canonical, Text] = {}
    constants: dict[Canonical, Text] = {}
    defaults: dict[Canonical, Text] = {}
    account_ids: dict[Text, Text] = {}
    transaction_types: dict[Text, Text] = {}
    metadata: Literal["none", "unmapped"] | tuple[Text, ...] = "none"
    api: Api | None = None

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str | None) -> str | None:
        if name is None:
            return None
        try:
            codec = codecs.lookup(name)
        except (LookupError, ValueError):
            raise ValueError(
                f"{name!r} is no encoding that Python knows, such as utf-8, cp1252, "
                "iso-8859-15 or utf-16"
            ) from None
        spelled = codec.name.replace("_", "-")
        if not codec._is_text_encoding or spelled in _NOT_FOR_FILES:
            raise ValueError(f"{name!r} is not an encoding for text files")
        return codec.name

    @field_validator("delimiter", "quote")
    @classmethod
    def _usable_mark(cls, mark: str | None, info: Any) -> str | None:
        if info.field_name == "quote" and mark in ("", "none"):
            return None
        if mark is not None and (
            len(mark) != 1 or mark.isalnum() or mark in "\r\n\0" or "\ud800" <= mark <= "\udfff"
        ):
            raise ValueError(f"{mark!r} is not one character that can mark off fields")
        return mark

    @field_validator("thousands_separator")
    @classmethod
    def _usable_grouping(cls, mark: str | None) -> str | None:
        if mark is not None and mark not in _THOUSANDS:
            raise ValueError(f"{mark!r} is not one of . , ' ’ _ or a space")
        return mark

    @field_validator("timestamp_formats")
    @classmethod
    def _whole_dates(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        probe = datetime(2024, 3, 30, 13, 14, 15, tzinfo=UTC)
        for pattern in formats:
            if "%Z" in pattern:
                raise ValueError(f"{pattern!r}: %Z names a zone but does not read it; use %z")
            try:
                read = datetime.strptime(probe.strftime(pattern), pattern)
            except (ValueError, UnicodeError, re.error) as error:
                raise ValueError(f"{pattern!r} is not a strptime format: {error}") from None
            if read.date() != probe.date():
                raise ValueError(f"{pattern!r} does not name day, month and year")
        return formats

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            return ZoneInfo(name).key
        except (LookupError, ValueError, OSError):
            raise ValueError(f"{name!r} is no IANA time zone, such as Europe/Berlin") from None

    @model_validator(mode="after")
    def _without_contradiction(self) -> "Mapping":
        if self.thousands_separator == self.decimal_separator:
            raise ValueError("decimal_separator and thousands_separator are the same character")
        if self.delimiter is not None and self.delimiter == self.quote:
            raise ValueError("delimiter and quote are the same character")
        for name in self.constants.keys() & (self.columns.keys() | self.defaults.keys()):
            raise ValueError(
                f"{name} has a constant, so it cannot have a column or a default as well"
            )
        return self

    @property
    def fingerprint(self) -> str:
        """sha256 of what the mapping says; comments, order, spelled-out defaults do not count."""
        content = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    def converters(self) -> dict[str, Callable[[str], str]]:
        """How a non-empty field of the source becomes ours; names without one stay as they are."""
        converters: dict[str, Callable[[str], str]] = {}
        if self.account_ids:
            converters["debitAccountId"] = converters["creditAccountId"] = _renaming(
                self.account_ids
            )
        if self.transaction_types:
            converters["transactionType"] = _renaming(self.transaction_types)
        if self.decimal_separator != "." or self.thousands_separator:
            converters["amount"] = converters["fxRate"] = _decimal_converter(
                self.decimal_separator, self.thousands_separator
            )
        if self.timestamp_formats or self.timezone != "UTC":
            converters["timestampUtc"] = _time_converter(self.timestamp_formats, self.timezone)
        return converters


def _renaming(names: dict[str, str]) -> Callable[[str], str]:
    """Turn the source's names into ours; leave others as they are."""
    return lambda name: names.get(name, name)


def _decimal_converter(decimal: str, thousands: str | None) -> Callable[[str], str]:
    """Turn amounts with declared separators into plain decimal text; leave others as they are.

    With a decimal comma, 12.34 is no number the mapping allows, yet validation would take it for
    one: such a text gets its objection appended, so that it is quarantined and not misread.
    """
    groups = "(?!)"
    if thousands is not None:
        alike = _SPACES if thousands in _SPACES else "'’" if thousands in "'’" else thousands
        groups = rf"[0-9]{{1,3}}(?:[{re.escape(alike)}][0-9]{{3}})+"
    number = re.compile(rf"([+-]?)({groups}|[0-9]+)(?:{re.escape(decimal)}([0-9]+))?").fullmatch

    def convert(text: str) -> str:
        match = number(text)
        if match is None:
            misleading = decimal != "." and _PLAIN_DECIMAL.fullmatch(text)
            return f"{text} (not written with decimal {decimal})" if misleading else text
        sign, whole, fraction = match.groups()
        digits = re.sub(r"[^0-9]", "", whole)
        return f"{sign}{digits}.{fraction}" if fraction else f"{sign}{digits}"

    return convert


def _time_converter(formats: tuple[str, ...], zone_name: str) -> Callable[[str], str]:
    """Turn times of the declared formats, and naive ISO 8601, into UTC text such as …T13:14:15Z.

    A text of no format is left as it is. An hour that the zone's clocks skipped gets its objection
    appended, or validation would take it for UTC; of an hour that came twice, the first is meant.
    """
    zone = ZoneInfo(zone_name)

    def read(text: str) -> datetime | None:
        for pattern in formats:
            try:
                return datetime.strptime(text, pattern)
            except ValueError:
                continue
        if zone_name != "UTC" and _NAIVE_ISO_TIME.fullmatch(text):
            try:
                return datetime.fromisoformat(text)
            except ValueError:
                return None
        return None

    @lru_cache(maxsize=4096)  # exports repeat their dates
    def convert(text: str) -> str:
        time = read(text)
        if time is None:
            return text
        try:
            local = time if time.tzinfo else time.replace(tzinfo=zone)
            utc = local.astimezone(UTC)
            if utc.astimezone(local.tzinfo).replace(tzinfo=None) != local.replace(tzinfo=None):
                return f"{text} (no such time in {zone_name})"
        except (OverflowError, ValueError):
            return text
        return utc.isoformat().replace("+00:00", "Z")

    return convert


def merge_metadata(own: str | None, gathered: dict[str, str]) -> str | None:
    """Add gathered columns to a JSON object's text; keys that the object has already stay its own.

    The object's text is kept as it is (a reparsed 1.10 would become a float). What is not a JSON
    object is left alone for validation to quarantine.
    """
    if own is None:
        return json.dumps(gathered, ensure_ascii=False) if gathered else None
    try:
        read = json.loads(own, parse_float=str, parse_int=str, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return own
    if not isinstance(read, dict):
        return own
    added = {name: value for name, value in gathered.items() if name not in read}
    if not added:
        return own
    text = json.dumps(added, ensure_ascii=False)
    return f"{own.rstrip()[:-1].rstrip()}, {text[1:]}" if read else text


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


class _TextLoader(yaml.SafeLoader):
    """YAML of text, lists and mappings only; a key written twice is an error, not a choice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key.value!r} is written twice", key.start_mark
                )
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else None)
        return super().construct_mapping(node, deep)


_TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag == "tag:yaml.org,2002:null"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_mapping(path: Path | None) -> Mapping:
    """Read a mapping file; without one, the source format as it is. Raises Refused."""
    if path is None:
        return Mapping()
    try:
        with open(path, "rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise Refused(f"The mapping {path} cannot be read ({error.strerror or error}).") from error
    if len(content) > _MAX_BYTES:
        raise Refused(f"The mapping {path} is larger than 1 MiB, which no mapping is.")
    try:
        written = yaml.load(content, Loader=_TextLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Refused(f"The mapping {path} is not YAML: {_yaml_fault(error)}.") from error
    if written is None:
        return Mapping()
    if not isinstance(written, dict):
        raise Refused(
            f"The mapping {path} must be a list of 'key: value' lines; docs/mapping.md shows one."
        )
    given = {key: value for key, value in written.items() if value is not None or key == "quote"}
    try:
        return Mapping.model_validate(given)
    except ValidationError as error:
        faults = "; ".join(dict.fromkeys(_fault(fault) for fault in error.errors()))
        raise Refused(f"The mapping {path} cannot be used: {faults}.") from error


def _yaml_fault(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"{problem} (line {mark.line + 1})" if mark else problem


def _fault(fault: Any) -> str:
    """One of pydantic's findings in words: the key, what is wrong, what is allowed."""
    where = [str(part) for part in fault["loc"] if part not in ("[key]",)]
    key = where[0] if where else ""
    if fault["type"] == "extra_forbidden":
        return f"{key!r} is not a key of a mapping{_allowed(key, Mapping.model_fields)}"
    if fault["loc"][-1:] == ("[key]",) and fault["type"] == "literal_error":
        return f"{where[-1]!r} under {key!r} is not a field{_allowed(where[-1], CANONICAL_NAMES)}"
    if fault["type"] == "value_error":
        problem = str(fault["ctx"]["error"])
        return f"{key}: {problem}" if key else problem
    if key == "metadata":
        return "metadata: allowed are none, unmapped or a list of source columns"
    if key == "decimal_separator":
        return "decimal_separator: allowed are '.' and ','"
    expected = {
        "string_type": "must be text",
        "string_too_short": "must not be empty",
        "string_unicode": "holds a character that the database cannot",
        "dict_type": "must be 'name: value' lines",
        "tuple_type": "must be a list",
    }.get(fault["type"], fault["msg"])
    return f"{'.'.join(where)} {expected}"


def _allowed(name: str, names: Any) -> str:
    near = difflib.get_close_matches(name, list(names), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ";"
    return f"{hint} Allowed are {', '.join(names)}"
