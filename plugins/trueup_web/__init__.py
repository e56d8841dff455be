"""What is behind the page: routes, access, the databases of the systems, reports in place.

A package of another name than the plugin's module, which Airflow loads under its bare file name.
"""
