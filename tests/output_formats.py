"""Every format of output: its file's name, and the format where the name does not say it. A new one is a line here."""

FORMATS = {
    "parquet": ("out.parquet", None),
    "ttree": ("out.root", None),
    "rntuple": ("out.root", "rntuple"),
    "sqlite": ("out.sqlite", None),
}
