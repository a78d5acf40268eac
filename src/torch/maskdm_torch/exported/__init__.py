"""Modules that `maskdm export` writes: each becomes one file together with what it imports of this package
(src/trainer/export/pythonModule.ts)."""
