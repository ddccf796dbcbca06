"""What devices that run Tasmota say and understand. Nous A1T on 12.x unless a line says otherwise."""

import elfe_tasmota as plugin
import pytest

from elfe.devices import (
    Acknowledgement,
    BadPayload,
    Device,
    Fault,
    Firmware,
    LegacyTopics,
    Measure,
    OutputState,
    Presence,
    Quantity,
    Setting,
)

PLUG = Device(id="A123", type_id=112, templates={"topic": "A123", "full_topic": "%prefix%/%topic%/"})
CARD = Device(id="B001", type_id=211, templates={"topic": "B001", "full_topic": "%prefix%/%topic%/"})

STATE = (b'{"Time":"2020-12-27T12:36:09","Uptime":"5T14:15:34","UptimeSec":483334,"Heap":26,"SleepMode":"Dynamic","Sleep":50,'
         b'"LoadAvg":19,"MqttCount":34,"POWER":"OFF","Wifi":{"AP":1,"SSId":"maison","BSSId":"00:00:5E:00:53:00","Channel":1,'
         b'"RSSI":100,"Signal":-44,"LinkCount":9,"Downtime":"0T00:00:19"}}')
ENERGY = (b'"ENERGY":{"TotalStartTime":"2020-12-21T14:57:55","Total":0.001,"Yesterday":0.000,"Today":0.001,"Period":1,"Power":11,'
          b'"ApparentPower":20,"ReactivePower":17,"Factor":0.54,"Voltage":294,"Current":0.068}')
