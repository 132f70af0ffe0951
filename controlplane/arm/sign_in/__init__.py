"""Microsoft Entra ID as clients meet it: tokens, grants, device codes, and a cloud's endpoints."""
