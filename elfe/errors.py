"""The one tree of errors.

    ElfeError
    ├── SetupError             a mistake in our set-up: the program says what to change and does not start (exit 78)
    │   ├── SettingsError      in elfe.toml or the environment
    │   ├── PluginError        a plugin is misspelt, or claims what another one claims
    │   └── SchemaError        a database that is not there, or is not the one we know
    ├── BrokerError            the broker refuses what its administrator asks, or does not answer
    ├── CommandRefused         a command by hand that may not be given
    ├── DriverDefect           a driver raised what it must not: what it was asked is not done, the others go on
    ├── InventoryError         lines of an inventory that cannot be provisioned, all of them at once
    ├── LifecycleError         a replacement, adoption, move or departure that cannot be done
    ├── VisitError             a visit that cannot go on, in French, for the installer
    ├── HistoryAway            the history cannot be reached: readings wait
    │   └── HistoryRefuses     it answers, and does not want to
    ├── SourceError            a source of numbers that cannot be read
    ├── DeclarationError       a declaration that cannot be taken, with what would be accepted
    └── PlanError              a plan that breaks a promise, whoever made it
    BadPayload (a ValueError)  what a device said cannot be read: counted, never fatal; see elfe.devices
"""


class ElfeError(Exception):
    """Whatever elfe refuses, with a sentence that says what to change."""


class SetupError(ElfeError):
    """A mistake in our set-up: nothing starts."""


class SettingsError(SetupError):
    """A key or a value of the settings that cannot be used."""


class PluginError(SetupError):
    """A plugin that cannot be trusted with its device types."""


class SchemaError(SetupError):
    """A database that is not there, or is not the one we know."""


class BrokerError(ElfeError):
    """The broker refuses what its administrator asks, or does not answer."""


class CommandRefused(ElfeError):
    """A command by hand that may not be given, with the reason."""


class DriverDefect(ElfeError):
    """A driver raised what it must not, or answered what is no answer."""


class InventoryError(ElfeError):
    """Lines of an inventory that cannot be provisioned."""


class LifecycleError(ElfeError):
    """A replacement, an adoption, a move or a departure that cannot be done."""


class VisitError(ElfeError):
    """A visit that cannot begin or go on."""


class DeclarationError(ElfeError):
    """A declaration that cannot be taken."""


class HistoryAway(ElfeError):
    """The history cannot be reached, or refuses what it is asked; readings wait."""


class HistoryRefuses(HistoryAway):
    """The history answers, and refuses what it is asked."""


class SourceError(ElfeError):
    """A source of numbers that cannot be read, or whose answer cannot be."""


class PlanError(ElfeError):
    """A plan that breaks a promise."""
