"""The names of the grant types, and who may register which."""

AUTHORIZATION_CODE = "authorization_code"
REFRESH_TOKEN = "refresh_token"
CLIENT_CREDENTIALS = "client_credentials"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"

GRANT_TYPES = (AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS, DEVICE_CODE, TOKEN_EXCHANGE, JWT_BEARER)
FOR_CONFIDENTIAL = (CLIENT_CREDENTIALS, TOKEN_EXCHANGE, JWT_BEARER)
"""Those for which a client has to prove who it is."""
FOR_TRUSTED = (TOKEN_EXCHANGE,)
"""Those that only our own products have, as an operator registers them."""
