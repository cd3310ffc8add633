"""The JSON API for orders and the webhooks of channels. Plain views: a body is looked at only when it may be."""
