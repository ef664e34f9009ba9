"""The cases, one module a subject; importing a module registers its cases."""

import importlib
import pkgutil


def load():
	"""All of them"""
	for module in pkgutil.iter_modules(__path__):
		if module.name != "__main__":
			importlib.import_module(f"{__name__}.{module.name}")
