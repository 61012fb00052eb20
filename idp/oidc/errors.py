"""Protocol errors, for those above who have to answer or recognise them; Authlib stays behind this floor."""

from authlib.oauth2 import OAuth2Error as ProtocolError
from authlib.oauth2.rfc6749 import InvalidRequestError as InvalidRequest

__all__ = ["InvalidRequest", "ProtocolError"]
