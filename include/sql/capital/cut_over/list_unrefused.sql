-- Lists what the rules must refuse from here on and let pass; what is written for it is taken back.
SELECT attempt FROM unrefused_writes()
