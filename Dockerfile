# Trueup on the official Airflow image. The bundle keeps its shape: the engine looks for include/ beside dags/.
FROM apache/airflow:3.3.2-python3.11

COPY requirements.txt /requirements.txt
RUN pip install --no-cache-dir --require-hashes -r /requirements.txt

ENV AIRFLOW__CORE__DAGS_FOLDER=/opt/trueup/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/trueup/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    PYTHONPATH=/opt/trueup/dags \
    TRUEUP_SOURCE_ROOTS=/opt/trueup/include/samples:/opt/trueup/inbox \
    TRUEUP_REPORTS=/opt/trueup/reports \
    SCARF_ANALYTICS=false

COPY --chown=50000:0 dags /opt/trueup/dags
COPY --chown=50000:0 plugins /opt/trueup/plugins
COPY --chown=50000:0 include /opt/trueup/include
# The page shows it.
COPY --chown=50000:0 docs/runbook.md /opt/trueup/docs/runbook.md

# A volume mounted here takes its owner over: 50000 is the image's unprivileged account, airflow.
USER 0
RUN install -d -o 50000 -g 0 -m 0775 /opt/trueup/inbox /opt/trueup/reports
USER 50000
