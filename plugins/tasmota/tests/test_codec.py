"""What devices that run Tasmota say and understand. Nous A1T on 12.x unless a line says otherwise."""

from datetime import UTC, datetime, timedelta

import elfe_tasmota as plugin
import pytest

from elfe.devices import (
    BadPayload,
    Device,
    Encoded,
    LegacyTopics,
    Measure,
    OutputState,
    Presence,
    Publish,
    Quantity,
    Query,
    Setting,
    Switch,
)

PLUG = Device(id="A123", type_id=112, templates={"topic": "A123", "full_topic": "%prefix%/%topic%/"})
CARD = Device(id="B001", type_id=211, templates={"topic": "B001", "full_topic": "%prefix%/%topic%/"})
NOON = datetime(2024, 10, 11, 12, tzinfo=UTC)

STATE = (b'{"Time":"2020-12-27T12:36:09","Uptime":"5T14:15:34","UptimeSec":483334,"Heap":26,"SleepMode":"Dynamic","Sleep":50,'
         b'"LoadAvg":19,"MqttCount":34,"POWER":"OFF","Wifi":{"AP":1,"SSId":"maison","BSSId":"00:00:5E:00:53:00","Channel":1,'
         b'"RSSI":100,"Signal":-44,"LinkCount":9,"Downtime":"0T00:00:19"}}')
ENERGY = (b'"ENERGY":{"TotalStartTime":"2020-12-21T14:57:55","Total":0.001,"Yesterday":0.000,"Today":0.001,"Period":1,"Power":11,'
          b'"ApparentPower":20,"ReactivePower":17,"Factor":0.54,"Voltage":294,"Current":0.068}')
ENERGY_MEANS = [
    Measure(Quantity.POWER, 11.0), Measure(Quantity.ENERGY, 1.0), Measure(Quantity.APPARENT_POWER, 20.0),
    Measure(Quantity.REACTIVE_POWER, 17.0), Measure(Quantity.POWER_FACTOR, 0.54), Measure(Quantity.VOLTAGE, 294.0),
    Measure(Quantity.CURRENT, 0.068),
]
THREE_PHASES = (b'{"ENERGY":{"Total":[1.2,3.4,0.4],"Power":[100,200,300],"Voltage":[230,231,229],"Factor":[0.9,0.8,0.7]}}')
HISTORIQUE = (b'"TIC":{"ADCO":"021528603314","OPTARIF":"HC..","ISOUSC":15,"HCHC":920750,"HCHP":2275560,"PTEC":"HP..","IINST":1,'
              b'"IMAX":2,"PAPP":170,"HHPHC":"A","MOTDETAT":0}')
HISTORIQUE_MEANS = [
    Measure(Quantity.ENERGY, 920750.0, register="HCHC"), Measure(Quantity.ENERGY, 2275560.0, register="HCHP"),
    Measure(Quantity.CURRENT, 1.0), Measure(Quantity.APPARENT_POWER, 170.0),
]
STANDARD = (b'{"TIC":{"ADSC":"031664001115","VTIC":"02","DATE":"E170915101601","NGTF":"H PLEINE/CREUSE","LTARF":"HEURE CREUSE",'
            b'"EAST":"000012345","EASF01":"000012000","EASF02":"000000345","EASD01":"000012345","EAIT":"000000007","IRMS1":"003",'
            b'"URMS1":"230","PREF":"06","PCOUP":"06","SINSTS":"00710","SINSTI":"00000","SMAXSN":"01230","CCASN":"00690",'
            b'"UMOY1":"230","STGE":"000A4411","MSG1":"PAS DE          MESSAGE","PRM":"00000000000000","RELAIS":"000"}}')
STANDARD_MEANS = [
    *(Measure(Quantity.ENERGY, figure, register=label) for label, figure in (
        ("EAST", 12345.0), ("EASF01", 12000.0), ("EASF02", 345.0), ("EASD01", 12345.0), ("EAIT", 7.0))),
    Measure(Quantity.CURRENT, 3.0, register="a"), Measure(Quantity.VOLTAGE, 230.0, register="a"),
    Measure(Quantity.APPARENT_POWER, 710.0), Measure(Quantity.APPARENT_POWER, 0.0, register="SINSTI"),
]

