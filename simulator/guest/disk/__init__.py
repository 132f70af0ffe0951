"""A guest's disks: VHD, partition, volume, files, and the digests of every block."""
