"""Health check: `answers.py VARIABLE DEFAULT PATH` asks this container for PATH on the port that VARIABLE names.

Ends with 0 for an answer of 2xx or 3xx within two seconds, with 1 for anything else. It asks directly, whatever proxy
the environment names.
"""

import http.client
import os
import sys


def answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    variable, default, path = sys.argv[1:]
    sys.exit(0 if answers(int(os.environ.get(variable) or default), path) else 1)