STATE_MEANS = [OutputState(False), Measure(Quantity.SIGNAL, -44.0)]
ENERGY_MEANS = [
    Measure(Quantity.ENERGY, 1.0), Measure(Quantity.ENERGY, 1.0, register="today"), Measure(Quantity.POWER, 11.0),
    Measure(Quantity.APPARENT_POWER, 20.0), Measure(Quantity.REACTIVE_POWER, 17.0), Measure(Quantity.POWER_FACTOR, 0.54),
    Measure(Quantity.VOLTAGE, 294.0), Measure(Quantity.CURRENT, 0.068),
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
    ("stat/A123/RESULT", b'{"PulseTime1":"300 (Active 296)"}', [Setting("PulseTime1", "300")]),        # before 6.7
    ("stat/A123/RESULT", b'{"PulseTime1":{"Set":300,"Remaining":295},"PulseTime2":{"Set":0,"Remaining":0}}',
     [Setting("PulseTime1", "300"), Setting("PulseTime2", "0")]),
    ("stat/A123/RESULT", b'{"PowerDelta":"10 %"}', [Setting("PowerDelta1", "10")]),                     # before 9
    ("stat/A123/RESULT", b'{"StateText1":"OFF"}', [Setting("StateText1", "OFF")]),
    ("stat/A123/RESULT", b'{"SetOption65":"ON"}', [Setting("SetOption65", "ON")]),
    ("stat/A123/RESULT", b'{"EnergyConfig":"Done"}', []),
    ("stat/A123/RESULT", b'{"POWER1":"ON","POWER2":"OFF"}', [OutputState(True), OutputState(False, channel=1)]),
    ("stat/A123/POWER", b"", []),                                                                      # PowerRetain 0 clears it
    ("stat/A123/POWER", b'{"POWER":"OFF"}', [OutputState(False)]),                                     # SetOption4 1
    ("stat/A123/STATE", STATE, STATE_MEANS),                                                           # SetOption4 1
    ("stat/A123/STATUS2", b'{"StatusFWR":{"Version":"12.1.1(tasmota)","BuildDateTime":"2022-08-25T11:35:43","Boot":31}}',
     [Firmware("12.1.1(tasmota)")]),
    ("tele/A123/INFO1", b'{"Info1":{"Module":"NOUS A1T","Version":"12.1.1(tasmota)","FallbackTopic":"cmnd/DVES_AABBCC_fb/"}}',
     [Firmware("12.1.1(tasmota)")]),
    ("tele/wemos2/INFO1", b'{"Module":"Generic","Version":"7.0.0.3(tasmota)","GroupTopic":"cmnd/sonoffs/"}',
     [Firmware("7.0.0.3(tasmota)")]),
    ("stat/A123/RESULT", b'{"Upgrade":"Version 12.1.1 from http://ota.tasmota.com/tasmota/release/tasmota.bin.gz"}', []),
    ("stat/A123/UPGRADE", b'{"Upgrade":"Successful. Restarting"}', []),
    ("stat/A123/UPGRADE", b'{"Upgrade":"Failed Wrong HTTP code"}', [Fault("upgrade Failed Wrong HTTP code")]),
    ("stat/A123/POWER", b"ON", [OutputState(True)]),
    ("stat/A123/POWER", b"OFF", [OutputState(False)]),
    ("stat/A123/POWER2", b"ON", [OutputState(True, channel=1)]),
    ("tele/A123/STATE", STATE, STATE_MEANS),
    ("stat/A123/STATUS11", b'{"StatusSTS":' + STATE + b"}", STATE_MEANS),
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
     [*(Measure(Quantity.ENERGY, hours, register=phase) for phase, hours in (("a", 1200.0), ("b", 3400.0), ("c", 400.0))),
      Measure(Quantity.ENERGY, pytest.approx(5000.0)),
      *(Measure(Quantity.POWER, watts, register=phase) for phase, watts in (("a", 100.0), ("b", 200.0), ("c", 300.0))),
      Measure(Quantity.POWER, 600.0),
      *(Measure(Quantity.VOLTAGE, volts, register=phase) for phase, volts in (("a", 230.0), ("b", 231.0), ("c", 229.0))),
      *(Measure(Quantity.POWER_FACTOR, factor, register=phase) for phase, factor in (("a", 0.9), ("b", 0.8), ("c", 0.7)))]),
    ("tele/A123/SENSOR", b'{"Time":"1970-01-01T00:00:07","ENERGY":{"Power":"00011","Voltage":"230 V","Total":"0.5 kWh"}}',
     [Measure(Quantity.POWER, 11.0), Measure(Quantity.VOLTAGE, 230.0), Measure(Quantity.ENERGY, 500.0)]),
    ("tele/A123/SENSOR", b'{"Time":"not a time at all","ENERGY":{"Total":-0.25}}', [Measure(Quantity.ENERGY, -250.0)]),
    ("tele/A123/SENSOR", b'{"ENERGY":{"Total":3.0,"ExportActive":1.5,"Frequency":50}}',
     [Measure(Quantity.ENERGY, 3000.0), Measure(Quantity.ENERGY, 1500.0, register="returned"), Measure(Quantity.FREQUENCY, 50.0)]),
    ("stat/A123/STATUS8", b'{"StatusSNS":{"Time":"2018-02-16T16:18:49","Temperature":77,"Humidity":83,"Light":10,"TempUnit":"F"}}',
     [Measure(Quantity.TEMPERATURE, pytest.approx(25.0)), Measure(Quantity.HUMIDITY, 83.0)]),           # Sonoff SC
    ("tele/A123/SENSOR", b'{"Switch1":"ON","ENERGY":{"Today":0.0}}', [Measure(Quantity.ENERGY, 0.0, register="today")]),
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
     [Measure(Quantity.ENERGY, 9098245.0), Measure(Quantity.ENERGY, pytest.approx(2275560.0), register="today"),
      Measure(Quantity.POWER, 170.0), Measure(Quantity.CURRENT, 1.0), *HISTORIQUE_MEANS,
      Measure(Quantity.TEMPERATURE, 36.1, register="internal")]),
    (b"{" + HISTORIQUE + b"}", HISTORIQUE_MEANS),                                       # EnergyConfig Full
    (b'{"TIC":{"PAPP":160}}', [Measure(Quantity.APPARENT_POWER, 160.0)]),               # EnergyConfig Changed
    (b'{"TIC":{"BASE":"000000104","PTEC":"TH.."}}', [Measure(Quantity.ENERGY, 104.0, register="BASE")]),
    (b'{"TIC":{"IINST1":1,"IINST2":2,"IINST3":3,"PAPP":1380}}',
     [*(Measure(Quantity.CURRENT, amperes, register=phase) for phase, amperes in (("a", 1.0), ("b", 2.0), ("c", 3.0))),
      Measure(Quantity.APPARENT_POWER, 1380.0)]),
    (b'{"TIC":{}}', []),
    (b'{"TIC":{"PAPP":"00170VA","IINST":"001","HCHC":"000920750 Wh"}}',
     [Measure(Quantity.APPARENT_POWER, 170.0), Measure(Quantity.CURRENT, 1.0),
      Measure(Quantity.ENERGY, 920750.0, register="HCHC")]),
    (STANDARD, STANDARD_MEANS),
]

