"""The adapters there are. A module is imported when its adapter is first used: karrio alone costs 40 MB."""

from importlib import import_module

from logistics.carriers.base import CarrierAdapter, Connection

_PATHS = {
    "kuaidi100": "logistics.carriers.kuaidi100.adapter:Kuaidi100Adapter",
    "karrio_ups": "logistics.carriers.karrio_ups.adapter:UpsAdapter",
}

#: Adapters whose carriers push to us, at /hooks/<adapter>/<carrier code>.
PUSHING = ("kuaidi100",)


def adapter_codes() -> list[str]:
    return list(_PATHS)


def adapter_class(code: str) -> type[CarrierAdapter]:
    """The adapter's class. Raises KeyError for a code that no adapter has."""
    module, _, name = _PATHS[code].partition(":")
    found: type[CarrierAdapter] = getattr(import_module(module), name)
    return found


def adapter_for(code: str, connection: Connection) -> CarrierAdapter:
    return adapter_class(code)(connection)
