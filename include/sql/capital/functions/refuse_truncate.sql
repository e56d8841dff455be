-- Refuses to empty a table of which every row counts: nobody could tell what its rows were.
CREATE OR REPLACE FUNCTION refuse_truncate() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The capital of juntas follows the rows of "%": TRUNCATE would hide them',
    TG_TABLE_NAME
    USING ERRCODE = 'feature_not_supported', HINT = 'Delete the rows instead.';
END
$$;
