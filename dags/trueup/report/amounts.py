"""Amounts as people read them; only text is touched, so no digit can change on the way."""

import re

_DECIMAL = re.compile(r"(-?)([0-9]+)(?:\.([0-9]*))?")


def readable(amount: str, minor_unit: int) -> str:
    """An amount such as "-1234.5" as "−1,234.50": grouped, with the currency's decimals.

    Decimals beyond the minor unit are shown when they are not zero; nothing is rounded. Texts that
    are no decimal number, such as NaN, stay as they are.
    """
    match = _DECIMAL.fullmatch(amount)
    if match is None:
        return amount
    sign, whole, fraction = match.groups()
    fraction = (fraction or "").rstrip("0").ljust(minor_unit, "0")
    # int() of more than 4300 digits is refused; group the digits as text instead.
    grouped = re.sub(r"(?<=[0-9])(?=(?:[0-9]{3})+$)", ",", whole.lstrip("0") or "0")
    return ("−" if sign else "") + grouped + (f".{fraction}" if fraction else "")


def signed(amount: str, minor_unit: int) -> str:
    """A difference with its sign, also when it is positive; zero has none."""
    text = readable(amount, minor_unit)
    is_zero = _DECIMAL.fullmatch(amount) and not amount.strip("-0.")
    return text if is_zero or text.startswith("−") else f"+{text}"


def counted(number: int | None) -> str:
    """A count with thousands separators; a dash when there is none."""
    return "–" if number is None else f"{number:,}"
