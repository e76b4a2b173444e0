"""Programs that measure or prepare inside a process, with the packages of the build whose folder is in PYTHONPATH.

loadtests.builds runs them by their file, so the same program measures both builds. They import only names that both
builds have.
"""
