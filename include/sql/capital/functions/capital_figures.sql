-- Measures the app and its capital: counts, and what all juntas have; no capital before a migration
-- has cut over.
CREATE OR REPLACE FUNCTION capital_figures(
    OUT juntas BIGINT, OUT movements BIGINT, OUT over_available BIGINT, OUT current NUMERIC,
    OUT base NUMERIC
) LANGUAGE plpgsql STABLE AS $$
BEGIN
    SELECT count(*) INTO juntas FROM "Junta";
    SELECT
        coalesce(sum(books.movements), 0), coalesce(sum(books.over_available), 0),
        coalesce(sum(books.current), 0), coalesce(sum(books.base), 0)
    INTO movements, over_available, current, base
    FROM capital_books() AS books;
END
$$;
