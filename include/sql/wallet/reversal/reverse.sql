-- Reverses a transaction, or gives the reversal that stands under this reference.
SELECT reverse_coin_transaction(
    %(transaction_id)s, %(reason)s, %(external_ref)s
) AS reversal_id
