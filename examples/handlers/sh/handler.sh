#!/bin/sh
# A minimal complete snapshot handler: freeze, a snapshot of each disk, thaw, report. curl and openssl, no more.
# Addresses with signatures reach curl by its standard input, so no list of processes shows them.
set -eu
case $1 in enable | work) ;; *) exit 0 ;; esac # there is nothing to install, disable, update or uninstall

root=$(cd "$(dirname "$0")" && pwd)
disk=$root # the guest's system disk
until [ -f "$disk/bridge.token" ]; do disk=${disk%/*}; done
bridge=http://$AZURE_GUEST_AGENT_WIRE_PROTOCOL_ADDRESS/bridge

value() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p"; } # of a key, in JSON that stands on one line
folder() { value "$1" < "$root/HandlerEnvironment.json"; }
ask() { printf 'url = "%s"\n' "$1" | { shift; curl --silent --fail --config - -H 'x-ms-version: 2020-10-02' "$@"; }; }
guest() { ask "$bridge/$1" -H "@$work/token" ${2:+--data "$2"}; }
put() { ask "$1" -X PUT -H 'x-ms-blob-type: BlockBlob' -H 'Content-Type: text/plain' --data-binary "$2"; }
quoted() { printf %s "$1" | sed 's/[\\"]/\\&/g'; }

document() { # status, code, consistency, snapshots, substatus
    printf '[{"version": "1.0", "timestampUTC": "%s", "status": {"name": "ShellSnapshot", "operation": "Enable", ' \
        "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
    printf '"status": "%s", "code": "%s", "taskId": "%s", "snapshotInfo": %s, "substatus": %s, ' \
        "$1" "$2" "$task" "$4" "$5"
    printf '"formattedMessage": {"lang": "en-US", "message": "%s"}}}]' \
        "$(quoted "{\"messageStr\": \"code $2\", \"snapshotConsistency\": $3}")"
}

write_status() { # nobody reads half of it
    printf %s "$1" > "$(folder statusFolder)/new"
    mv "$(folder statusFolder)/new" "$(folder statusFolder)/$ConfigSequenceNumber.status"
}

take() { # entries of snapshotInfo
    for uri in $disks; do
        stamp=$(ask "$uri&comp=snapshot" -X PUT --data-binary '' -H "@$work/metadata" -D - -o "$work/nothing" |
            tr -d '\r' | sed -n 's/^[Xx]-[Mm]s-[Ss]napshot: *//p')
        [ -n "$stamp" ] || return 1
        printf '%s{"isSuccessful": true, "snapshotUri": "%s?snapshot=%s", "errorMessage": "", "blobUri": "%s"}' \
            "${comma-}" "${uri%%\?*}" "$stamp" "${uri%%\?*}" # never the signature
        comma=', '
    done
}

task=''
if [ "$1" = enable ]; then
    write_status "$(document success 4 0 null '[]')" # accepted, and at work from now on
    setsid "$0" work < /dev/null > /dev/null 2>&1 &
    exit 0
fi

umask 077
work=$(mktemp -d "$root/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
printf 'Authorization: Bearer %s\n' "$(cat "$disk/bridge.token")" > "$work/token"
settings=$(cat "$(folder configFolder)/$ConfigSequenceNumber.settings")
task=$(printf %s "$settings" | value taskId)
pair=$(printf %s "$settings" | value protectedSettingsCertThumbprint)
for place in "$disk/WindowsAzure/Certificates" "$disk/var/lib/waagent"; do
    if [ -f "$place/$pair.prv" ]; then certificate=$place/$pair; fi
done
plain=$(printf %s "$settings" | value protectedSettings | openssl base64 -d -A |
    openssl cms -decrypt -inform DER -recip "$certificate.crt" -inkey "$certificate.prv")
object=$(printf %s "$plain" | value objectStr | openssl base64 -d -A)
disks=$(printf %s "$object" | grep -o '"blobSASUri": *\[[^]]*\]' | grep -o 'http[^"]*')
printf %s "$object" | grep -o '{"Key": *"[^"]*", *"Value": *"[^"]*"}' |
    sed 's/{"Key": *"\([^"]*\)", *"Value": *"\([^"]*\)"}/x-ms-meta-\1: \2/' > "$work/metadata"

ask "$bridge/session?task_id=$task" -H "@$work/token" --no-buffer > "$work/line" & # open until this process ends
line=$!
trap 'kill "$line" 2> /dev/null; rm -rf "$work"' EXIT
until [ -s "$work/line" ]; do kill -0 "$line" && sleep 0.05; done
session=$(value session < "$work/line")
writers=false
case $(guest facts) in *'"has_vss":true'*) writers=true ;; esac

status=error code=121 consistency=0 taken=null
case $(guest freeze "{\"session\": \"$session\", \"timeout_seconds\": 60, \"writers\": $writers}") in
    *'"frozen":true'*)
        snapshots=$(take) || snapshots=''
        case $(guest thaw "{\"session\": \"$session\"}") in
            *'"consistent":true'*)
                if [ -n "$snapshots" ]; then
                    status=success taken="[$snapshots]"
                    if [ $writers = true ]; then code=0 consistency=2; else code=1 consistency=1; fi
                fi
                ;;
        esac
        ;;
esac

report=$(document $status $code $consistency "$taken" '[]')
inner="[{\"code\": \"0\", \"name\": \"$(quoted "$report")\", \"status\": \"success\", \"formattedMessage\": null}]"
write_status "$(document success $code $consistency null "$inner")"
put "$(printf %s "$plain" | value statusBlobUri)" "$report"
put "$(printf %s "$plain" | value logsBlobUri)" "task $task ended with code $code"
