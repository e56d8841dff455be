"""Juntas of a test's own: the app that goes on writing, and capital recomputed beside the code."""

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import uuid4

from psycopg import Connection, sql

from databases import Database, Server
from runs import Attempt
from trueup import statements

TABLES = ("Junta", "Accion", "Multa", "Prestamo", "PagoPrestamo")
BOOKED = {"APPROVED", "PAID"}


class Capital(NamedTuple):
    """What a junta has: all of it, and the part that its acciones brought."""

    current: Decimal
    base: Decimal


class Movement(NamedTuple):
    """What one row of the app moves: the table it stands in, its id, and its signed amount."""

    table: str
    row_id: str
    junta_id: str
    signed: Decimal


def due(database: Database, loans: str = "Prestamo", payments: str = "PagoPrestamo") -> list[Any]:
    """The movements that the app's rows call for, worked out row by row and without its SQL.

    Amounts are taken as the text that stands for them: a float says 0.1, and means it.
    """
    rows = {
        name: _read(database, name, columns)
        for name, columns in (
            ("Accion", "id, amount::TEXT, junta_id"),
            ("Multa", "id, amount::TEXT, junta_id"),
            (loans, "id, amount::TEXT, junta_id, status"),
            (payments, "id, amount::TEXT, prestamo_id"),
        )
    }
    junta_of = {row.id: row.junta_id for row in rows[loans]}
    return [
        *(
            Movement(table, row.id, row.junta_id, Decimal(row.amount))
            for table in ("Accion", "Multa")
            for row in rows[table]
        ),
        *(
            Movement("Prestamo", row.id, row.junta_id, -Decimal(row.amount))
            for row in rows[loans]
            if row.status in BOOKED
        ),
        *(
            Movement("PagoPrestamo", row.id, junta_of[row.prestamo_id], Decimal(row.amount))
            for row in rows[payments]
        ),
    ]


def total(movements: Iterable[Movement]) -> dict[str, Capital]:
    """Capital by junta; a junta that nothing ever moved is not in it."""
    current: dict[str, Decimal] = defaultdict(Decimal)
    base: dict[str, Decimal] = defaultdict(Decimal)
    for movement in movements:
        current[movement.junta_id] += movement.signed
        if movement.table == "Accion":
            base[movement.junta_id] += movement.signed
    return {junta: Capital(current[junta], base[junta]) for junta in current}


def stored(database: Database) -> dict[str, Capital]:
    """Capital by junta as the migration left it; current and available must be one."""
    rows = database.rows(
        'SELECT id, current_capital, base_capital, available_capital FROM "Junta" ORDER BY id'
    )
    apart = [row for row in rows if row.current_capital != row.available_capital]
    assert not apart, apart
    return {
        row.id: Capital(row.current_capital, row.base_capital)
        for row in rows
        if (row.current_capital, row.base_capital) != (0, 0)
    }


def _read(database: Database, table: str, columns: str) -> list[Any]:
    return database.rows(f'SELECT {columns} FROM "{table}" ORDER BY id')


# The migration


def prove(attempt: Attempt) -> Attempt:
    """Fill the history in, and all that comes between it and the cutover."""
    return attempt.post().catch_up().check_balances().constrain().expect().reconcile()


def migrate(attempt: Attempt) -> Any:
    """Take every step of a migration, as the DAG would; gives the run's row.

    What an earlier attempt has done is passed over. Raises what a step raises.
    """
    prove(attempt.to_posting()).cut_over().complete().die()
    return attempt.row


# The app


@contextmanager
def plain_role(server: Server) -> Iterator[str]:
    """A role that is nobody's: neither the one that migrates nor one that knows of it."""
    me = server.connection.execute(
        "SELECT rolsuper OR rolcreaterole AS may FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    if not me.may:
        # One that the server's owner has granted us, for we cannot make one.
        yield (
            server.connection.execute(
                """
            SELECT granted.rolname FROM pg_auth_members AS member
            INNER JOIN pg_roles AS granted ON granted.oid = member.roleid
            WHERE member.member = current_user::REGROLE AND granted.rolname <> %s
                AND granted.oid >= 16384 ORDER BY granted.rolname
            """,
                [server.runner],
            )
            .fetchone()
            .rolname
        )
        return
    name = sql.Identifier(f"{server.session}_app")
    server.connection.execute(sql.SQL("CREATE ROLE {}").format(name))
    try:
        yield f"{server.session}_app"
    finally:
        server.connection.execute(sql.SQL("DROP ROLE {}").format(name))


def grant(database: Database, role: str) -> None:
    """Let a role write into the app's tables, and into nothing else."""
    with closing(statements.connect(database.conninfo, "owner")) as owner:
        names = sql.SQL(", ").join(map(sql.Identifier, TABLES))
        owner.execute(
            sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO {}").format(
                names, sql.Identifier(role)
            )
        )
        owner.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(sql.Identifier(role)))


def app(database: Database, role: str) -> Connection:
    """A session of the app's."""
    session = database.admin()
    session.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
    return session


