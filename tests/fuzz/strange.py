"""Values that nobody means well with: for fields of forms, for JSON, for headers and for paths."""

from hypothesis import strategies as st

TEXTS = (
    "", " ", "\x00", "a\x00b", "\ud800", "\udfff\ud800", "\ufeff", "\u202etxt", "\x1b[31m", "\x7f", "\u0130", "ﬁ",
    "é" * 9, "\r\nSet-Cookie: a=b", "\r\nLocation: https://evil.example/", "'\"--;", "' OR 1=1 --", "{{7*7}}",
    "%s%s%n", "${7*7}", "<script>alert(1)</script>", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd",
    "../../../../etc/passwd", "https://evil.example/", "//evil.example/", "/\\evil.example",
    "https://demo@evil.example", "http://localhost@evil.example", "http://[::1", "http://169.254.169.254/latest",
    "https://%zz", "urn:x", "custom:", "https://a:99999/", "ftp://x/y", "null", "true", "0", "-1", "1e999", "NaN",
    "9" * 40, "99999999999999999999", "2147483648", "0x10", "١٢٣", "plain", "S256", "none", "HS256", "code token",
    "code id_token", "token", "fragment", "form_post", "query.jwt", "jwt", "x" * 255, "x" * 3000, "é" * 3000,
    "\U0010ffff" * 200, "a" * 43, "A" * 129, "[]", "{}", '{"a":', "[" * 500, "=" * 50, "eyJhbGciOiJub25lIn0.e30.",
    "eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0.", "e30.e30.e30", "a.b.c", "....", "a.b.c.d.e",
    "eyJhbGciOiJIUzI1NiIsImtpZCI6IlwidTAwMDAifQ.e30.AAAA", "bnVsbA.bnVsbA.bnVsbA", "MTIz.MTIz.MTIz", "W10.W10.W10",
    "urn:ietf:params:oauth:request_uri:x", "urn:ietf:params:oauth:token-type:access_token", "company:", "company:x",
    "openid openid", "openid  profile", "openid\tprofile", "none login", "consent consent", "urn:id:acr:2fa x",
)  # fmt: skip

texts = st.one_of(
    st.sampled_from(TEXTS),
    st.text(max_size=12),
    st.text(st.characters(categories=["Cs", "Cc", "Cf", "Zl", "Zp", "Co"]), max_size=6),
)
"""Text, with what no database and no encoder takes."""

_scalars = st.one_of(
    texts,
    st.none(),
    st.booleans(),
    st.integers(min_value=-(2**70), max_value=2**70),
    st.floats(allow_nan=False, allow_infinity=False),
)
json_values = st.one_of(
    _scalars,
    st.lists(_scalars, max_size=3),
    st.dictionaries(texts, _scalars, max_size=3),
    st.sampled_from(([[]], {"a": {"b": {"c": [None]}}}, [{"kty": "EC"}], {"keys": []}, {"keys": [{}]}, ["x"] * 300)),
)
"""What JSON can say, where something else is expected."""

CONTENT_TYPES = (
    "", "application/json", "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-16",
    "APPLICATION/X-WWW-FORM-URLENCODED", "multipart/form-data", "multipart/form-data; boundary=x", "text/plain",
    "application/json; charset=latin-1", "application/jwt", "application/xml", "x", ";", "application/jose+json",
)  # fmt: skip
BODIES = (
    b"", b"\x00", b"\xff\xfe", b"%", b"%zz=%", b"&&&&", b"=", b"=&=", b"a" * 20_000, b"a=1&" * 150, b"[]", b"null",
    b"{", b"{}", b'"x"', b"[" * 3000, b'{"a":' * 800, b'{"a": NaN}', b'{"a": 1, "a": 2}', b'\xef\xbb\xbf{"a": 1}',
    b'{"\\ud800": "\\udfff"}', b"--x\r\nContent-Disposition: form-data; name=\"grant_type\"\r\n\r\nx\r\n--x--\r\n",
    b"--x", b"\x1f\x8b\x08\x00", b"1e400", b"9" * 5000,
)  # fmt: skip
SEGMENTS = (
    "%00", "%ff", "%ed%a0%80", "..", "%2e%2e%2f", "%2f", "a" * 2000, "%0d%0aX:y", "x", "-",
    "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "%F0%9F%92%A9",
    "access-token.json", "0", "~", "%25", "%5c", "{x}", "<x>", "*",
)  # fmt: skip
AUTHORIZATIONS = (
    "Basic", "Basic ", "Basic !", "Basic Og==", "Basic eDp5", "Basic //79", "Basic AAAA", "Basic eA==", "basic eDp5",
    "Basic  eDp5", "Basic eDp5, Basic eDp5", "Basic ZGVtby1hY2NvdW50aW5nOg==", "Basic JTAwOiUwMA==",
    "Basic 7aCAOng=", "Bearer", "Bearer ", "Bearer x", "Bearer x y", "Bearer a.b.c", "Bearer \xff", "DPoP", "DPoP x",
    "DPoP a.b.c", "Digest username=x", "Negotiate x", "x", "Bearer " + "a" * 6000, "Basic " + "A" * 6000, "\xe9",
    "Bearer eyJhbGciOiJub25lIn0.e30.",
)  # fmt: skip
HEADERS = {
    "Accept": ("application/jwt", "*/*;q=é", "x" * 500),
    "Accept-Language": ("fr;q=é", "x" * 3000, "fr,en;q=-1", "*;;;"),
    "DPoP": ("x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "x" * 5000, "\xff"),
    "Host": ("evil.example", "localhost:80:80", "[::1", ""),
    "If-Match": ("*", '"x"', "x,,", 'W/"', "\xff"),
    "Idempotency-Key": ("k", "", "\xff", "x" * 300),
    "Origin": ("https://evil.example", "null", "x"),
    "Sec-Fetch-Site": ("cross-site", "x"),
    "User-Agent": ("", "é" * 2000, "\xff"),
    "X-Forwarded-For": ("1.2.3.4, x", "\xff"),
    "X-Forwarded-Host": ("evil.example",),
    "X-SSL-Client-Cert": ("x", "-----BEGIN CERTIFICATE-----", "%2d%2d"),
}
