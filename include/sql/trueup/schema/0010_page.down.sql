-- Takes away the page's indexes, and its view of columns that migrations before this one take away.
DROP VIEW IF EXISTS trueup.run_details;
DROP INDEX trueup.runs_by_start;
DROP INDEX trueup.run_attempts_by_airflow_run;
