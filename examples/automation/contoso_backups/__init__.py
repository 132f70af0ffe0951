"""Backup automation of Contoso."""
