-- Takes away what the nightly reconciliation keeps.
DROP TABLE trueup.known_openings, trueup.night_findings, trueup.nights CASCADE;
