"""The words that generators draw from; data only."""