SAID = [
    ("stat/A123/RESULT", b'{"POWER":"ON"}', [OutputState(True)]),
    ("stat/A123/RESULT", b'{"POWER1":"OFF"}', [OutputState(False)]),
    ("stat/A123/RESULT", b'{"POWER2":"ON"}', [OutputState(True, channel=1)]),
    ("stat/A123/RESULT", b'{"Command":"Unknown"}', []),
    ("stat/A123/RESULT", b'{"TelePeriod":30}', [Setting("TelePeriod", "30")]),
    ("stat/A123/RESULT", b'{"PowerOnState":5}', [Setting("PowerOnState", "5")]),
    ("stat/A123/RESULT", b'{"PowerRetain":"OFF"}', [Setting("PowerRetain", "OFF")]),
    ("stat/A123/RESULT", b'{"PowerDelta1":110}', [Setting("PowerDelta1", "110")]),
    ("stat/A123/RESULT", b'{"PulseTime1":{"Set":2100,"Remaining":1999}}', [Setting("PulseTime1", "2100")]),
    ("stat/A123/POWER", b"ON", [OutputState(True)]),
    ("stat/A123/POWER", b"OFF", [OutputState(False)]),
    ("stat/A123/POWER2", b"ON", [OutputState(True, channel=1)]),
    ("tele/A123/STATE", STATE, [OutputState(False)]),
    ("stat/A123/STATUS11", b'{"StatusSTS":' + STATE + b"}", [OutputState(False)]),
    ("tele/A123/SENSOR", b'{"Time":"2020-12-27T13:11:09",' + ENERGY + b"}", ENERGY_MEANS),
    ("stat/A123/STATUS8", b'{"StatusSNS":{"Time":"2020-12-27T13:11:09",' + ENERGY + b"}}", ENERGY_MEANS),
    ("stat/A123/STATUS10", b'{"StatusSNS":{' + ENERGY + b'},"StatusSTS":{"POWER":"ON"}}', [*ENERGY_MEANS, OutputState(True)]),
    ("stat/A123/STATUS10", b'{"StatusSNS":{"ENERGY":{"TotalTariff":[5.6,7.8]}}}', []),
    ("stat/A123/STATUS", b'{"Status":{"Module":0,"Power":"1","PowerOnState":3,"PowerRetain":0}}', []),
    ("stat/A123/STATUS3", b'{"StatusLOG":{"SerialLog":2,"TelePeriod":300}}', []),
    ("tele/A123/SENSOR", b'{"ENERGY":{"Total":1.2,"TotalStartTime":"2018-11-23T15:33:47"}}', [Measure(Quantity.ENERGY, 1200.0)]),
    ("tele/A123/SENSOR", b'{"ENERGY":{"Total":{"Phase1":1.5, "Phase2":3.5}}}',
     [Measure(Quantity.ENERGY, 1500.0, register="a"), Measure(Quantity.ENERGY, 3500.0, register="b"),
      Measure(Quantity.ENERGY, 5000.0)]),
    ("tele/A123/SENSOR", b'{"ENERGY":{"Power":null,"Voltage":231}}', [Measure(Quantity.VOLTAGE, 231.0)]),
    ("tele/A123/SENSOR", THREE_PHASES,
     [*(Measure(Quantity.POWER, watts, register=phase) for phase, watts in (("a", 100.0), ("b", 200.0), ("c", 300.0))),
      Measure(Quantity.POWER, 600.0),
      *(Measure(Quantity.ENERGY, hours, register=phase) for phase, hours in (("a", 1200.0), ("b", 3400.0), ("c", 400.0))),
      Measure(Quantity.ENERGY, pytest.approx(5000.0)),
      *(Measure(Quantity.POWER_FACTOR, factor, register=phase) for phase, factor in (("a", 0.9), ("b", 0.8), ("c", 0.7))),
      *(Measure(Quantity.VOLTAGE, volts, register=phase) for phase, volts in (("a", 230.0), ("b", 231.0), ("c", 229.0)))]),
    ("tele/A123/SENSOR", b'{"DS18B20":{"Id":"01191ED79190","Temperature":12.3},"TempUnit":"C"}',
     [Measure(Quantity.TEMPERATURE, 12.3, register="DS18B20")]),
    ("tele/A123/SENSOR", b'{"DS18B20-1":{"Id":"0119","Temperature":53.6},'
                         b'"AM2301":{"Temperature":null,"Humidity":40},"TempUnit":"F"}',
     [Measure(Quantity.TEMPERATURE, pytest.approx(12.0), register="DS18B20-1"),
      Measure(Quantity.HUMIDITY, 40.0, register="AM2301")]),
    ("tele/A123/SENSOR", b'{"ESP32":{"Temperature":36.1},"TempUnit":"C"}',
     [Measure(Quantity.TEMPERATURE, 36.1, register="internal")]),
    ("tele/A123/SENSOR", b'{"ANALOG":{"CTEnergy1":{"Energy":0.5,"Power":2300,"Voltage":230,"Current":10}}}', []),
]

