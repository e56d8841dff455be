-- Takes away what a deployment says, and the view that needs it.
DROP TABLE trueup.settings CASCADE;
