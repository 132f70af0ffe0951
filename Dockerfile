# The simulator without Azurite, which docker-compose.yml runs beside it. Not proven here: the image was never built.
FROM python:3.11-slim-bookworm

# Handlers open their sealed settings with the openssl program.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends openssl \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /build
COPY pyproject.toml constraints.txt README.md ./
COPY extension extension
COPY controlplane controlplane
COPY simulator simulator
RUN pip install --no-cache-dir --constraint constraints.txt . \
    && rm -rf /build/*

RUN useradd --create-home backupsim \
    && install --directory --mode 0700 --owner backupsim --group backupsim /state
USER backupsim
WORKDIR /home/backupsim
VOLUME /state
EXPOSE 7080 7443

ENTRYPOINT ["backupsim"]
CMD ["up", "--host=0.0.0.0", "--state=/state"]
