"""Reading what may be anything: a value, or `BadPayload`."""

import pytest

from elfe.devices.payloads import as_number, json_object, number, word
from elfe.devices.values import BadPayload


@pytest.mark.parametrize(("payload", "read"), [(b"12.5", 12.5), (b" -3 ", -3.0), (b"1e3", 1000.0), (b"0", 0.0)])
def test_a_number(payload, read):
    assert number(payload) == read


@pytest.mark.parametrize("payload", [
    b"", b"nan", b"inf", b"-Infinity", b"1e308", b"1e999", b"12,5", b"null", b"true", b"\xff", b"\x00", b"0x10", b"9" * 400,
])
def test_what_is_no_number_is_refused(payload):
    with pytest.raises(BadPayload):
        number(payload)


@pytest.mark.parametrize("value", [True, None, "12", [1], {}, 10**400, float("nan"), float("inf")])
def test_what_is_no_number_of_json_is_refused(value):
    with pytest.raises(BadPayload):
        as_number(value)


@pytest.mark.parametrize("payload", [
    b"", b"null", b"[]", b'"x"', b"3", b"{", b'{"a":NaN}', b'{"a":Infinity}', b"\xff", b"[" * 10_000, b"{}" + b" " * 70_000,
    b'\xef\xbb\xbf{"a":1}', '{"a":1}'.encode("utf-16"), b'{"a":' + b"9" * 5000 + b"}",
])
def test_what_is_no_object_is_refused(payload):
    with pytest.raises(BadPayload):
        json_object(payload)


def test_an_object_is_read_whole():
    assert json_object('{"nom":"lave-linge né","on":true}'.encode()) == {"nom": "lave-linge né", "on": True}


def test_a_word_is_stripped():
    assert word(b" on\r\n") == "on"
