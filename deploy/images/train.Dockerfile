# Training: torch, transformers, DeepSpeed. It reads hand-overs and never a store.
#   docker build --file deploy/images/train.Dockerfile --tag registry.example.org/radio-corpus/train:0.1.0 .
ARG BASE=docker.io/library/python:3.11.13-slim-bookworm
FROM ${BASE}
ENV PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 RAY_USAGE_STATS_ENABLED=0 \
    HF_HUB_DISABLE_TELEMETRY=1
RUN apt-get update && apt-get install --yes --no-install-recommends build-essential git wget \
    && rm -rf /var/lib/apt/lists/* && useradd --uid 1000 --create-home radio
WORKDIR /opt/radio-corpus
COPY pyproject.toml constraints.txt ./
COPY schemas schemas
COPY finetune finetune
RUN python -m pip install --constraint constraints.txt --editable '.[train]' 'ray[default,train]==2.60.0'
USER 1000
ENTRYPOINT []
CMD ["python", "-m", "finetune", "--help"]
