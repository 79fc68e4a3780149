"""Builds the corpus that the judge's models are trained on."""
