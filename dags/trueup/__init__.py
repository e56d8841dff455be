"""The engine: posts, proves and takes back. Its core runs and is tested without Airflow."""
