import sys

from examples.capture.product import PRODUCT
from examples.sample.server import serve

if __name__ == "__main__":
    sys.exit(serve(PRODUCT, "examples.capture:create_app"))
