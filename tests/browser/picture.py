"""Pictures of pages with few colours: the same to the eye, less than half the size in the repository."""

import base64
import struct
import zlib
from pathlib import Path

from playwright.sync_api import Browser

# Most pages have fewer than 256 colours; where letters are smoothed on several grounds, near ones become one.
_INDEX = """async (png) => {
  const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], {type: "image/png"}));
  const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
  context.drawImage(image, 0, 0);
  const {data} = context.getImageData(0, 0, image.width, image.height);
  for (let bits = 0; bits < 6; bits++) {
    const half = bits ? 1 << (bits - 1) : 0, known = new Map(), indexes = new Uint8Array(data.length / 4);
    const near = (value) => Math.min(255, ((value + half) >> bits) << bits);
    let fits = true;
    for (let at = 0; fits && at < data.length; at += 4) {
      const colour = (near(data[at]) << 16) | (near(data[at + 1]) << 8) | near(data[at + 2]);
      if (!known.has(colour)) { fits = known.size < 256; known.set(colour, known.size); }
      indexes[at / 4] = known.get(colour);
    }
    if (!fits) continue;
    let text = "";
    for (let at = 0; at < indexes.length; at += 8192) text += String.fromCharCode(...indexes.subarray(at, at + 8192));
    return {width: image.width, height: image.height, colours: [...known.keys()], indexes: btoa(text)};
  }
}"""


def keep(browser: Browser, png: bytes, path: Path) -> None:
    """Write a screenshot with a palette."""
    page = browser.new_page()
    found = page.evaluate(_INDEX, base64.b64encode(png).decode())
    page.close()
    width, height, indexes = found["width"], found["height"], base64.b64decode(found["indexes"])
    rows = b"".join(b"\0" + indexes[start : start + width] for start in range(0, width * height, width))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0))
        + _chunk(b"PLTE", b"".join(colour.to_bytes(3, "big") for colour in found["colours"]))
        + _chunk(b"IDAT", zlib.compress(rows, 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