@dataclass
class Writer:
    """An app's session in a thread of its own, that writes until it is told to stop.

    It keeps in mind what it committed, of rows that no other writer touches: `expected` has each
    row that stands with amount and status, and None for one that it deleted.
    """

    database: Database
    role: str
    number: int
    writers: int = 1
    pause: float = 0.0
    expected: dict[tuple[str, str], tuple[Decimal, str | None] | None] = field(default_factory=dict)
    did: Counter[str] = field(default_factory=Counter)
    errors: list[BaseException] = field(default_factory=list)
    # How long each transaction took, in seconds, and when it began, by time.monotonic().
    took: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.number)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)
        # By junta and table, the ids of the rows that are its own; by loan, those of its payments.
        self._own: dict[str, dict[str, list[str]]] = {
            row.id: {table: [] for table in TABLES[1:4]}
            for row in self.database.rows('SELECT id FROM "Junta" ORDER BY id')
        }
        for table in TABLES[1:4]:
            for row in _read(self.database, table, "id, junta_id")[self.number :: self.writers]:
                self._own[row.junta_id][table].append(row.id)
        self._payments: dict[str, list[str]] = {
            loan: [] for own in self._own.values() for loan in own["Prestamo"]
        }
        for row in _read(self.database, "PagoPrestamo", "id, prestamo_id"):
            if row.prestamo_id in self._payments:
                self._payments[row.prestamo_id].append(row.id)

    def start(self) -> "Writer":
        """Begin to write."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """End after the transaction in hand, and wait for it."""
        self._over.set()
        self._thread.join(30)
        assert not self._thread.is_alive(), "a writer waits for somebody for ever"

    def wrote(self, times: int) -> None:
        """Wait until it has committed so many more transactions, or has failed."""
        wanted = len(self.took) + times
        deadline = time.monotonic() + 60
        while len(self.took) < wanted and not self.errors and time.monotonic() < deadline:
            time.sleep(0.005)

    def longest(self, since: float = 0.0, until: float = float("inf")) -> float:
        """The longest that one of its transactions took, in seconds, of those in a time."""
        return max(
            (took for at, took in self.took if at + took >= since and at <= until), default=0
        )

    def _write(self) -> None:
        try:
            with closing(app(self.database, self.role)) as session:
                while not self._over.is_set():
                    self._one(session)
                    time.sleep(self.pause)
        except BaseException as error:
            self.errors.append(error)

    def _one(self, session: Connection) -> None:
        step = self._dice.choice(
            (
                self._save, self._fine, self._lend, self._pay, self._pay, self._grow, self._decide,
                self._repay, self._take_back, self._forgive, self._several,
            )
        )  # fmt: skip
        self._junta = self._dice.choice(list(self._own))
        began = time.monotonic()
        with session.transaction():
            changed = step(session)
        self.took.append((began, time.monotonic() - began))
        if changed:
            self.did[step.__name__.removeprefix("_")] += 1
            self.expected |= changed

    def _several(self, session: Connection) -> dict[Any, Any]:
        """One transaction over many tables of a junta, in no order: locks could cross here."""
        steps = [self._save, self._fine, self._lend, self._pay, self._grow, self._decide]
        self._dice.shuffle(steps)
        changed: dict[Any, Any] = {}
        for step in steps[:4]:
            changed |= step(session)
            time.sleep(self._dice.random() / 200)
        return changed

    def _save(self, session: Connection) -> dict[Any, Any]:
        new, amount = self._new("accion"), self._cents(50_00)
        session.execute(
            'INSERT INTO "Accion" (id, type, amount, junta_id) VALUES (%s, %s, %s, %s)',
            [new, "MENSUAL", float(amount), self._junta],
        )
        self._own[self._junta]["Accion"].append(new)
        return {("Accion", new): (amount, None)}

    def _fine(self, session: Connection) -> dict[Any, Any]:
        new, amount = self._new("multa"), self._cents(9_00)
        session.execute(
            'INSERT INTO "Multa" (id, amount, description, status, junta_id) '
            "VALUES (%s, %s, 'Tardanza', 'PENDING', %s)",
            [new, float(amount), self._junta],
        )
        self._own[self._junta]["Multa"].append(new)
        return {("Multa", new): (amount, "PENDING")}

    def _lend(self, session: Connection) -> dict[Any, Any]:
        """Little, so that no rule will ever refuse it."""
        new, amount = self._new("loan"), self._cents(3_00)
        status = self._dice.choice(("PENDING", "APPROVED", "PAID", "REJECTED"))
        session.execute(
            'INSERT INTO "Prestamo" (id, amount, status, junta_id) VALUES (%s, %s, %s, %s)',
            [new, float(amount), status, self._junta],
        )
        self._own[self._junta]["Prestamo"].append(new)
        self._payments[new] = []
        return {("Prestamo", new): (amount, status)}

    def _pay(self, session: Connection) -> dict[Any, Any]:
        loan = self._any("Prestamo")
        if loan is None:
            return {}
        new, amount = self._new("pago"), self._cents(4_00)
        session.execute(
            'INSERT INTO "PagoPrestamo" (id, amount, date, prestamo_id) VALUES (%s, %s, now(), %s)',
            [new, float(amount), loan],
        )
        self._payments[loan].append(new)
        return {("PagoPrestamo", new): (amount, None)}

    def _grow(self, session: Connection) -> dict[Any, Any]:
        """Another amount for a row that stands; acciones and multas only grow here."""
        table = self._dice.choice(("Accion", "Multa"))
        row_id = self._any(table)
        if row_id is None:
            return {}
        row = session.execute(
            f'UPDATE "{table}" SET amount = (amount::NUMERIC + 0.01)::DOUBLE PRECISION '
            "WHERE id = %s RETURNING *",
            [row_id],
        ).fetchone()
        return {(table, row_id): (Decimal(repr(row.amount)), getattr(row, "status", None))}

    def _decide(self, session: Connection) -> dict[Any, Any]:
        """A loan of its own making gets another status."""
        loan = self._any("Prestamo", made_here=True)
        if loan is None:
            return {}
        row = session.execute(
            'UPDATE "Prestamo" SET status = %s WHERE id = %s RETURNING amount::TEXT, status',
            [self._dice.choice(("PENDING", "APPROVED", "PAID", "REJECTED")), loan],
        ).fetchone()
        return {("Prestamo", loan): (Decimal(row.amount), row.status)}

    def _repay(self, session: Connection) -> dict[Any, Any]:
        """Another amount for a payment."""
        loan = self._any("Prestamo")
        if loan is None or not self._payments[loan]:
            return {}
        payment, amount = self._dice.choice(self._payments[loan]), self._cents(4_00)
        session.execute(
            'UPDATE "PagoPrestamo" SET amount = %s WHERE id = %s', [float(amount), payment]
        )
        return {("PagoPrestamo", payment): (amount, None)}

    def _take_back(self, session: Connection) -> dict[Any, Any]:
        """A multa that was none."""
        row_id = self._any("Multa")
        if row_id is None:
            return {}
        session.execute('DELETE FROM "Multa" WHERE id = %s', [row_id])
        self._own[self._junta]["Multa"].remove(row_id)
        return {("Multa", row_id): None}

    def _forgive(self, session: Connection) -> dict[Any, Any]:
        """A loan that never was goes, with all its payments."""
        loan = self._any("Prestamo", made_here=True)
        if loan is None:
            return {}
        session.execute('DELETE FROM "PagoPrestamo" WHERE prestamo_id = %s', [loan])
        session.execute('DELETE FROM "Prestamo" WHERE id = %s', [loan])
        self._own[self._junta]["Prestamo"].remove(loan)
        gone = self._payments.pop(loan)
        return {("Prestamo", loan): None} | {("PagoPrestamo", payment): None for payment in gone}

    def _new(self, kind: str) -> str:
        return f"w{self.number}-{kind}-{uuid4().hex}"

    def _any(self, table: str, made_here: bool = False) -> str | None:
        own = self._own[self._junta][table]
        if made_here:
            own = [row_id for row_id in own if row_id.startswith("w")]
        return self._dice.choice(own) if own else None

    def _cents(self, most: int) -> Decimal:
        return Decimal(self._dice.randint(1, most)) / 100


def lost(
    database: Database,
    writers: Iterable[Writer],
    loans: str = "Prestamo",
    payments: str = "PagoPrestamo",
) -> list[Any]:
    """What writers committed and the database does not say, row by row."""
    found: dict[tuple[str, str], Any] = {}
    for name, table, columns in (
        ("Accion", "Accion", "id, amount::TEXT, NULL AS status"),
        ("Multa", "Multa", "id, amount::TEXT, status"),
        ("Prestamo", loans, "id, amount::TEXT, status"),
        ("PagoPrestamo", payments, "id, amount::TEXT, NULL AS status"),
    ):
        for row in _read(database, table, columns):
            found[name, row.id] = (Decimal(row.amount), row.status)
    return [
        (key, wanted, found.get(key))
        for writer in writers
        for key, wanted in writer.expected.items()
        if found.get(key) != wanted
    ]


def booked(database: Database) -> dict[tuple[str, str], tuple[str, Decimal]]:
    """What each movement says: of which row it is, whose capital it moves and by how much."""
    found = database.rows(
        """
        SELECT type, junta_id, accion_id, multa_id, prestamo_id, pago_id,
            CASE direction WHEN 'INCREASE' THEN amount WHEN 'DECREASE' THEN -amount END AS signed
        FROM capital_movements
        """
    )
    tables = {"ACCION": "Accion", "MULTA": "Multa", "PRESTAMO": "Prestamo", "PAGO": "PagoPrestamo"}
    by_row = {
        (tables[row.type], row.accion_id or row.multa_id or row.pago_id or row.prestamo_id):
        (row.junta_id, row.signed)
        for row in found
    }  # fmt: skip
    assert len(by_row) == len(found), "a row of the app has two movements"
    return by_row
