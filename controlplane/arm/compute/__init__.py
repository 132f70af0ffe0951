"""Microsoft.Compute: machines, their extensions and disks, snapshots, restore point collections."""
