-- What a rule of capital says of a loan or a payment, as an expression. A value that is not there
-- breaks it.
CREATE OR REPLACE FUNCTION row_rule(p_rule TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE
RETURN CASE p_rule
    WHEN 'loan_in_cents'
        THEN '(amount > 0 AND amount < 1e18 AND amount = round(amount, 2)) IS TRUE'
    WHEN 'payment_in_cents'
        THEN '(amount > 0 AND amount < 1e18 AND amount = round(amount, 2)) IS TRUE'
    WHEN 'status_known'
        THEN '(status IN (''PENDING'', ''APPROVED'', ''REJECTED'', ''PAID'')) IS TRUE'
END;
