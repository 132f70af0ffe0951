"""Azure regions: their list, and how a location is written."""

from __future__ import annotations

from controlplane.domain import errors
from controlplane.domain.errors.arm import LOCATION_REQUIRED

_FOR_PEOPLE = (
    "Australia Central, Australia East, Australia Southeast, Austria East, Belgium Central, Brazil South, "
    "Canada Central, Canada East, Central India, Central US, Chile Central, East Asia, East US, East US 2, "
    "France Central, Germany West Central, Indonesia Central, Israel Central, Italy North, Japan East, Japan West, "
    "Korea Central, Korea South, Malaysia West, Mexico Central, New Zealand North, North Central US, North Europe, "
    "Norway East, Poland Central, Qatar Central, South Africa North, South Central US, South India, "
    "Southeast Asia, Spain Central, Sweden Central, Switzerland North, UAE North, UK South, UK West, "
    "West Central US, West Europe, West India, West US, West US 2, West US 3"
)

REGIONS = {name.replace(" ", "").lower(): name for name in _FOR_PEOPLE.split(", ")}
"""Name in ids and bodies -> name for people."""


def normalised(location: str | None, full_type: str) -> str:
    """`West US` and `westus` are the same place; ServiceError where it is missing or unknown."""
    if not location:
        raise LOCATION_REQUIRED.error()
    name = location.replace(" ", "").lower()
    if name not in REGIONS:
        raise errors.location_not_available(location, full_type, REGIONS)
    return name
