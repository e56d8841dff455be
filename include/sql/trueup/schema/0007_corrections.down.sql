-- Takes away what runs of corrections proposed.
DROP TABLE trueup.corrections CASCADE;
