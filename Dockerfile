# maand with its own Node, from the Debian package that `npm run deb` writes. Nothing tests this file: see docs/installation.md.
#
#   npm ci && npm run build && npm run deb
#   docker build -t maand .
#   docker run --rm -it -v "$PWD:/bucket" maand deploy
FROM debian:bookworm-slim
COPY release/maand_*.deb /tmp/
RUN apt-get update \
  && apt-get install -y --no-install-recommends /tmp/maand_*.deb git make openssh-client python3 \
  && rm -rf /var/lib/apt/lists/* /tmp/maand_*.deb
WORKDIR /bucket
ENTRYPOINT ["maand"]
