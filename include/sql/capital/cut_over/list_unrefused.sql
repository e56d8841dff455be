-- Lists what the rules must refuse from here on and did not: what they let pass, or what something
-- else refused. What is written for it is taken back.
SELECT attempt, passed, refused_by FROM unrefused_writes()
