# API, sweeper and grader in one image; the command decides. The images that learners' programs run in are others
# (sandboxes/), and nothing of theirs is in here.
#
# BASE: any Debian with Python 3.11 or newer and its venv module.
ARG BASE=python:3.11-slim
FROM ${BASE} AS build
RUN python3 -m venv /opt/codezest && /opt/codezest/bin/pip install --no-cache-dir --upgrade "pip>=25.1"
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE codezest.py ./
COPY api api
COPY cli cli
COPY grader grader
COPY sandboxes sandboxes
COPY migrations migrations
COPY testcases testcases
RUN /opt/codezest/bin/pip install --no-cache-dir -c constraints.txt .

FROM ${BASE}
# The data folder is made here so that a volume over it takes its owner.
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/codezest codezest && \
    install -d -o codezest -m 700 /var/lib/codezest/data
COPY --from=build /opt/codezest /opt/codezest
ENV PATH="/opt/codezest/bin:$PATH" PYTHONUNBUFFERED=1 \
    CODEZEST_DATA_DIR=/var/lib/codezest/data CODEZEST_HOST=0.0.0.0 CODEZEST_LOG_FORMAT=json
USER codezest
WORKDIR /var/lib/codezest
EXPOSE 8000
ENTRYPOINT ["codezest"]
CMD ["serve"]
