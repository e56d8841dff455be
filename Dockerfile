# Trueup on the official Airflow image. The bundle keeps its shape: the engine looks for include/ beside dags/.
FROM apache/airflow:3.3.2-python3.11

# A backup needs a pg_dump that is not older than the server; which one the base image has is left to chance.
USER 0
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN . /etc/os-release \
    && curl -fsSL -o /usr/share/keyrings/pgdg.asc https://www.postgresql.org/media/keys/ACCC4CF8.asc \
    && rm -f /etc/apt/sources.list.d/pgdg.* \
    && echo "deb [signed-by=/usr/share/keyrings/pgdg.asc] https://apt.postgresql.org/pub/repos/apt $VERSION_CODENAME-pgdg main" \
        >/etc/apt/sources.list.d/pgdg.list \
    && apt-get update \
    && apt-get install -y --no-install-recommends postgresql-client-18 \
    && rm -rf /var/lib/apt/lists/*
ENV PATH=/usr/lib/postgresql/18/bin:$PATH
RUN pg_dump --version | grep -F ' 18.' && pg_restore --version
USER 50000

COPY requirements.txt /requirements.txt
RUN pip install --no-cache-dir --require-hashes -r /requirements.txt

ENV AIRFLOW__CORE__DAGS_FOLDER=/opt/trueup/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/trueup/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    PYTHONPATH=/opt/trueup/dags \
    TRUEUP_SOURCE_ROOTS=/opt/trueup/include/samples:/opt/trueup/inbox \
    TRUEUP_REPORTS=/opt/trueup/reports \
    TRUEUP_BACKUPS=/opt/trueup/backups \
    SCARF_ANALYTICS=false

COPY --chown=50000:0 dags /opt/trueup/dags
COPY --chown=50000:0 plugins /opt/trueup/plugins
COPY --chown=50000:0 include /opt/trueup/include
# The page shows it.
COPY --chown=50000:0 docs/runbook.md /opt/trueup/docs/runbook.md

# A volume mounted here takes its owner over: 50000 is the image's unprivileged account, airflow.
USER 0
RUN install -d -o 50000 -g 0 -m 0775 /opt/trueup/inbox /opt/trueup/reports \
    && install -d -o 50000 -g 0 -m 0700 /opt/trueup/backups
USER 50000
