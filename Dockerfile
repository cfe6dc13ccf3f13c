# The workbench for computers without a GPU: docs/cluster.md#containers.
#
#   docker build --tag ser-workbench .
#
# With the CUDA build of torch (several GB more):  --build-arg TORCH_INDEX=
# From another image of Debian 12 or newer, such as one of your own registry:  --build-arg BASE=

ARG BASE=debian:bookworm-slim
FROM $BASE AS base
# python3-venv for the build; the last two for torch and for addresses with https.
ARG PACKAGES="python3 python3-venv libgomp1 ca-certificates"
RUN apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $PACKAGES \
    && rm -rf /var/lib/apt/lists/*

FROM base AS build
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY . /src
RUN TORCH_INDEX="$TORCH_INDEX" /src/containers/install /src /opt/ser

FROM base
RUN useradd --uid 10001 --create-home ser \
    && install -d -o ser -g ser /data /artifacts \
    && ln -s /opt/ser/containers/entrypoint /usr/local/bin/ser
COPY --from=build /opt/ser /opt/ser
COPY containers/entrypoint containers/healthy /opt/ser/containers/
ENV PATH=/usr/local/bin:/opt/ser/bin:$PATH SER_HOME=/data
USER ser
VOLUME ["/data", "/artifacts"]
EXPOSE 8501 8600 5000
ENTRYPOINT ["/opt/ser/containers/entrypoint"]
CMD ["app", "--no-browser", "--server.address=0.0.0.0"]
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s \
    CMD ["python3", "/opt/ser/containers/healthy", "http://localhost:8501/_stcore/health"]