TIC = [      # the vendor's own lines for historique; labels of the network operator's reference frame for standard
    (b'{"Time":"2021-10-26T17:28:45","ENERGY":{"TotalStartTime":"2021-10-25T15:22:04","Total":9098.245,"Yesterday":6822.685,'
     b'"Today":2275.560,"Period": 9,"Power":170,"Current":1.000,"Load":6},' + HISTORIQUE +
     b',"ESP32":{"Temperature":36.1},"TempUnit":"C"}',
     [Measure(Quantity.POWER, 170.0), Measure(Quantity.ENERGY, 9098245.0), Measure(Quantity.CURRENT, 1.0),
      *HISTORIQUE_MEANS, Measure(Quantity.TEMPERATURE, 36.1, register="internal")]),
    (b"{" + HISTORIQUE + b"}", HISTORIQUE_MEANS),                                       # EnergyConfig Full
    (b'{"TIC":{"PAPP":160}}', [Measure(Quantity.APPARENT_POWER, 160.0)]),               # EnergyConfig Changed
    (b'{"TIC":{"BASE":"000000104","PTEC":"TH.."}}', [Measure(Quantity.ENERGY, 104.0, register="BASE")]),
    (b'{"TIC":{"IINST1":1,"IINST2":2,"IINST3":3,"PAPP":1380}}',
     [*(Measure(Quantity.CURRENT, amperes, register=phase) for phase, amperes in (("a", 1.0), ("b", 2.0), ("c", 3.0))),
      Measure(Quantity.APPARENT_POWER, 1380.0)]),
    (b'{"TIC":{}}', []),
    (STANDARD, STANDARD_MEANS),
]

REFUSED = [
    ("stat/A123/POWER", b"on"), ("stat/A123/POWER", b""), ("stat/A123/POWER", b"\x00"),
    ("stat/A123/RESULT", b""), ("stat/A123/RESULT", b"ON"), ("stat/A123/RESULT", b'{"POWER":1}'),
    ("stat/A123/RESULT", b'{"PulseTime1":{"Set":null}}'), ("stat/A123/RESULT", b'\xef\xbb\xbf{"POWER":"ON"}'),
    ("tele/A123/STATE", b'{"POWER":null}'), ("tele/A123/SENSOR", b'{"ENERGY":null}'), ("tele/A123/SENSOR", b'{"ENERGY":[]}'),
    ("tele/A123/SENSOR", b'{"ENERGY":{"Power":NaN}}'), ("tele/A123/SENSOR", b'{"ENERGY":{"Power":"11"}}'),
    ("tele/A123/SENSOR", b'{"ENERGY":{"Power":[1,null]}}'), ("tele/A123/SENSOR", b'{"ENERGY":{"Total":1e308}}'),
    ("tele/A123/SENSOR", b'{"TIC":{"BASE":"-"}}'), ("tele/A123/SENSOR", b'{"TIC":{"PAPP":"inf"}}'),
    ("tele/A123/SENSOR", b'{"StatusSNS":3}'), ("tele/A123/SENSOR", b"[" * 10_000), ("tele/A123/SENSOR", b"x" * 70_000),
]

COLUMNS = [
    (LegacyTopics("stat/A110/RESULT", "cmnd/A110/POWER", "tele/A110/LWT"), "A110", "%prefix%/%topic%/", 0),
    (LegacyTopics("tele/A110", "cmd/A110", "tele/A115/LWT"), "A110", "%prefix%/%topic%/", 0),      # the old tables' examples
    (LegacyTopics("tele/B008/SENSOR", "", ""), "B008", "%prefix%/%topic%/", 0),
    (LegacyTopics("", "cmnd/B008/POWER2/", ""), "B008", "%prefix%/%topic%/", 1),
    (LegacyTopics("", "cofybox/box7/cmnd/A110/POWER", ""), "A110", "cofybox/box7/%prefix%/%topic%/", 0),
    (LegacyTopics("xky/X001/tele/SENSOR", "", "xky/X001/tele/LWT"), "X001", "xky/%topic%/%prefix%/", 0),
    (LegacyTopics("xky/X001/stat/RESULT", "xky/X001/cmnd/POWER", ""), "X001", "xky/%topic%/%prefix%/", 0),
    (LegacyTopics("", "?", "/tele/A110/LWT"), "A110", "%prefix%/%topic%/", 0),
]


@pytest.mark.parametrize(("topic", "payload", "meaning"), SAID)
def test_what_a_device_says(topic, payload, meaning):
    assert list(plugin.decode_message(PLUG, topic, payload)) == meaning


@pytest.mark.parametrize(("payload", "meaning"), TIC)
def test_what_a_tic_card_says(payload, meaning):
    assert list(plugin.decode_message(CARD, "tele/B001/SENSOR", payload)) == meaning


@pytest.mark.parametrize(("topic", "payload"), REFUSED)
def test_what_no_device_says_is_refused(topic, payload):
    with pytest.raises(BadPayload):
        plugin.decode_message(PLUG, topic, payload)


