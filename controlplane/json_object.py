"""The type of a JSON object, for every package but the extension, which stands alone and has its own."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
