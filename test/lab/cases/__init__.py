"""The cases, one module a subject; importing a module registers its cases."""

import importlib

MODULES = """servers targets rows packets network link end scale engines boxes probes manners peers
	operators visit""".split()


def load():
	"""All of them, in this order"""
	for name in MODULES:
		importlib.import_module(f"{__name__}.{name}")
