"""A simulated Windows guest: disks, VSS, workloads and the guest agent."""
