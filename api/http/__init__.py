"""The Litestar skin: sessions, identity, problems, throttles, health. Nothing here knows a rule of the
platform.
"""
