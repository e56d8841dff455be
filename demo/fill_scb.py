"""Gives the demo's central bank entries of its own, and habits: python -m demo.fill_scb URL BANK.

With --count it tells instead how many entries the bank has, and how often it was called.
"""

import argparse

import httpx

# Two accounts of the sample, and an entry of it that the bank will not book.
PAYER, PAYEE = "collective:10756:USD", "collective:1128:USD"
REFUSED = "OC-7ad772f0-d22c-4b1e-a2a5-90b21fb96a41-GROSS"
WAIT = httpx.HTTPTransport(retries=5)


def entries(count: int) -> list[dict[str, str]]:
    """Settlements that only the bank knows, an hour apart."""
    return [
        {
            "debitAccountId": PAYEE,
            "creditAccountId": PAYER,
            "amount": f"{number}.25",
            "currencyCode": "USD",
            "transactionType": "SETTLEMENT",
            "referenceId": f"SCB-{number:04}",
            "timestampUtc": f"2016-02-{1 + number // 24:02}T{number % 24:02}:00:00Z",
        }
        for number in range(1, count + 1)
    ]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("url")
    asked.add_argument("bank")
    asked.add_argument("--count", action="store_true")
    given = asked.parse_args()
    with httpx.Client(base_url=given.url, transport=WAIT) as client:
        if given.count:
            found = client.get(f"/control/{given.bank}").raise_for_status().json()
            print(f"{found['entries']} entries; it was called {found['calls']} times.")
            return
        habits = {"throttle_every": 40, "lose_answers": 2, "refuse": [REFUSED]}
        asked_of = client.put(f"/control/{given.bank}", json={"entries": entries(60), **habits})
        asked_of.raise_for_status()


if __name__ == "__main__":
    main()
