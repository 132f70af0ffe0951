#!/bin/sh
# Protects one virtual machine, with az: protect.sh GROUP VAULT VM
set -eu
if [ "$#" != 3 ]; then
    echo "usage: protect.sh GROUP VAULT VM" >&2
    exit 2
fi
az backup protection enable-for-vm --resource-group "$1" --vault-name "$2" --vm "$3" --policy-name DefaultPolicy --output none
az backup item show --resource-group "$1" --vault-name "$2" --name "$3" --container-name "$3" \
    --backup-management-type AzureIaasVM --query properties.protectionState --output tsv
