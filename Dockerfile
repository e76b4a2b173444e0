# Two stages: the first builds a virtual environment from the lock, the second has nothing but it.
# PYTHON_IMAGE names another image with Python 3.11 or newer, such as a mirror's, where Docker Hub can't be reached.
ARG PYTHON_IMAGE=python:3.13-slim
FROM ${PYTHON_IMAGE} AS build
WORKDIR /src
RUN python -m venv /opt/hushi
COPY pyproject.toml requirements-run.lock README.md LICENSE NOTICE ./
COPY service service
COPY schemas schemas
RUN /opt/hushi/bin/pip install --no-cache-dir --quiet --require-hashes -r requirements-run.lock \
 && /opt/hushi/bin/pip install --no-cache-dir --quiet --no-deps --no-build-isolation .

FROM ${PYTHON_IMAGE}
RUN useradd --system --uid 10001 --no-create-home hushi && install -d -o hushi /var/lib/hushi
COPY --from=build /opt/hushi /opt/hushi
ENV PATH=/opt/hushi/bin:$PATH PYTHONDONTWRITEBYTECODE=1 HUSHI_DATA_DIR=/var/lib/hushi
USER hushi
WORKDIR /var/lib/hushi
VOLUME /var/lib/hushi
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s CMD ["python", "-c", \
  "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/ready', timeout=2)"]
ENTRYPOINT ["hushi"]
CMD ["serve", "--host", "0.0.0.0"]
