-- Drops a scratch database, whoever is still connected.
DROP DATABASE IF EXISTS {scratch} WITH (FORCE)
