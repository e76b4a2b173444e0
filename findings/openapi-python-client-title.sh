#!/usr/bin/env bash
# openapi-python-client 0.29.1 and a title that is not ASCII.
#
# One would guess: a valid OpenAPI 3.1 document with the title "Hushi 互市" gives a client that can be installed, because
# the generator turns the title into a package's name, or that it refuses the title.
# What happens: it ends with status 0 and writes a project whose name is "hushi-互市-client". No tool that follows PEP 508
# takes that name: pip refuses the requirement, or the project's metadata. The module inside is importable.
# The same document with the title "Hushi API" gives a client that installs.
#
# Exits with 1 when this is no longer so.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tool
tool/bin/pip install --quiet --disable-pip-version-check openapi-python-client==0.29.1 ruff==0.17.6 2>/dev/null
export PATH="$folder/tool/bin:$PATH"
python3 --version
pip --version | cut -d' ' -f1,2
openapi-python-client --version

make_and_install() { # the title, the folder
  mkdir "$2"
  cat > "$2/openapi.json" <<JSON
{"openapi": "3.1.0", "info": {"title": "$1", "version": "1.0.0"},
 "paths": {"/ping": {"get": {"operationId": "ping", "responses": {"200": {"description": "pong"}}}}}}
JSON
  (cd "$2" && openapi-python-client generate --path openapi.json > /dev/null)
  echo "title \"$1\": generated with status 0, named $(sed -n 's/^name = //p' "$2"/*/pyproject.toml | head -1)"
  python3 -m venv "$2/client"
  "$2/client/bin/pip" install --quiet --disable-pip-version-check "$2"/*-client 2> "$2/errors"
}

if make_and_install "Hushi 互市" han; then
  echo "CHANGED: the client of a title in Chinese installs now"
  exit 1
fi
echo "  pip refuses it: $(grep -iE 'invalid|error' han/errors | tail -1)"
if ! make_and_install "Hushi API" ascii; then
  echo "CHANGED: the client of an ASCII title does not install"
  cat ascii/errors
  exit 1
fi
echo "  pip installs it"
