"""The words by which handlers and extensions are named on the command line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controlplane.service_settings import OrderedExtension, ServiceSettings
from simulator.command import cli_handlers
from simulator.failures import WrongUse

USUAL = ServiceSettings()


def test_an_extension_is_named_by_publisher_type_and_version() -> None:
    assert cli_handlers.ordered(None, None) == {"windows_extension": None, "linux_extension": None}
    told = cli_handlers.ordered("Contoso.Backup.Snapshot:1.2", "Contoso.Backup:1.2.0.0")
    newest, exact = told["windows_extension"], told["linux_extension"]
    assert newest == OrderedExtension("Contoso.Backup", "Snapshot", "1.2")
    assert newest.auto_upgrade_minor_version
    assert exact is not None
    assert not exact.auto_upgrade_minor_version
    assert list(cli_handlers.ordered("usual", "usual").values()) == [USUAL.windows_extension, USUAL.linux_extension]


@pytest.mark.parametrize("word", ["", "Contoso.Backup", "Contoso:1.0", "Contoso.Backup:new", "Contoso.Backup:", "ours"])
def test_what_names_no_extension_is_wrong_use(word: str) -> None:
    for words in ((word, None), (None, word)):
        with pytest.raises(WrongUse, match="write publisher, type and version"):
            cli_handlers.ordered(*words)


@pytest.mark.parametrize("language", ["en", "zh-cn"])
def test_a_start_says_which_handlers_are_given_and_whether_they_are_ordered(language: str) -> None:
    def listed(name: str) -> list[dict[str, object]]:
        own = {"name": "Own.One", "version": "1.0", "status": "published", "given": False}
        return [own, own | {"name": name, "given": True}]

    ours = listed("Microsoft.Azure.RecoveryServices.VMSnapshot")
    (line,) = cli_handlers.up_lines(ours, ServiceSettings(), language)
    assert line.endswith("Microsoft.Azure.RecoveryServices.VMSnapshot 1.0")
    other = replace(USUAL, linux_extension=OrderedExtension("Contoso", "Backup", "1.0"))
    (line,) = cli_handlers.up_lines([], other, language)
    assert "Contoso.Backup 1.0" in line
    assert "Linux" in line
    first, hint = cli_handlers.up_lines(listed("Contoso.Backup"), ServiceSettings(), language)
    assert first.endswith("Contoso.Backup 1.0")
    assert "--windows-extension" in hint
    assert cli_handlers.up_lines([], ServiceSettings(), language) == []
