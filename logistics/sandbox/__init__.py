"""A stand-in for the carriers: answers in their wire formats on loopback and moves parcels along on a clock
that can be sped up. It shares no code with the adapters, so that a mistake in one isn't hidden by the other.
"""

# The one account the sandbox knows. These are no secrets: they only open the sandbox.
KUAIDI100_ACCOUNT = {
    "customer": "SANDBOX",
    "key": "sandbox-key",
    "secret": "sandbox-secret",
    "salt": "sandbox-salt",
    "partner_id": "sandbox-partner",
}
UPS_ACCOUNT = {
    "client_id": "sandbox-client",
    "client_secret": "sandbox-secret",
    "account_number": "SBX001",
}
