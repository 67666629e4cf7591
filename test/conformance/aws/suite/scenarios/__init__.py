"""The calls, service by service. A scenario is a function of an Account; it
runs against each server, and its steps are compared by name."""

import importlib
import pkgutil


def load():
    """All scenarios, by the module's and the function's name."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        m = importlib.import_module(f"{__name__}.{module.name}")
        for name, f in vars(m).items():
            if getattr(f, "is_scenario", False):
                found[f"{module.name}.{name}"] = f
    return found


def scenario(f):
    f.is_scenario = True
    return f
