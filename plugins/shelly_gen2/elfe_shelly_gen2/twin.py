"""A Plus 1PM that is not there, written from the vendor's documentation of its RPC, notifications and MQTT."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from attrs import define, field

from elfe.devices import MeteredRelay, Publish

METHOD_NOT_FOUND, INVALID_ARGUMENT = 404, -103


@define
class Plus1PmTwin(MeteredRelay):
    """One switch with a meter, behind JSON-RPC. Out of the box it notifies, but publishes no status."""

    root: str = ""
    period: timedelta = timedelta(minutes=1)
    source: str = "init"
    config: dict[str, Any] = field(factory=lambda: {
        "id": 0, "name": None, "in_mode": "follow", "initial_state": "match_input", "auto_on": False,
        "auto_on_delay": 60.0, "auto_off": False, "auto_off_delay": 60.0, "power_limit": 4480, "voltage_limit": 280,
        "current_limit": 16.0})
    mqtt: dict[str, Any] = field(factory=lambda: {
        "enable": True, "rpc_ntf": True, "status_ntf": False, "enable_control": True, "use_client_cert": False})
    publishes_status: bool = False      # `status_ntf` as it was at the last restart

    @property
    def subscriptions(self) -> tuple[str, ...]:
        return (f"{self.root}/rpc", f"{self.root}/command")

    @property
    def last_will(self) -> Publish:
        return Publish(f"{self.root}/online", b"false", retain=True)

    def say_born(self, now: datetime) -> tuple[Publish, ...]:
        born = Publish(f"{self.root}/online", b"true", retain=True)
        return (born, self._notify("NotifyFullStatus", self._status(now), now), *self._publish_status(now))

    def receive(self, topic: str, payload: bytes, now: datetime) -> tuple[Publish, ...]:
        if topic != f"{self.root}/rpc":
            return self._publish_status(now) if payload == b"status_update" else ()
        try:
            request = json.loads(payload)
            method, token, to = request["method"], request["id"], request["src"]
        except (ValueError, KeyError, TypeError):
            return ()      # a frame that names nobody is answered to nobody
        result, more = self._call(method, request.get("params") or {}, now)
        frame = {"id": token, "src": f"shellyplus1pm-{self.root.lower()}", "dst": to, **result}
        return (Publish(f"{to}/rpc", json.dumps(frame).encode()), *more)

    def _call(self, method: str, params: Mapping[str, Any], now: datetime) -> tuple[dict[str, Any], tuple[Publish, ...]]:
        methods: dict[str, Callable[[], tuple[Any, tuple[Publish, ...]]]] = {
            "Switch.Set": lambda: self._set(params, now),
            "Switch.GetStatus": lambda: (self._status(now), ()),
            "Switch.GetConfig": lambda: (self.config, ()),
            "Switch.SetConfig": lambda: self._configure(self.config, params, restart=False),
            "Mqtt.GetConfig": lambda: (self.mqtt, ()),
            "Mqtt.SetConfig": lambda: self._configure(self.mqtt, params, restart=True),
            "Shelly.Reboot": lambda: (None, self.reboot(now)),
        }
        if method not in methods:
            return {"error": {"code": METHOD_NOT_FOUND, "message": f"No handler for {method}"}}, ()
        if params.get("id", 0) != 0:
            return {"error": {"code": INVALID_ARGUMENT, "message": "Argument 'id', value not found!"}}, ()
        result, more = methods[method]()
        return {"result": result}, more

    def _set(self, params: Mapping[str, Any], now: datetime) -> tuple[Any, tuple[Publish, ...]]:
        """What has not changed is not notified: the answer is all that comes."""
        was_on = self.on
        said = self.switch(bool(params["on"]), now, "MQTT")
        return {"was_on": was_on}, said if self.on != was_on else ()

    @staticmethod
    def _configure(config: dict[str, Any], params: Mapping[str, Any],
                   restart: bool) -> tuple[Any, tuple[Publish, ...]]:
        before = dict(config)
        config.update(params.get("config", {}))
        return {"restart_required": restart and config != before}, ()

    def say_state(self, now: datetime, source: str) -> tuple[Publish, ...]:
        self.source = source
        changed = {"id": 0, "output": self.on, "source": source}
        return (self._notify("NotifyStatus", changed, now), *self._publish_status(now))

    def say_measures(self, now: datetime) -> tuple[Publish, ...]:
        whole = self._status(now)
        changed = {name: whole[name] for name in ("id", "aenergy", "apower", "current")}
        return (self._notify("NotifyStatus", changed, now), *self._publish_status(now))

    def timer_after_switching(self) -> timedelta | None:
        name = "auto_off" if self.on else "auto_on"
        return timedelta(seconds=self.config[f"{name}_delay"]) if self.config[name] else None

    def power_up_state(self) -> bool:
        return {"on": True, "off": False}.get(self.config["initial_state"], self.on)

    def reboot(self, now: datetime) -> tuple[Publish, ...]:
        """What was set of `mqtt` is in force from now on."""
        self.publishes_status = self.mqtt["status_ntf"]
        return super().reboot(now)

    def _status(self, now: datetime) -> dict[str, Any]:
        self.meter(now)
        return {
            "id": 0, "source": self.source, "output": self.on, "apower": round(self.power_w, 1), "voltage": 230.4,
            "freq": 50.0, "current": round(self.power_w / 230.4, 3), "pf": 1.0,
            "aenergy": {"total": round(self.energy_wh, 3), "by_minute": [0.0, 0.0, 0.0],
                        "minute_ts": int(now.timestamp()) // 60 * 60},
            "temperature": {"tC": 41.2, "tF": 106.2},
        }

    def _publish_status(self, now: datetime) -> tuple[Publish, ...]:
        if not self.publishes_status:
            return ()
        return (Publish(f"{self.root}/status/switch:0", json.dumps(self._status(now)).encode()),)

    def _notify(self, method: str, switch: Mapping[str, Any], now: datetime) -> Publish:
        frame = {"src": f"shellyplus1pm-{self.root.lower()}", "dst": f"{self.root}/events", "method": method,
                 "params": {"ts": round(now.timestamp(), 2), "switch:0": switch}}
        return Publish(f"{self.root}/events/rpc", json.dumps(frame).encode())
