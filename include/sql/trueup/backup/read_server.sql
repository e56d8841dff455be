-- Tells which server this is, where its data lie if we may know, and whether we may make databases.
SELECT
    current_setting('server_version') AS version,
    current_setting('server_version_num')::INTEGER / 10000 AS major,
    current_user AS role,
    (
        SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user
    ) AS may_create_databases,
    (SELECT setting FROM pg_settings WHERE name = 'data_directory') AS data_directory,
    floor(extract(EPOCH FROM pg_postmaster_start_time()))::BIGINT AS started
