"""The only room that knows Airflow: connections, params, task wrappers, approval."""
