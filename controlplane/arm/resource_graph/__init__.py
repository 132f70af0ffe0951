"""Microsoft.ResourceGraph: queries over what this service has, in the query language of `controlplane.kusto`."""
