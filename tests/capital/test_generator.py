"""The generated juntas: as many movements as asked for, the same each time, dirt only on demand."""

from collections import defaultdict
from contextlib import closing
from decimal import ROUND_HALF_UP, Decimal

import psycopg
import pytest
from demo import juntas as history

import juntas as hand
from databases import Database

CENT = Decimal("0.01")


def fill(database: Database, **asked) -> None:
    with closing(psycopg.connect(database.conninfo, autocommit=True)) as connection:
        history.fill(connection, **asked)


@pytest.fixture
def empty(server, capital_template):
    clone = server.create(capital_template)
    yield clone
    server.drop(clone)


def content(database: Database):
    return {
        table: database.rows(f'SELECT t::TEXT FROM "{table}" AS t ORDER BY 1')
        for table in (*hand.TABLES, "Member")
    }


@pytest.mark.parametrize("movements", [100, 777, 5_000])
def test_there_are_exactly_as_many_movements_as_asked_for(empty, movements):
    fill(empty, juntas=3, movements=movements, above=1)
    due = hand.due(empty)
    assert len(due) == movements
    assert len(hand.total(due)) == 3
    assert all(one.signed == one.signed.quantize(CENT) != 0 for one in due)


def test_the_same_numbers_give_the_same_rows_and_another_seed_adds_others(
    server, capital_template, empty
):
    fill(empty, juntas=3, movements=500, above=1)
    first = content(empty)
    again = server.create(capital_template)
    fill(again, juntas=3, movements=500, above=1)
    assert content(again) == first
    server.drop(again)
    fill(empty, juntas=2, movements=300, seed=2)
    both = content(empty)
    assert len(hand.due(empty)) == 800
    assert all(set(first[table]) < set(both[table]) for table in first)


def test_only_the_loans_that_are_to_exceed_the_capital_of_their_time_do(empty):
    fill(empty, juntas=5, movements=2_000, above=3)
    rows = empty.rows(
        """
        SELECT junta_id, created_at AS at, amount::TEXT FROM "Accion"
        UNION ALL SELECT junta_id, created_at, amount::TEXT FROM "Multa"
        UNION ALL SELECT loan.junta_id, payment.date, payment.amount::TEXT
        FROM "PagoPrestamo" AS payment JOIN "Prestamo" AS loan ON loan.id = prestamo_id
        UNION ALL SELECT junta_id, created_at, '-' || amount FROM "Prestamo"
        WHERE status IN ('APPROVED', 'PAID')
        """
    )
    capital: dict[str, Decimal] = defaultdict(Decimal)
    above = 0
    # What comes in at a moment comes before what goes out at it.
    for row in sorted(rows, key=lambda row: (row.at, row.amount.startswith("-"))):
        capital[row.junta_id] += Decimal(row.amount)
        above += capital[row.junta_id] < 0
    assert above == 3
    assert min(capital.values()) > 0


def test_a_loan_that_is_paid_was_paid_by_the_annuity_rule(empty):
    fill(empty, juntas=3, movements=2_000)
    loans = empty.rows(
        """
        SELECT loan.amount::TEXT, monthly_interest AS rate, number_of_installments AS term, status,
            array_agg(payment.amount::TEXT ORDER BY date) AS paid
        FROM "Prestamo" AS loan JOIN "PagoPrestamo" AS payment ON prestamo_id = loan.id
        GROUP BY loan.id
        """
    )
    assert {loan.status for loan in loans} == {"APPROVED", "PAID"}
    for loan in loans:
        wanted = installments(Decimal(loan.amount), loan.rate, loan.term)
        paid = [Decimal(amount) for amount in loan.paid]
        assert paid == wanted[: len(paid)], loan
        assert (len(paid) == loan.term) == (loan.status == "PAID"), loan


def test_the_rule_for_installments_gives_the_worked_example(empty):
    paid = [row.amount for row in empty.rows("SELECT amount FROM installments(1000, 0.05, 12)")]
    assert paid == [Decimal("112.83")] * 11 + [Decimal("112.76")]
    assert sum(paid) == Decimal("1353.89")
    assert paid == installments(Decimal(1000), Decimal("0.05"), 12)


def installments(principal: Decimal, rate: Decimal, periods: int) -> list[Decimal]:
    """The annuity, period by period: what is owed grows by the rate; the last payment ends it."""
    payment = (principal * rate / (1 - (1 + rate) ** -periods)).quantize(CENT, ROUND_HALF_UP)
    owed = principal
    for _ in range(periods - 1):
        owed = owed * (1 + rate) - payment
    return [payment] * (periods - 1) + [(owed * (1 + rate)).quantize(CENT, ROUND_HALF_UP)]


@pytest.mark.parametrize("kind", sorted(history.DIRT))
def test_each_kind_of_dirt_comes_on_top_and_only_when_asked_for(server, capital_template, kind):
    clean, dirty = server.create(capital_template), server.create(capital_template)
    fill(clean, juntas=2, movements=100)
    fill(dirty, juntas=2, movements=100, dirt=[kind])
    before, after = content(clean), content(dirty)
    added = {table: set(after[table]) - set(before[table]) for table in before}
    assert all(set(before[table]) <= set(after[table]) for table in before)
    assert sum(len(rows) for rows in added.values()) == history.DIRT[kind]
    server.drop(clean)
    server.drop(dirty)


def test_numbers_that_do_not_go_together_are_refused(empty):
    with pytest.raises(ValueError, match="no dirt of the kind mud"):
        fill(empty, dirt=["mud"])
    for asked in ({"juntas": 0}, {"movements": 100}, {"juntas": 2, "above": 3}, {"members": 0}):
        with pytest.raises(ValueError, match="A junta has"):
            fill(empty, **asked)
    assert empty.value('SELECT count(*) FROM "Junta"') == 0
