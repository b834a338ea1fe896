"""Nacha return files: read strictly (all of a file or nothing), understood per entry, matched to payments."""
