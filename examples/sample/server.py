"""`python -m examples.accounting`: one product on granian."""

import sys

from granian.constants import Interfaces
from granian.server import Server

from examples.sample.config import ConfigError, from_environment
from examples.sample.product import Product


def serve(product: Product, factory: str) -> int:
    """Run until stopped.

    Args:
        factory: where granian's worker finds the application, as "package.module:function".

    Returns:
        the exit code: 2 when a setting is wrong.
    """
    try:
        config = from_environment(product)
    except ConfigError as error:
        print(f"{product.name.en}: {error}", file=sys.stderr)
        return 2
    print(f"{product.name.en}: {config.base_url}", flush=True)
    # One worker, because sessions are in its memory; two threads, so that one may wait for the service.
    Server(
        factory,
        address=config.listen_address,
        port=config.listen_port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=2,
        factory=True,
        log_access=False,
        websockets=False,
    ).serve()
    return 0
