# One image per service: `docker build --build-arg SERVICE=accounts .`
# It holds that service and `shared`, no code of a sibling and none of the local stack; it runs as an ordinary user.
ARG PYTHON_IMAGE=python:3.13.7-slim-bookworm

FROM ${PYTHON_IMAGE} AS packages
ARG UV_VERSION=0.13.9
RUN python -m venv /opt/uv && /opt/uv/bin/pip install --no-cache-dir --disable-pip-version-check "uv==${UV_VERSION}"
WORKDIR /opt/arrears
COPY requirements.lock .
# Every package is compared with its locked hash; the bytecode is made now, for the file system is read-only later.
RUN python -m venv --without-pip /opt/venv \
 && /opt/uv/bin/uv pip sync --python /opt/venv/bin/python --require-hashes --no-cache --compile-bytecode requirements.lock

FROM ${PYTHON_IMAGE} AS runtime
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin arrears
WORKDIR /opt/arrears
COPY --from=packages /opt/venv /opt/venv

# What a container set-up needs besides the services: databases and roles, and a token issuer for development.
FROM runtime AS tools
COPY shared/__init__.py shared/clock.py shared/
COPY deploy/__init__.py deploy/
COPY deploy/local/__init__.py deploy/local/clients.py deploy/local/databases.py deploy/local/files.py deploy/local/issuer.py deploy/local/
COPY deploy/local/served.py deploy/local/
# A named volume takes over the owner of the folder that it is mounted on.
RUN install -d -o arrears /keys
USER 10001

FROM runtime AS service
ARG SERVICE
RUN test -n "$SERVICE" || { echo "build with --build-arg SERVICE=<name>" >&2; exit 1; }
ENV SERVICE=$SERVICE
COPY alembic.ini .
COPY shared shared
COPY services/__init__.py services/
COPY services/${SERVICE} services/${SERVICE}
USER 10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# The shell gives way to Python, which so gets the signals.
ENTRYPOINT ["sh", "-c", "exec python -m services.$SERVICE \"$@\"", "arrears"]
CMD ["api"]
