// Verifies tokens as a product written with jose does: one a line, as JSON {token, audience}; answers "ok" or the error.
// Arguments: the address of the key set, the issuer.
import readline from "node:readline";
import { createRemoteJWKSet, jwtVerify } from "jose";

const [jwksUri, issuer] = process.argv.slice(2);
const keys = createRemoteJWKSet(new URL(jwksUri));

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { token, audience } = JSON.parse(line);
  try {
    await jwtVerify(token, keys, { issuer, audience });
    console.log("ok");
  } catch (error) {
    console.log(error.code ?? error.message);
  }
}
