"""Telling other systems what happened: signed HTTP requests to addresses that users name, from an outbox."""
