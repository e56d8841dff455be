-- Fills the one list of reasons for which a row is quarantined.
INSERT INTO trueup.reason_codes (code, meaning) VALUES
('unreadable_line', 'The line is no record of the file: quotes, fields or characters are off.'),
('missing_field', 'A field that has no default is empty.'),
('field_too_long', 'A name or reference is longer than 255 characters.'),
('invalid_amount', 'The amount is not a plain decimal number above zero.'),
('excess_precision', 'The amount has more decimals than its currency has; nothing is rounded.'),
('unknown_currency', 'The currency is not in ISO 4217, or was withdrawn before the entry.'),
('currency_mismatch', 'The account is kept in another currency.'),
('unknown_account', 'The account is neither in the ledger nor among the accounts to create.'),
('same_account', 'Debit and credit name the same account.'),
('invalid_timestamp', 'The time is not an ISO 8601 time that exists.'),
('invalid_asset_type', 'The asset type is none of fiat, cbdc, commodity, security.'),
('invalid_fx_rate', 'The exchange rate is not a plain decimal number above zero.'),
('invalid_metadata', 'The metadata is not a JSON object that PostgreSQL can store.'),
('conflicting_duplicate', 'The same reference stands for another content.'),
('duplicate_reference', 'The reference was posted before and skip_duplicates is off.');
