"""The format in which the vault keeps disks: packs of blocks, and manifests that say where each block lies."""
