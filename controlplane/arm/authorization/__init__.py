"""Microsoft.Authorization: roles and their assignments."""
