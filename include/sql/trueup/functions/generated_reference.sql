-- Makes the reference of a row that has none: the same row of the same source gets it again.
CREATE OR REPLACE FUNCTION trueup.generated_reference(
    p_prefix TEXT, p_source_id TEXT, p_content TEXT, p_occurrence BIGINT
) RETURNS TEXT LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT p_prefix || left(encode(sha256(convert_to(
        ROW(p_source_id, p_content, p_occurrence)::TEXT, 'UTF8'
    )), 'hex'), 32)
$$;
