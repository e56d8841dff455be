-- Takes away what the watch kept, and the views that need it.
DROP TABLE trueup.missed_nights;

DROP TABLE trueup.settings CASCADE;
