"""What a policy will come to: recovery points, tiers and storage in the years ahead."""
