"""What both sample products share: an ordinary OpenID Connect client on Flask and Authlib.

Read in this order: app (how the parts are joined), sign_in (the authorization code flow), tokens (what must be
checked), permissions (who sees what), logout (how a session ends), events (how a change is felt at once), api (the same
rules for programs).
"""
