"""The cases, one module a subject; importing a module registers its cases."""
