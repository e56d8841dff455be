-- Lets nobody but its owner into a scratch database.
REVOKE ALL ON DATABASE {scratch} FROM public
