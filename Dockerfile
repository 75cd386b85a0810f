FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 MALLOC_ARENA_MAX=2 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /srv/assay

# Before the code, so that a change of ours does not install the packages again.
COPY locks/run.txt locks/run.txt
RUN python -m pip install --require-hashes --only-binary :all: -r locks/run.txt

COPY . .
RUN python -m compileall -q accounts briefings config profiles \
 && useradd --system --uid 10001 assay \
 && install -d -o assay /data

USER assay
ENV DATA_DIR=/data
EXPOSE 8000
