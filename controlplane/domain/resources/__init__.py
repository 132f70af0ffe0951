"""Rules of Azure Resource Manager itself: groups, deployments, locks, roles, operations, queries."""
