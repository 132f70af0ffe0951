"""Microsoft.Resources: subscriptions, groups, deployments, providers."""
