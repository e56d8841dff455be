"""The balance constraints: audit, NOT VALID, VALIDATE, proof; and the end of the exemption."""

import pytest
from psycopg import errors as database_errors

from runs import entry, payments
from trueup.errors import DataFailure, Fenced
from trueup.systems import LEDGER

NAMES = [constraint.full_name for constraint in LEDGER.constraints]
RULES = {
    "bank_accounts_reserved_balance_not_negative": "reserved_balance = -1",
    "bank_accounts_available_balance_within_balance": "available_balance = balance + 1",
    "bank_accounts_available_balance_not_negative": "balance = -1, available_balance = -1",
}


def standing(books) -> dict[str, bool]:
    return dict(
        books.database.rows(
            "SELECT conname, convalidated FROM pg_constraint "
            "WHERE conrelid = 'bank_accounts'::REGCLASS AND conname = ANY(%s)",
            NAMES,
        )
    )


def test_the_rules_stand_validated_and_bite_when_the_run_is_over(books):
    books.open_world()
    assert standing(books) == {}
    books.backfill(payments(3))
    assert standing(books) == dict.fromkeys(NAMES, True)
    for name, breach in RULES.items():
        with pytest.raises(database_errors.CheckViolation) as refused:
            books.database.do(f"UPDATE bank_accounts SET {breach} WHERE id = 'alice'")
        assert refused.value.diag.constraint_name == name


def test_the_proof_leaves_nothing_behind(books):
    books.open_world()
    books.backfill(payments(3))
    assert list(books.balances()) == ["alice", "bob", "carol", "world"]


def test_rules_that_stand_are_not_made_anew_and_go_with_the_run_that_made_them(books):
    books.open_world()
    first = books.backfill(payments(3))
    second = books.begin(payments(6)).to_posted()
    second.constrain()
    made = books.database.rows(
        "SELECT run_id, name FROM trueup.created_objects WHERE kind = 'constraint' ORDER BY 2"
    )
    assert made == [(first.run_id, name) for name in sorted(NAMES)]
    second.roll_back()
    assert standing(books) == dict.fromkeys(NAMES, True)


def test_a_rule_that_another_session_left_not_valid_is_validated(books):
    books.open_world()
    books.database.do(
        "ALTER TABLE bank_accounts ADD CONSTRAINT bank_accounts_reserved_balance_not_negative "
        "CHECK (reserved_balance >= 0) NOT VALID"
    )
    books.backfill(payments(3))
    assert standing(books) == dict.fromkeys(NAMES, True)


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_of_the_right_name_that_does_not_bite_fails_the_proof(books, name):
    books.open_world()
    books.backfill(payments(3))
    books.database.do(f"ALTER TABLE bank_accounts DROP CONSTRAINT {name}")
    books.database.do(f"ALTER TABLE bank_accounts ADD CONSTRAINT {name} CHECK (TRUE)")
    attempt = books.begin(payments(6)).to_posted()
    with pytest.raises(DataFailure, match=f"{name} stands, but it let a row pass"):
        attempt.constrain()
    assert "trueup probe" not in " ".join(books.balances())


def test_the_proof_bites_although_every_account_may_overdraw(books):
    """The seed's own proof sets the first account to -1: here that passes, and proves nothing."""
    books.open_account("a", overdraft=True)
    books.open_account("b", overdraft=True)
    run = books.backfill([entry("a", "b")])
    assert run.status == "completed"
    books.database.do("UPDATE bank_accounts SET balance = -9, available_balance = -9")


