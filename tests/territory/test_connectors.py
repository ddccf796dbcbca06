"""Sources that answer well, slowly, wrongly, or not at all: a real HTTP server, a real Modbus server, real files."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyModbusTCP.server import DataBank, ModbusServer

from elfe import addresses, connectors
from elfe.connectors import PartlyRead, Sampled, csv_file, http_json, modbus, mqtt, number, open_meteo, opened
from elfe.connectors.paths import follow, steps
from elfe.errors import SettingsError, SourceError

NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)
BEFORE = NOW - timedelta(hours=1)


@contextmanager
def answering(reply: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """A web server that does as it is told."""
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reply(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


def saying(body: bytes, status: int = 200) -> Callable[[BaseHTTPRequestHandler], None]:
    def reply(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.end_headers()
        request.wfile.write(body)

    return reply


def test_a_number_is_found_at_its_path_and_brought_to_watts():
    with answering(saying(b'{"data":[{"power":"1,5"}]}')) as url:
        source = http_json.connect({"url": url, "path": "data.0.power", "scale": 1000})
        assert [each.value for each in source.read(BEFORE, NOW)] == [1500.0]


def test_a_list_of_prices_comes_with_its_times():
    body = b'[{"start":"2026-03-30T00:00:00+02:00","eur":42.1},{"start":1774828800,"eur":-3}]'
    with answering(saying(body)) as url:
        first, second = http_json.connect({"url": url, "value": "eur", "time": "start"}).read(BEFORE, NOW)
    assert (first.value, first.at) == (42.1, datetime(2026, 3, 29, 22, tzinfo=UTC))
    assert (second.value, second.at) == (-3.0, datetime(2026, 3, 30, tzinfo=UTC))


@pytest.mark.parametrize(("body", "status", "told"), [
    (b"<html><body>Maintenance</body></html>", 200, "a page of HTML is answered"),
    (b'{"error":"no"}', 500, "answers 500"),
    (b'{"power":null}', 200, "a number is expected"),
    (b'{"power":"NaN"}', 200, "nan cannot be"),
    (b'{"powers":1}', 200, "holds no 'power'"),
    (b"", 200, "JSON is expected"),
    (b" " * 1_000_001, 200, "more than a megabyte"),
])
def test_f12_a_source_that_answers_wrongly_is_told_in_a_sentence(body, status, told):
    with answering(saying(body, status)) as url, pytest.raises(SourceError, match=told):
        http_json.connect({"url": url, "path": "power"}).read(BEFORE, NOW)


@pytest.mark.parametrize(("url", "words"), [
    ("https://example.org:8443/api/now", "https://example.org:8443/api/now"),
    ("https://me:s3cret@example.org/api?apikey=s3cret", "https://example.org/api?…"),
    ("http://[::1]:80?token=s3cret", "http://[::1]:80?…"),
    ("https://me:s3@cret@example.org/#s3cret", "https://example.org/?…"),
    ("http://me:12/s3cret@example.org/now", "http://…"),
    ("http://me:s3cret/x@example.org/now", "http://…"),
    ("http://me:12?s3cret@example.org/now", "http://…"),
    ("me:s3cret@example.org/now", "example.org/now"),
    ("http://[::1", "http://…"),
    ("", "…"),
])
def test_an_address_is_told_without_what_is_secret_in_it(url, words):
    assert addresses.told(url) == words


@pytest.mark.parametrize(("body", "status", "options"), [
    (b"no", 401, {}), (b"<html>", 200, {}), (b'"abc"', 200, {}), (b"{}", 200, {"value": "v"}), (b"0" * 1_000_001, 200, {}),
    (b"[]", 200, {"path": "0"}), (b'[{"v":1,"t":"hier"}]', 200, {"value": "v", "time": "t"}), (b'[{"v":"x"}]', 200, {"value": "v"}),
])
def test_no_error_tells_a_sources_password_or_key(body, status, options):
    with answering(saying(body, status)) as url:
        source = http_json.connect({"url": f"{url.replace('://', '://me:s3cret@')}now?apikey=s3cret", **options})
        with pytest.raises(SourceError) as error:
            source.read(BEFORE, NOW)
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize("url", ["http://me:s3cret@127.0.0.1:9/now?token=s3cret", "http://me:s3cret/x@127.0.0.1/", "http://[s3cret",
                                 "http://me:x@127.0.0.1:s3cret/"])
def test_an_address_that_cannot_be_asked_is_told_without_its_password(url):
    with pytest.raises(SourceError) as error:
        http_json.connect({"url": url}).read(BEFORE, NOW)
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize("connector", ["http_json", "zabbix"])
def test_an_address_that_is_refused_is_told_without_its_password(connector):
    with pytest.raises(SettingsError, match=r"'ftp://example\.org/\?…' cannot be") as error:
        connectors.opened({"x": {"connector": connector, "url": "ftp://me:s3cret@example.org/?k=s3cret",
                                 **({"item": "x"} if connector == "zabbix" else {})}})
    assert "s3cret" not in str(error.value)


def test_a_token_of_two_lines_is_not_told(tmp_path):
    (tmp_path / "token").write_text("s3cret\ns3cret")
    with answering(saying(b"1")) as url, pytest.raises(SourceError, match="is the address right, and the token one line") as error:
        http_json.connect({"url": url, "token_file": str(tmp_path / "token")}).read(BEFORE, NOW)
    assert "s3cret" not in str(error.value)


def test_json_that_begins_with_a_byte_order_mark_is_json():
    with answering(saying(b'\xef\xbb\xbf{"power":5}')) as url:
        assert http_json.connect({"url": url, "path": "power"}).read(BEFORE, NOW) == (Sampled(5.0),)


def test_f12_a_source_that_does_not_answer_holds_nobody_for_long():
    leaves = threading.Event()
    with answering(lambda request: leaves.wait(20) and None) as url:
        with pytest.raises(SourceError, match="has not answered in time"):
            http_json.connect({"url": url, "timeout_s": 0.2}).read(BEFORE, NOW)
        leaves.set()


def test_a_source_that_is_not_there_is_told():
    with pytest.raises(SourceError, match=r"127\.0\.0\.1"):
        http_json.connect({"url": "http://127.0.0.1:9/"}).read(BEFORE, NOW)


def test_a_token_is_read_from_its_file_and_never_told(tmp_path, caplog):
    caplog.set_level("INFO")
    (tmp_path / "token").write_text("s3cret\n")
    seen = []
    with answering(lambda request: (seen.append(request.headers["Authorization"]), saying(b"no", 401)(request))[1]) as url, \
            pytest.raises(SourceError) as told:
        http_json.connect({"url": url, "token_file": str(tmp_path / "token")}).read(BEFORE, NOW)
    assert seen == ["Bearer s3cret"]
    assert "s3cret" not in str(told.value)
    assert caplog.text == ""      # nor is anything else of what was asked


# -- files ---------------------------------------------------------------------------------------------------------------------


def test_the_rows_of_a_file_are_read_since_the_last_time(tmp_path):
    file = tmp_path / "metha.csv"
    file.write_text("date;puissance_kw\n2026-03-29 12:30;180,5\n2026-03-29 14:00;190\n2026-03-29 14:15;19")
    source = csv_file.connect({"file": str(file), "time": "date", "value": "puissance_kw", "scale": 1000,
                               "timezone": "Europe/Paris"})
    assert [(each.at, each.value) for each in source.read(BEFORE, NOW)] == [(NOW, 190_000.0)]


@pytest.mark.parametrize(("text", "told"), [
    ("a;b\n1;2\n", "no column date, kw"),
    ("date;kw\nhier;2\n", "line 2: 'hier' is not an instant"),
    ("date;kw\n2026-03-29 14:00;beaucoup\n", "line 2: a number is expected"),
])
def test_a_file_that_cannot_be_read_is_told_with_its_line(tmp_path, text, told):
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(SourceError, match=told):
        csv_file.connect({"file": str(tmp_path / "x.csv"), "time": "date", "value": "kw"}).read(BEFORE, NOW)


def test_a_file_that_is_not_there_is_named_whole_with_what_to_do_next(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError) as error:
        csv_file.connect({"file": "x.csv", "time": "date", "value": "kw"}).read(BEFORE, NOW)
    assert str(error.value) == (f"{tmp_path}/x.csv cannot be read: there is no such file; correct `file`, or see to it that it is "
                                "written there")
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(SourceError, match=r"/x\.csv cannot be read: Is a directory; see to it that elfe may read it"):
        csv_file.connect({"file": "x.csv", "time": "date", "value": "kw"}).read(BEFORE, NOW)


# -- registers -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def inverter() -> Iterator[ModbusServer]:
    server = ModbusServer("127.0.0.1", 0, no_block=True)
    server.start()
    yield server
    server.stop()


def port_of(server: ModbusServer) -> int:
    port: int = server._service.server_address[1]
    return port


def test_a_sunspec_inverter_is_read_with_its_power_of_ten(inverter):
    inverter.data_bank.set_holding_registers(40083, [1234, 1])
    source = modbus.connect({"host": "127.0.0.1", "port": port_of(inverter), "register": 40083, "scale_register": 40084})
    assert source.read(BEFORE, NOW)[0].value == 12_340.0


def test_an_inverter_that_sleeps_has_no_value(inverter):
    inverter.data_bank.set_holding_registers(40083, [0x8000])
    with pytest.raises(SourceError, match="has no value now"):
        modbus.connect({"host": "127.0.0.1", "port": port_of(inverter), "register": 40083}).read(BEFORE, NOW)


def test_f12_an_inverter_that_refuses_says_why():
    server = ModbusServer("127.0.0.1", 0, no_block=True, data_bank=DataBank(h_regs_size=10))
    server.start()
    with pytest.raises(SourceError, match=r"illegal data address \(register 40083\)"):
        modbus.connect({"host": "127.0.0.1", "port": port_of(server), "register": 40083}).read(BEFORE, NOW)
    server.stop()


@pytest.mark.parametrize("wrong", [{"register": -1}, {"register": 70_000}, {"unit": 256}, {"port": 70_000}, {"timeout_s": 0.0}])
def test_a_register_that_cannot_be_is_refused_before_anything_is_asked(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}: .* cannot be"):
        modbus.connect({"host": "127.0.0.1", "register": 1} | wrong)


def test_an_inverter_that_is_away_is_told():
    with pytest.raises(SourceError, match="register 1"):
        modbus.connect({"host": "127.0.0.1", "port": 9, "register": 1, "timeout_s": 0.5}).read(BEFORE, NOW)


@pytest.mark.parametrize(("words", "type_", "swapped", "value"), [
    ([0xFFFF], "int16", False, -1.0), ([0xFFFE], "uint16", False, 65534.0), ([1, 0], "uint32", False, 65536.0),
    ([0, 1], "uint32", True, 65536.0), ([0x42F6, 0xE979], "float32", False, 123.456), ([0x7FC0, 0], "float32", False, None),
])
def test_registers_are_numbers(words, type_, swapped, value):
    found = modbus.decoded(words, type_, swapped)
    assert found == (None if value is None else pytest.approx(value, rel=1e-5))


# -- messages, and the sections of the settings ----------------------------------------------------------------------------------


@given(st.binary(max_size=60))
def test_whatever_is_published_is_a_number_or_a_sentence(payload):
    for options in ({"topic": "a/b"}, {"topic": "a/b", "path": "x.0"}, {"topic": "a/b", "path": "x.0", "time": "y"}):
        with suppress(SourceError):
            assert abs(mqtt.connect(options).decode(payload).value) < 1e12


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=3),
                    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.sampled_from("ab01"), each, max_size=3)),
       st.lists(st.sampled_from(["a", "b", 0, 1, 7]), max_size=4))
def test_a_path_leads_somewhere_or_is_refused_in_a_sentence(tree, path):
    with suppress(SourceError):
        follow(tree, steps(".".join(map(str, path))))


def test_f12_what_a_source_cannot_make_is_refused_and_the_rest_counts(tmp_path):
    (tmp_path / "x.csv").write_text("at;kw\n2026-03-29 11:00+00:00;12\n2026-03-29 11:30+00:00;12000\n2026-03-29 12:00+00:00;-7\n")
    section = {"connector": "csv", "file": str(tmp_path / "x.csv"), "time": "at", "value": "kw", "scale": 1000, "peak_w": 20_000}
    [source] = opened({"Prod_solaire": section})
    with pytest.raises(PartlyRead, match=r"1\.2e\+07 W is beyond peak_w, 20000: is `scale` right\?") as told:
        source.connector.read(BEFORE, NOW)
    assert [each.value for each in told.value.read] == [12_000.0, -7000.0]
    [heard] = opened({"Prod_eolienne": {"connector": "mqtt", "topic": "parc/p", "peak_w": 20_000}})
    assert (heard.connector.topics, heard.connector.decode(b"20000")) == (("parc/p",), Sampled(20_000.0))
    with pytest.raises(SourceError, match="beyond peak_w"):
        heard.connector.decode(b"-20001")


@pytest.mark.parametrize("wrong", [{"peak_w": 0}, {"peak_w": "9 MW"}, {"peak_w": 5, "kind": "price"}])
def test_a_peak_that_cannot_be_is_refused(wrong):
    with pytest.raises(SettingsError, match=r"peak_w: .* cannot be"):
        opened({"Prod_eolienne": {"connector": "mqtt", "topic": "parc/p"} | wrong})


def test_everything_wrong_in_the_settings_is_told_at_once():
    with pytest.raises(SettingsError) as told:
        connectors.opened({
            "A": {"connector": "carrier_pigeon"}, "B": {"connector": "mqtt", "topic": "a/#"},
            "C": {"connector": "http_json", "url": "ftp://x"}, "D": {"connector": "csv", "file": "x", "kind": "mood"},
            "E": {"connector": "http_json", "url": "http://x", "speed": 1}, "F": "mqtt", "G": {"connector": "modbus"},
            "H": {"connector": "csv", "file": "x", "time": "t", "value": "v", "timezone": "Paris"},
        })
    lines = str(told.value).splitlines()
    assert [line.partition("]")[0] for line in lines] == [f"[sources.{name}" for name in "ABCDEFGH"]
    assert "csv, http_json, modbus, mqtt" in lines[0]
    assert "unknown speed (known: url, path" in lines[4]


def test_every_example_of_a_connectors_page_opens(tmp_path):
    import tomllib

    for module in (mqtt, http_json, csv_file, modbus):
        text = "\n".join(line[4:] for line in (module.__doc__ or "").splitlines() if line.startswith("    "))
        assert connectors.opened(tomllib.loads(text)["sources"])




# -- the weather --------------------------------------------------------------------------------------------------------------


def hourly(count: int = 6, **changed: object) -> bytes:
    begins = int(NOON_S) - 2 * 3600
    answer = {"time": [begins + 3600 * n for n in range(count)], "temperature_2m": [10.0 + n for n in range(count)],
              "shortwave_radiation": [100 * n for n in range(count)], "wind_speed_10m": [3.0] * count}
    return json.dumps({"hourly": answer | changed}).encode()


NOON_S = NOW.timestamp()


def test_an_hours_sun_is_the_one_that_is_told_at_its_end():
    with answering(saying(hourly())) as url:
        hours = open_meteo.connect({"latitude": 47.65, "longitude": -2.08, "url": url}).read(BEFORE, NOW)
    assert [(each.at.hour, each.temperature_c, each.radiation_w_m2, each.wind_m_s) for each in hours] == [
        (10, 10.0, 100, 3.0), (11, 11.0, 200, 3.0), (12, 12.0, 300, 3.0), (13, 13.0, 400, 3.0), (14, 14.0, 500, 3.0)]


def test_the_past_is_asked_for_as_far_as_it_is_wanted():
    asked = []

    def reply(request):
        asked.append(request.path)
        saying(hourly())(request)

    with answering(reply) as url:
        source = open_meteo.connect({"latitude": 47.65, "longitude": -2.08, "url": url})
        for days in (0, 58, 400):
            source.read(NOW - timedelta(days=days), NOW)
    assert [path.partition("past_days=")[2].partition("&")[0] for path in asked] == ["1", "59", "92"]
    assert all("wind_speed_unit=ms" in path and "timeformat=unixtime" in path for path in asked)


@pytest.mark.parametrize(("body", "status", "told"), [
    (b"<html><body>Maintenance</body></html>", 200, "a page of HTML is answered"),
    (b'{"error":true,"reason":"no"}', 400, "answers 400"),
    (b'{"hourly":{"time":[1,2]}}', 200, "hours of temperature_2m"),
    (b"[]", 200, "hours of temperature_2m"),
    (hourly(temperature_2m=[None] * 6), 200, "6 of 6 hours are empty or cannot be"),
    (hourly(wind_speed_10m=[1e9] * 6), 200, "6 of 6 hours are empty or cannot be"),
])
def test_f12_a_weather_that_cannot_be_is_told_in_a_sentence_without_its_key(body, status, told, tmp_path):
    (tmp_path / "key").write_text("s3cr3t")
    with answering(saying(body, status)) as url, pytest.raises(SourceError, match=told) as error:
        open_meteo.connect({"latitude": 47, "longitude": -2, "url": url, "token_file": f"{tmp_path}/key"}).read(BEFORE, NOW)
    assert "s3cr3t" not in str(error.value)


def test_hours_that_are_not_whole_are_left_out():
    with answering(saying(hourly(temperature_2m=[10.0, None, 12.0, "13", 14.0, 15.0]))) as url:
        hours = open_meteo.connect({"latitude": 47, "longitude": -2, "url": url}).read(BEFORE - timedelta(hours=3), NOW)
    assert [each.temperature_c for each in hours] == [10.0, 12.0, 14.0]


def test_the_weather_is_asked_every_three_hours_and_is_nothing_else():
    source, = connectors.opened({"meteo": {"connector": "open_meteo", "latitude": 47, "longitude": -2}})
    assert (source.kind, source.every_s) == ("weather", 10_800)
    with pytest.raises(SettingsError, match="kind: 'price' cannot be"):
        connectors.opened({"meteo": {"connector": "open_meteo", "kind": "price", "latitude": 47, "longitude": -2}})
    with pytest.raises(SettingsError, match="latitude: 470 cannot be"):
        connectors.opened({"meteo": {"connector": "open_meteo", "latitude": 470, "longitude": -2}})


@pytest.mark.parametrize(("written", "says"), [
    ({"scale": "1000"}, "scale: '1000' cannot be (accepted: a number, without quotes)"),
    ({"scale": float("nan")}, "scale: nan cannot be"),
    ({"scale": True}, "scale: True cannot be"),
    ({"timeout_s": -1}, "timeout_s: -1 cannot be (accepted: seconds, up to 60)"),
    ({"url": 5}, "url: 5 cannot be (accepted: text, in quotes)"),
])
def test_f12_an_option_of_another_type_is_refused_with_what_is_accepted(written, says):
    with pytest.raises(SettingsError, match=re.escape(says)):
        connectors.opened({"Prod": {"connector": "http_json", "url": "https://example.org", **written}})


def test_f12_an_address_that_is_none_is_told_in_a_sentence():
    with pytest.raises(SourceError, match="http://"):
        http_json.answered("http://[::1")


@pytest.mark.parametrize("begin", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_f12_a_source_that_drips_its_headers_or_its_answer_is_given_up_in_its_time(begin):
    leaves = threading.Event()

    def drip(request: BaseHTTPRequestHandler) -> None:
        with suppress(OSError):
            request.wfile.write(begin)
            while not leaves.wait(0.02):
                request.wfile.write(b"1")

    with answering(drip) as url:
        with pytest.raises(SourceError, match="has not answered in time"):
            http_json.connect({"url": url, "timeout_s": 0.3}).read(BEFORE, NOW)
        leaves.set()


# -- rows ----------------------------------------------------------------------------------------------------------------------


def test_a_row_without_a_number_is_a_gap():
    with answering(saying(b'[{"t":1774828800,"eur":1},{"t":1774832400,"eur":null},{"t":1774836000,"eur":3}]')) as url:
        assert [each.value for each in http_json.connect({"url": url, "value": "eur", "time": "t"}).read(BEFORE, NOW)] == [1.0, 3.0]


def test_f12_a_row_that_cannot_be_read_costs_no_other_and_is_told():
    with answering(saying(b'[{"t":1774828800,"eur":1},{"t":"demain","eur":2},{"eur":3},{"t":1774836000,"eur":4}]')) as url, \
            pytest.raises(PartlyRead, match=r"'demain' is not an instant .* \(2 of 4 rows are") as told:
        http_json.connect({"url": url, "value": "eur", "time": "t"}).read(BEFORE, NOW)
    assert [each.value for each in told.value.read] == [1.0, 4.0]


def test_f12_a_bad_line_of_last_year_does_not_stop_a_file(tmp_path):
    (tmp_path / "x.csv").write_text("date;kw\nTotal;9\n2025-01-01 00:00;n/a\n2026-03-29 12:00+00:00;2\n")
    source = csv_file.connect({"file": str(tmp_path / "x.csv"), "time": "date", "value": "kw"})
    with pytest.raises(PartlyRead, match="line 2: 'Total' is not an instant") as told:
        source.read(BEFORE, NOW)
    assert [each.value for each in told.value.read] == [2.0]


@pytest.mark.parametrize(("value", "scale", "watts"), [
    ("2e12", 0.001, 2e9), (3_000_000_000_000, 1e-6, 3e6), ("1\u202f234,5", 1.0, 1234.5), ("1 234", 1000.0, 1_234_000.0)])
def test_a_number_is_judged_in_watts(value, scale, watts):
    assert number(value, "x", scale) == watts


@pytest.mark.parametrize(("value", "scale"), [(1e9, 1e6), ("9" * 400, 1.0), (10**400, 1.0), ("1e300", 1e300)])
def test_f12_a_number_that_cannot_be_in_watts_is_refused(value, scale):
    with pytest.raises(SourceError, match=r"cannot be|is expected"):
        number(value, "x", scale)


def test_f12_a_scale_register_that_holds_something_else_is_told(inverter):
    inverter.data_bank.set_holding_registers(40083, [1234, 400])
    with pytest.raises(SourceError, match="register 40084 holds no power of ten, 400 was found"):
        modbus.connect({"host": "127.0.0.1", "port": port_of(inverter), "register": 40083, "scale_register": 40084}).read(
            BEFORE, NOW)


def test_a_file_of_a_french_spreadsheet_is_read(tmp_path):
    (tmp_path / "x.csv").write_bytes("sep=;\r\nDate;Énergie (kW)\r\n29/03/2026 13:00;1\xa0180,5\r\n29/03/2026 13:15:30;;\r\n"
                                     "29/03/2026 14:00;190\r\n".encode("cp1252"))
    source = csv_file.connect({"file": str(tmp_path / "x.csv"), "time": "Date", "value": "Énergie (kW)",
                               "timezone": "Europe/Paris"})
    assert [(each.at, each.value) for each in source.read(BEFORE, NOW)] == [(BEFORE, 1180.5), (NOW, 190.0)]


AUTUMN = datetime(2026, 10, 25, tzinfo=UTC)
"""In Paris 2:00 to 3:00 comes twice, from 0:00 and from 1:00 UTC on."""


def _night(tmp_path, clocks: list[str], now: datetime) -> list[str]:
    (tmp_path / "x.csv").write_text("t;v\n" + "".join(f"2026-10-25 {each};1\n" for each in clocks))
    source = csv_file.connect({"file": str(tmp_path / "x.csv"), "time": "t", "value": "v", "timezone": "Europe/Paris"})
    return [f"{each.at.astimezone(UTC):%H:%M}" for each in source.read(AUTUMN - timedelta(hours=2), now)]


QUARTERS = ["01:45", "02:00", "02:15", "02:30", "02:45", "02:00", "02:15", "02:30", "02:45", "03:00"]


@pytest.mark.parametrize("order", [1, -1])
def test_d1_the_hour_that_comes_twice_is_two_hours_of_a_file_in_local_time(tmp_path, order):
    assert _night(tmp_path, QUARTERS[::order], AUTUMN + timedelta(hours=9)) == [
        "23:45", "00:00", "00:15", "00:30", "00:45", "01:00", "01:15", "01:30", "01:45", "02:00"]


@pytest.mark.parametrize(("clocks", "now", "told"), [
    (["01:50", "02:05"], "00:06", ["23:50", "00:05"]),
    (["02:05"], "00:06", ["00:05"]),                        # a file of its newest row alone
    (["02:05"], "01:06", ["01:05"]),
    (["01:50", "02:05"], "01:06", ["23:50", "00:05"]),      # it has stopped; it is not taken for fresh
    (["02:05", "02:35", "02:05"], "01:06", ["00:05", "00:35", "01:05"]),
])
def test_d1_in_the_hour_that_comes_twice_a_row_is_never_to_come(tmp_path, clocks, now, told):
    assert _night(tmp_path, clocks, datetime.fromisoformat(f"2026-10-25T{now}:00+00:00")) == told


def test_d1_a_file_in_local_time_skips_the_hour_that_does_not_come(tmp_path):
    (tmp_path / "x.csv").write_text("t;v\n2026-03-29 01:45;1\n2026-03-29 03:00;2\n")
    source = csv_file.connect({"file": str(tmp_path / "x.csv"), "time": "t", "value": "v", "timezone": "Europe/Paris"})
    first, second = source.read(NOW - timedelta(days=1), NOW)
    assert second.at - first.at == timedelta(minutes=15)
