"""What an approver reads: the journal's own figures, and nothing that a source could forge."""

import pytest

from runs import entry, payments


def asked(books, source, **params) -> str:
    """The text for a run that has come to its approval."""
    return books.begin(source, approval="manual", **params).question()


def cells(text: str, first: str) -> list[str]:
    """The cells of the table's row that begins with a name."""
    (row,) = [line for line in text.splitlines() if line.startswith(f"| `{first}` |")]
    return [cell.strip() for cell in row.strip("|").split("|")][1:]


def test_it_shows_exact_totals_balances_before_and_after_and_the_digest(books):
    books.open_account("world", overdraft=True)
    books.open_account("alice", balance="9007199254740993.10")
    books.open_account("bob")
    text = asked(books, [entry("alice", amount="0.07"), entry("bob", amount="1234567.89")])
    digest = books.database.value("SELECT digest FROM trueup.runs")
    assert "**2 read** = 2 to post + 0 replayed + 0 quarantined." in text
    assert f"`{digest}`" in text
    assert cells(text, "USD")[:2] == ["2", "1,234,567.96"]
    assert cells(text, "alice") == ["`USD`", "9,007,199,254,740,993.10", "9,007,199,254,740,993.17"]
    assert cells(text, "world") == ["`USD`", "0.00", "−1,234,567.96"]
    assert "No row is quarantined." in text
    assert "Whoever triggered the run may not approve it" in text


def test_it_shows_the_most_changed_accounts_and_says_how_many_more_there_are(books):
    names = [f"account-{number:02}" for number in range(30)]
    books.open_world(*names)
    text = asked(books, payments(30, names))
    shown = [line for line in text.splitlines() if line.startswith(("| `account-", "| `world"))]
    assert [line.split("`")[1] for line in shown[:3]] == ["world", "account-29", "account-28"]
    assert len(shown) == 10
    assert "… and 21 more accounts" in text


def test_accounts_that_the_run_would_create_stand_there_from_zero(books):
    books.open_account("world", overdraft=True)
    accounts = books.write(
        "accounts.csv", "id,currency_code,allow_overdraft,normal_side\nnew,USD,false,debit\n"
    )
    text = asked(books, [entry("new", amount="5")], accounts=accounts)
    assert cells(text, "new") == ["`USD`", "0.00", "5.00"]
    assert "The accounts file names 1;" in text


def test_quarantine_is_counted_by_reason_and_what_is_off_is_flagged(books):
    books.open_world("alice")
    rows = [*payments(3, ["alice"]), entry("world", "alice", "100"), entry("nobody"), entry("none")]
    text = asked(books, rows, max_quarantined="100 %", four_eyes=False)
    assert cells(text, "unknown_account")[:2] == ["2", "6"]
    assert "`alice` may not overdraw and would end at −93.97 `USD`" in text
    assert "`four_eyes` is off" in text
    assert "may not approve it" not in text


@pytest.mark.parametrize(
    "name",
    [
        "x | 9 | 9",
        r"x\| 9 \\| 9",
        "a`**b**`",
        "<img src=x>",
        "[x](http://x)",
        "a\u2028b",
        "line\nline",
        "y" * 250,
    ],
)
def test_a_source_cannot_forge_what_the_approver_reads(books, name):
    books.open_world()
    books.open_account(name)
    text = asked(books, [entry(name, amount="7")], dry_run=True)
    plain = asked(books, [entry("alice", amount="7")], dry_run=True)
    # As many lines and cells as with a harmless name, and the name in code alone.
    assert len(text.splitlines()) == len(plain.splitlines())
    (row,) = [line for line in text.splitlines() if line.endswith("| 0.00 | 7.00 |")]
    assert row.count("|") == 5
    assert row.split(" | ")[0].count("`") == 2
    assert len(row) < 200