@pytest.mark.parametrize("breach", RULES.values())
def test_a_row_that_breaks_a_rule_already_is_refused_at_audit_and_left_as_it_was(books, breach):
    books.open_world()
    books.open_account("dirty")
    books.database.do(f"UPDATE bank_accounts SET {breach} WHERE id = 'dirty'")
    before = books.state()
    run = books.backfill(payments(3))
    assert run.status == "refused"
    assert "1 accounts break a balance rule already, the first is dirty" in run.message
    after = books.state()
    assert [after[what] for what in ("entries", "balances", "constraints")] == [
        before[what] for what in ("entries", "balances", "constraints")
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_row_that_somebody_makes_dirty_while_the_run_posts_fails_the_run(books, name):
    books.open_world()
    books.open_account("dirty")
    attempt = books.begin(payments(3)).to_posted()
    books.database.do(f"UPDATE bank_accounts SET {RULES[name]} WHERE id = 'dirty'")
    with pytest.raises(DataFailure, match=f"Rows that stand break {name}"):
        attempt.constrain()


def test_history_may_dip_below_zero_inside_a_run_on_an_account_that_ends_well(books):
    books.open_world()
    books.backfill(payments(1))  # the rules stand from here on
    run = books.backfill(
        [entry("bob", "carol", "5.00"), entry("carol", "world", "5.00")], batch_size=1
    )
    assert run.status == "completed", run.message


def test_a_live_session_may_not_use_the_runs_exemption(books):
    books.open_world()
    books.backfill(payments(1))
    attempt = books.begin(
        [entry("bob", "carol", "5.00"), entry("carol", "world", "5.00")], batch_size=1
    ).to_posting()
    attempt.post_one_batch()
    assert books.balances()["carol"] == "-5"
    with pytest.raises(database_errors.CheckViolation, match="insufficient_funds: carol"):
        books.post_live("bob", "carol", "1.00")
    attempt.post().check_balances().constrain()
    assert books.balances()["carol"] == "0"


def test_only_the_accounts_of_the_run_are_exempted_and_only_while_it_posts(books):
    books.open_world()
    attempt = books.begin([entry("bob", "carol")]).to_posting()

    def exempted() -> list[tuple[str, str]]:
        return books.database.rows(
            "SELECT id, backfill_run_id FROM bank_accounts WHERE backfill_run_id IS NOT NULL "
            "ORDER BY id"
        )

    assert exempted() == [("bob", attempt.run_id), ("carol", attempt.run_id)]
    attempt.roll_back()
    assert exempted() == []


def test_who_is_below_zero_at_the_end_is_a_break_and_the_run_is_taken_back(books):
    books.open_world()
    run = books.backfill([entry("bob", "carol", "5.00"), entry("bob", "alice", "0.01")])
    assert run.status == "rolled_back"
    assert "insufficient_funds: 2 accounts that may not overdraw end below zero" in run.message
    assert books.breaks(run.run_id) == [
        ("carol", "-5.00", "insufficient_funds"),
        ("alice", "-0.01", "insufficient_funds"),
    ]
    assert run.breaks == 2
    assert books.balances() == dict.fromkeys(("alice", "bob", "carol", "world"), "0")


def test_who_may_overdraw_may_end_below_zero(books):
    books.open_world("alice")
    run = books.backfill([entry("alice", "world", "5.00")])
    assert run.status == "completed"
    assert books.balances() == {"alice": "5", "world": "-5"}


def test_a_credit_normal_account_is_overdrawn_on_its_own_side(books):
    books.open_account("deposit", side="credit")
    books.open_world("alice")
    run = books.backfill([entry("deposit", "world", "5.00")])
    assert run.status == "rolled_back"
    assert books.breaks(run.run_id) == [("deposit", "-5.00", "insufficient_funds")]


def test_constraints_wait_until_every_range_is_posted(books):
    books.open_world()
    attempt = books.begin(payments(4), parallel_workers=2).to_posting().post(range_no=1)
    with pytest.raises(Fenced, match=r"Range 0 .* posting comes first"):
        attempt.constrain()


def test_constrain_may_be_repeated(books):
    books.open_world()
    attempt = books.begin(payments(4)).to_posted().constrain()
    before = books.state()
    attempt.constrain()
    assert books.state() == before
