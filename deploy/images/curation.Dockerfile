# Curation: what `make setup` installs of it, the same versions everywhere. From the root of the repository:
#   docker build --file deploy/images/curation.Dockerfile --tag registry.example.org/radio-corpus/curation:0.1.0 .
# A release names the base by digest as well (docs/operate.md): a tag may be moved by whoever owns it.
ARG BASE=docker.io/library/python:3.11.13-slim-bookworm
FROM ${BASE}
ENV PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 RAY_USAGE_STATS_ENABLED=0 \
    RADIO_PYTHON=/usr/local/bin/python
# wget: KubeRay asks with it whether Ray is well. ghostscript: figures in PostScript.
RUN apt-get update && apt-get install --yes --no-install-recommends git wget ghostscript \
    && rm -rf /var/lib/apt/lists/* && useradd --uid 1000 --create-home radio
WORKDIR /opt/radio-corpus
COPY pyproject.toml constraints.txt ./
COPY schemas schemas
COPY catalogs catalogs
COPY curation curation
COPY deploy/radio-corpus.sh deploy/radio-corpus.sh
RUN python -m pip install --constraint constraints.txt --editable '.[curation]'
USER 1000
ENTRYPOINT []
CMD ["deploy/radio-corpus.sh", "nightly", "--dry-run"]
