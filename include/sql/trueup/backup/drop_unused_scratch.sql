-- Drops a scratch database that nobody but an autovacuum worker is in: it makes way.
DROP DATABASE IF EXISTS {scratch}
