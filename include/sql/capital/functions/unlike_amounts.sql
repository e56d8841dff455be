-- What is said of a part of a table, whatever type the numbers in it have.
CREATE OR REPLACE FUNCTION unlike_amounts(p_said TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE
RETURN regexp_replace(
    p_said, '[()'']|(::)?(double precision|real|numeric|bigint|integer)(\(\d+,\d+\))?', '', 'g'
);
