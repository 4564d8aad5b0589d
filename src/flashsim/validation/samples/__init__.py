"""Where the two samples come from: files, or a release beside its reference; read in blocks of whole events."""
