# Served models on GPUs: Ray and the vLLM that goes with it, beside curation, in an environment that training never shares.
#   docker build --file deploy/images/serve.Dockerfile --tag registry.example.org/radio-corpus/serve:0.1.0 .
ARG BASE=docker.io/library/python:3.11.13-slim-bookworm
FROM ${BASE}
ENV PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 RAY_USAGE_STATS_ENABLED=0 \
    HF_HUB_DISABLE_TELEMETRY=1 VLLM_NO_USAGE_STATS=1
# build-essential: kernels that are compiled where they run. The driver comes from the node (NVIDIA's container runtime).
RUN apt-get update && apt-get install --yes --no-install-recommends build-essential git wget \
    && rm -rf /var/lib/apt/lists/* && useradd --uid 1000 --create-home radio
WORKDIR /opt/radio-corpus
COPY pyproject.toml ./
COPY schemas schemas
COPY catalogs catalogs
COPY curation curation
# `serve` pins Ray and vLLM exactly, and these torch; constraints.txt is that of curation and training.
RUN python -m pip install --editable '.[curation,serve]' && python -m pip freeze > /opt/radio-corpus/installed.txt
USER 1000
ENTRYPOINT []
CMD ["python", "-m", "curation", "serve", "--help"]
