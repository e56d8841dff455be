-- The clause by which a trigger of a statement gets the rows that were and those that are.
CREATE OR REPLACE FUNCTION transition_tables(p_event TEXT)
RETURNS TEXT LANGUAGE sql IMMUTABLE
RETURN CASE p_event
    WHEN 'INSERT' THEN 'REFERENCING NEW TABLE AS these'
    WHEN 'UPDATE' THEN 'REFERENCING OLD TABLE AS those NEW TABLE AS these'
    WHEN 'DELETE' THEN 'REFERENCING OLD TABLE AS those'
END;
