"""Rules of Microsoft.Compute: machines, extensions, sizes, disks, restore point collections."""
