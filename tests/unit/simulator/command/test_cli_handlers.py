"""The words by which handlers and extensions are named on the command line."""

from __future__ import annotations

import pytest

from controlplane.service_settings import OrderedExtension, ServiceSettings
from simulator.command import cli_handlers
from simulator.failures import WrongUse


def test_an_extension_is_named_by_publisher_type_and_version() -> None:
    assert cli_handlers.ordered(None) is None
    found = cli_handlers.ordered("Contoso.Backup.Snapshot:1.2")
    assert found == OrderedExtension("Contoso.Backup", "Snapshot", "1.2")
    assert found.auto_upgrade_minor_version
    exact = cli_handlers.ordered("Contoso.Backup:1.2.0.0")
    assert exact is not None
    assert not exact.auto_upgrade_minor_version


@pytest.mark.parametrize("word", ["", "Contoso.Backup", "Contoso:1.0", "Contoso.Backup:new", "Contoso.Backup:"])
def test_what_names_no_extension_is_wrong_use(word: str) -> None:
    with pytest.raises(WrongUse, match="write publisher, type and version"):
        cli_handlers.ordered(word)


@pytest.mark.parametrize("language", ["en", "zh-cn"])
def test_a_start_says_which_handlers_are_given_and_whether_they_are_ordered(language: str) -> None:
    def listed(name: str) -> list[dict[str, object]]:
        own = {"name": "Own.One", "version": "1.0", "status": "published", "given": False}
        return [own, own | {"name": name, "given": True}]

    ours = listed("Microsoft.Azure.RecoveryServices.VMSnapshot")
    (line,) = cli_handlers.up_lines(ours, ServiceSettings(), language)
    assert line.endswith("Microsoft.Azure.RecoveryServices.VMSnapshot 1.0")
    first, hint = cli_handlers.up_lines(listed("Contoso.Backup"), ServiceSettings(), language)
    assert first.endswith("Contoso.Backup 1.0")
    assert "--windows-extension" in hint
    assert cli_handlers.up_lines([], ServiceSettings(), language) == []