REFUSED = [
    ("stat/A123/POWER", b"on"), ("stat/A123/POWER", b"AN"), ("stat/A123/POWER", b"\x00"),
    ("stat/A123/RESULT", b""), ("stat/A123/RESULT", b"ON"), ("stat/A123/RESULT", b'{"POWER":1}'),
    ("stat/A123/RESULT", b'{"PulseTime1":{"Set":null}}'), ("stat/A123/RESULT", b'\xef\xbb\xbf{"POWER":"ON"}'),
    ("tele/A123/STATE", b'{"POWER":null}'), ("tele/A123/SENSOR", b'{"ENERGY":null}'), ("tele/A123/SENSOR", b'{"ENERGY":[]}'),
    ("tele/A123/SENSOR", b'{"ENERGY":{"Power":NaN}}'), ("tele/A123/SENSOR", b'{"ENERGY":{"Power":"eleven"}}'),
    ("tele/A123/SENSOR", b'{"ENERGY":{"Power":"11 V"}}'), ("tele/A123/SENSOR", b'{"ENERGY":{"Power":true}}'),
    ("tele/A123/STATE", b'{"POWER":"AN"}'), ("stat/A123/RESULT", b'{"PowerOnState":true}'),
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


@pytest.mark.parametrize("name", ["StatusSNS", "StatusSTS", "ENERGY", "TIC", "Wifi", "POWER", "DS18B20"])
@pytest.mark.parametrize("depth", [1, 2, 3, 90, 900, 5000])
def test_however_deep_a_message_nests_it_is_read_or_refused(name, depth):
    payload = f'{{"{name}":'.encode() * depth + b"{}" + b"}" * depth
    try:
        assert plugin.decode_message(PLUG, "tele/A123/SENSOR", payload) == ()
    except BadPayload:
        assert name == "POWER" or depth > 90


@pytest.mark.parametrize(("payload", "presence"), [(b"Online", Presence.ONLINE), (b"Offline", Presence.OFFLINE)])
def test_its_presence(payload, presence):
    assert plugin.parse_lwt(PLUG, payload) is presence


@pytest.mark.parametrize("payload", [b"online", b"true", b""])
def test_a_presence_in_another_familys_words_is_refused(payload):
    with pytest.raises(BadPayload):
        plugin.parse_lwt(PLUG, payload)


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


# -- over its web page ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "body", "meaning"), [
    ("/cm?cmnd=Status%202", b'{"StatusFWR":{"Version":"12.1.1(tasmota)"}}',
     [Acknowledgement("Status", ok=True), Firmware("12.1.1(tasmota)")]),
    ("/cm?cmnd=Power", b'{"POWER":"ON"}', [Acknowledgement("Power", ok=True), OutputState(True)]),
    ("/cm?cmnd=Status%206", b'{"StatusMQT":{"MqttHost":"10.0.0.2","MqttPort":1883,"MqttUser":"A123","MqttCount":1}}',
     [Acknowledgement("Status", ok=True), Setting("MqttHost", "10.0.0.2"), Setting("MqttPort", "1883"),
      Setting("MqttUser", "A123")]),
    ("/cm?cmnd=Pover", b'{"Command":"Unknown"}', [Acknowledgement("Pover", ok=False, detail="Unknown")]),
    ("/cm?cmnd=Backlog%20MqttPassword%20s3cret", b'{"WARNING":"Need user=<username>&password=<password>"}',
     [Acknowledgement("Backlog", ok=False, detail="Need user=<username>&password=<password>")]),
    ("/cm", b"{}", [Acknowledgement("", ok=True)]),
])
def test_what_its_web_page_answers(path, body, meaning):
    assert list(plugin.decode_http(PLUG, path, body)) == meaning


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"[]"])
def test_what_is_no_answer_is_refused(body):
    with pytest.raises(BadPayload):
        plugin.decode_http(PLUG, "/cm?cmnd=Power", body)
