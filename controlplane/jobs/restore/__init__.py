"""Restores: disks, machines, files; from every tier."""