@pytest.mark.parametrize(("payload", "presence"), [(b"Online", Presence.ONLINE), (b"Offline", Presence.OFFLINE)])
def test_its_presence(payload, presence):
    assert plugin.parse_lwt(PLUG, payload) is presence


@pytest.mark.parametrize("payload", [b"online", b"true", b""])
def test_a_presence_in_another_familys_words_is_refused(payload):
    with pytest.raises(BadPayload):
        plugin.parse_lwt(PLUG, payload)


def test_on_is_said_in_its_own_word_and_proved_by_its_result():
    assert plugin.encode_command(PLUG, Switch(True)) == Encoded(
        (Publish("cmnd/A123/POWER", b"ON"),), expects=OutputState(True), within=timedelta(seconds=5))


def test_an_empty_order_asks_for_the_state():
    publishes = plugin.encode_command(PLUG, Query()).publishes
    assert publishes == (Publish("cmnd/A123/POWER", b""), Publish("cmnd/A123/STATUS", b"8"))


def test_the_prefix_stands_where_the_devices_own_full_topic_has_it():
    device = Device(id="X001", type_id=112, templates={"topic": "X001", "full_topic": "xky/%topic%/%prefix%/"}, channel=1)
    topics = plugin.build_topics(device)
    assert topics.command == "xky/X001/cmnd/POWER2"
    assert {"xky/X001/stat/RESULT", "xky/X001/tele/SENSOR", "xky/X001/tele/LWT"} <= topics.listen.keys()


@pytest.mark.parametrize(("columns", "topic", "full_topic", "channel"), COLUMNS)
def test_a_hand_filled_row_tells_its_topics(columns, topic, full_topic, channel):
    assert plugin.parse_legacy_topics(112, columns) == ({"topic": topic, "full_topic": full_topic}, channel)


@pytest.mark.parametrize("columns", [LegacyTopics("", "", ""), LegacyTopics("D003/status/switch:0", "D003/rpc", "+/tele/#")])
def test_a_row_that_tells_nothing_is_refused_with_what_is_expected(columns):
    with pytest.raises(ValueError, match="expected cmnd/A110/POWER"):
        plugin.parse_legacy_topics(112, columns)


def test_the_power_up_state_is_pushed_before_the_timer_that_it_turns_round():
    names = [step.topic.rpartition("/")[2] for step in plugin.push_config(PLUG, plugin.Settings()).steps]
    assert names == ["TelePeriod", "PowerDelta1", "PowerRetain", "PowerOnState", "PulseTime1"]


@pytest.mark.parametrize(("device", "seconds"), [(PLUG, b"30"), (CARD, b"300")])
def test_each_type_has_its_own_period(device, seconds):
    assert plugin.push_config(device, plugin.Settings()).steps[0].payload == seconds


def test_a_longest_timer_stays_in_the_firmwares_range():
    step = plugin.push_config(PLUG, plugin.Settings(pulse_time_s=64_000)).steps[-1]
    assert 64_100 <= int(step.payload) <= 64_900


def configured():
    twin = plugin.simulate(PLUG, seed=1)
    twin.connected(NOON)
    for step in plugin.push_config(PLUG, plugin.Settings()).steps:
        twin.receive(step.topic, step.payload, NOON)
    return twin


def test_a_repeated_off_holds_the_timer_off():
    twin = configured()
    for minutes in (0, 25, 50):
        twin.receive("cmnd/A123/POWER", b"OFF", NOON + timedelta(minutes=minutes))
    twin.tick(NOON + timedelta(minutes=75))
    assert twin.outputs == {0: False}
    twin.tick(NOON + timedelta(minutes=95))
    assert twin.outputs == {0: True}


def test_after_a_power_cut_it_stays_open_until_its_timer_is_over():
    twin = configured()
    twin.reboot(NOON)
    assert twin.outputs == {0: False}
    twin.tick(NOON + timedelta(minutes=45))
    assert twin.outputs == {0: True}


def test_an_on_before_the_power_up_state_is_inverted_cuts_itself():
    twin = plugin.simulate(PLUG, seed=1)
    twin.connected(NOON)
    twin.receive("cmnd/A123/PulseTime1", b"1900", NOON)
    twin.receive("cmnd/A123/POWER", b"ON", NOON)
    twin.tick(NOON + timedelta(minutes=31))
    assert twin.outputs == {0: False}


def test_a_small_change_of_power_waits_for_the_period():
    twin = configured()
    assert twin.draw(9.0, NOON) == ()
    assert [each.topic for each in twin.draw(11.0, NOON)] == ["tele/A123/STATE", "tele/A123/SENSOR"]
