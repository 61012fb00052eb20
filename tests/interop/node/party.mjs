// What the scripts of the newer protocols share: an application that waits at its redirect address, the person's way
// through the hosted pages, and what a promise was refused with.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { Browser, code } from './browser.mjs'

const { ISSUER, REDIRECT_URI, EMAIL, PASSWORD, TOTP_SECRET } = process.env

/** Answers where the browser came: by redirect, or by a form that posts itself. */
export async function application() {
  const address = new URL(REDIRECT_URI)
  const server = createServer((request, response) => response.end(request.url))
  server.listen(Number(address.port) || 0, address.hostname)
  await once(server, 'listening')
  address.port = server.address().port
  const visit = async (there) => {
    assert.ok(there.href.startsWith(address.href), `${there} instead of ${address}`)
    return new URL(await (await fetch(there)).text(), address)
  }
  return { redirectUri: address.href, visit, close: () => server.close() }
}

/** Goes through the pages once; later requests find the session. */
export async function person() {
  const browser = new Browser(ISSUER)
  let known = false
  return {
    browser,
    async go(address) {
      await browser.open(address)
      if (!known) {
        await browser.submit({ email: EMAIL, password: PASSWORD })
        await browser.submit({ code: code(TOTP_SECRET) })
        known = true
      }
      return browser.address
    },
  }
}

/** A private key in the form of a JWK, as the Web Crypto API has it. */
export async function keyOf(text) {
  const { kty, crv, x, y, d, kid } = JSON.parse(text)
  const algorithm = crv === 'Ed25519' ? { name: 'Ed25519' } : { name: 'ECDSA', namedCurve: 'P-256' }
  return { key: await crypto.subtle.importKey('jwk', { kty, crv, x, y, d }, algorithm, false, ['sign']), kid }
}

export async function errorOf(promise) {
  try {
    await promise
  } catch (error) {
    return error.error ?? error.cause?.[0]?.parameters?.error ?? String(error)
  }
  return null
}
