// openid-client signs a person in from discovery alone, uses the tokens, gives them back and signs out.
// Told by the environment: ISSUER, CLIENT_ID, CLIENT_SECRET (none: a public client), CLIENT_AUTH (`default`: what the
// library does by itself, or `basic`), REDIRECT_URI (no port: a native app on a free one), SIGNED_OUT_URI; and, for
// the person in front of the browser, EMAIL, PASSWORD, TOTP_SECRET. Says what came of it as one line of JSON.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import * as oidc from 'openid-client'
import { Browser, code } from './browser.mjs'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, CLIENT_AUTH, REDIRECT_URI, SIGNED_OUT_URI, EMAIL, PASSWORD, TOTP_SECRET } = process.env

/** An application that waits at its redirect address: `visit` brings the browser there, and answers where it came. */
async function application() {
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

async function discover() {
  const authentication = CLIENT_AUTH === 'basic' ? oidc.ClientSecretBasic(CLIENT_SECRET) : CLIENT_SECRET ? undefined : oidc.None()
  // Nothing here leaves the loopback interface, so http may do; ID tokens are checked against the key set all the same.
  const execute = [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks]
  const config = await oidc.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET, authentication, { execute })
  const rfc8414 = await oidc.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET, authentication, { execute, algorithm: 'oauth2' })
  assert.deepEqual(rfc8414.serverMetadata(), config.serverMetadata())
  assert.ok(config.serverMetadata().supportsPKCE('S256'))
  return config
}

async function signIn(config, app, browser) {
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier()
  const expectedState = oidc.randomState()
  const expectedNonce = oidc.randomNonce()
  await browser.open(oidc.buildAuthorizationUrl(config, {
    redirect_uri: app.redirectUri,
    scope: 'openid profile email offline_access',
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
  }))
  await browser.submit({ email: EMAIL, password: PASSWORD })
  await browser.submit({ code: code(TOTP_SECRET) })

  const back = await app.visit(browser.address)
  assert.equal(back.searchParams.get('iss'), ISSUER)
  const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true }
  const forged = new URL(back) // the library takes the answer of this issuer alone (RFC 9207)
  forged.searchParams.set('iss', 'https://another.example.com')
  await assert.rejects(oidc.authorizationCodeGrant(config, forged, checks), { name: 'ClientError' })
  return oidc.authorizationCodeGrant(config, back, checks)
}

/** Nobody is signed in any more: an answer without asking is refused (OIDC Core §3.1.2.6). */
async function stillSignedIn(config, app, browser) {
  const expectedState = oidc.randomState()
  const challenge = await oidc.calculatePKCECodeChallenge(oidc.randomPKCECodeVerifier())
  await browser.open(oidc.buildAuthorizationUrl(config, {
    redirect_uri: app.redirectUri, scope: 'openid', prompt: 'none', state: expectedState,
    code_challenge: challenge, code_challenge_method: 'S256',
  }))
  return errorOf(oidc.authorizationCodeGrant(config, await app.visit(browser.address), { expectedState }))
}

async function errorOf(promise) {
  try {
    await promise
  } catch (error) {
    return error.error ?? error.cause?.[0]?.parameters?.error ?? String(error)
  }
  return null
}

const config = await discover()
const browser = new Browser(ISSUER)
const app = await application()
try {
  const tokens = await signIn(config, app, browser)
  const claims = tokens.claims()
  const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub)
  const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token)
  assert.equal(renewed.claims().sub, claims.sub)
  const asked = () => oidc.tokenIntrospection(config, renewed.access_token)
  const introspect = () => CLIENT_SECRET ? asked() : errorOf(asked()) // a public client proves nothing, so it may not ask
  const introspection = await introspect()

  await oidc.tokenRevocation(config, renewed.refresh_token, { token_type_hint: 'refresh_token' })
  const revoked = {
    refresh: await errorOf(oidc.refreshTokenGrant(config, renewed.refresh_token)),
    userinfo: await errorOf(oidc.fetchUserInfo(config, renewed.access_token, claims.sub)),
    introspection: await introspect(),
  }

  await browser.open(oidc.buildEndSessionUrl(config, {
    id_token_hint: renewed.id_token, post_logout_redirect_uri: SIGNED_OUT_URI, state: 'left',
  }))
  const left = browser.address.href
  console.log(JSON.stringify({
    claims, userinfo, introspection, revoked, left,
    rotated: renewed.refresh_token !== undefined && renewed.refresh_token !== tokens.refresh_token,
    afterwards: await stillSignedIn(config, app, browser),
  }))
} finally {
  app.close()
}
