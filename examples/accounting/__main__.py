import sys

from examples.accounting.product import PRODUCT
from examples.sample.server import serve

if __name__ == "__main__":
    sys.exit(serve(PRODUCT, "examples.accounting:create_app"))
