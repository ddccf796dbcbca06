"""What zigbee2mqtt says of a plug, and what the plugin is: sixty lines on the public kit."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

import elfe_zigbee2mqtt as plugin
import pytest

from elfe.devices import BadPayload, Device, Measure, OutputState, Presence, Quantity, Setting

DEVICE = Device(id="E001", type_id=1300, templates={"bridge": "zigbee2mqtt-R004", "name": "E001"})
SAID = [      # the shapes of the vendor's pages of plugs with a meter
    (b'{"state":"ON","power":1850.5,"energy":12.345,"voltage":231,"current":8.02,"linkquality":120}',
     (OutputState(True), Measure(Quantity.POWER, 1850.5), Measure(Quantity.ENERGY, 12345.0), Measure(Quantity.VOLTAGE, 231.0),
      Measure(Quantity.CURRENT, 8.02))),
    (b'{"state":"OFF","power":null,"power_on_behavior":"previous"}',
     (OutputState(False), Setting("power_on_behavior", "previous"))),
    (b'{"linkquality":87,"update":{"state":"idle"}}', ()),
]


@pytest.mark.parametrize(("payload", "events"), SAID)
def test_what_a_plug_says(payload, events):
    assert plugin.decode_message(DEVICE, "zigbee2mqtt-R004/E001", payload) == events


@pytest.mark.parametrize("payload", [b'{"state":"on"}', b'{"power":"12"}', b'{"energy":true}', b"ON", b"[]"])
def test_what_no_plug_means_is_refused(payload):
    with pytest.raises(BadPayload):
        plugin.decode_message(DEVICE, "zigbee2mqtt-R004/E001", payload)


@pytest.mark.parametrize(("payload", "presence"), [
    (b"online", Presence.ONLINE), (b"offline", Presence.OFFLINE),                                  # legacy, the default before 2.0
    (b'{"state":"online"}', Presence.ONLINE), (b'{"state": "offline"}', Presence.OFFLINE),
])
def test_its_presence_in_both_forms(payload, presence):
    assert plugin.parse_lwt(DEVICE, payload) is presence


def test_the_whole_family_takes_sixty_lines():
    assert len(_code_lines(Path(plugin.__file__).read_text())) <= 60
    assert [each.name for each in Path(plugin.__file__).parent.glob("*.py")] == ["__init__.py"]


def _code_lines(source: str) -> set[int]:
    """The lines that hold code: neither blank, nor a comment, nor a docstring."""
    lines = {line for token in tokenize.generate_tokens(io.StringIO(source).readline)
             if token.type in {tokenize.NAME, tokenize.OP, tokenize.NUMBER, tokenize.STRING}
             for line in range(token.start[0], token.end[0] + 1)}
    docstrings = {line for node in ast.walk(ast.parse(source))
                  if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node)
                  for line in range(node.body[0].lineno, node.body[0].end_lineno + 1)}
    return lines - docstrings
