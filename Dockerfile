# llm-adapter as an image: docker build -t llm-adapter . — docs/operations.md says how to run it.
ARG PYTHON_IMAGE=python:3.13-slim-trixie

FROM ${PYTHON_IMAGE} AS build
ARG UV_VERSION=0.13.9
# System certificates: behind a company's proxy the base image brings them. Bytecode: nothing can be written later.
ENV UV_SYSTEM_CERTS=true \
    UV_NO_CACHE=true \
    UV_COMPILE_BYTECODE=true \
    UV_PYTHON_DOWNLOADS=never \
    UV_PROJECT_ENVIRONMENT=/opt/llm-adapter
RUN python3 -m venv /opt/uv && /opt/uv/bin/pip install --quiet --no-cache-dir "uv==${UV_VERSION}"
WORKDIR /src
COPY pyproject.toml uv.lock ./
COPY clients/python/pyproject.toml clients/python/
RUN /opt/uv/bin/uv sync --locked --no-dev --extra postgres --extra traces --no-install-workspace --quiet
COPY README.md LICENSE ./
COPY clients/python clients/python
COPY adapter adapter
RUN /opt/uv/bin/uv sync --locked --no-dev --extra postgres --extra traces --no-editable --quiet

FROM ${PYTHON_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="llm-adapter" \
      org.opencontainers.image.description="Legacy records in, trusted documents out: a gRPC and RabbitMQ face for large language models." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# Group 0 may write, too: some clusters choose the user, and leave it that group.
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /data --shell /usr/sbin/nologin adapter \
    && install -d -o 10001 -g 0 -m 0770 /data
COPY --from=build /opt/llm-adapter /opt/llm-adapter
COPY deploy/image/health.py /opt/llm-adapter/health.py
ENV PATH=/opt/llm-adapter/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ADAPTER_TASKS=/tasks \
    ADAPTER_DATABASE__URL=sqlite:////data/adapter.db \
    ADAPTER_GRPC__LISTEN=0.0.0.0:50051 \
    ADAPTER_HTTP__LISTEN=0.0.0.0:8080 \
    ADAPTER_LOG__FORMAT=json
WORKDIR /data
USER 10001:10001
VOLUME /data
EXPOSE 50051 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=3 CMD ["python", "/opt/llm-adapter/health.py"]
ENTRYPOINT ["adapter"]
CMD ["serve"]
