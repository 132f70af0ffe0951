#!/bin/sh
# Builds the handler and prints the folder of its package: backupsim up --handler 'sh examples/handlers/go/build.sh'
set -eu
here=$(cd "$(dirname "$0")" && pwd)
package=${1:-$(mktemp -d)}
cp "$here/HandlerManifest.json" "$package"
(cd "$here" && CGO_ENABLED=0 go build -trimpath -ldflags -s -o "$package/handler" .) >&2
echo "$package"
