// oauth4webapi, which does one step at a time and leaves nothing out: discovery, private_key_jwt or a secret, PKCE, pushed
// requests, signed request objects, DPoP with its nonces, userinfo, refresh. Told by the environment like modern.mjs.

import assert from 'node:assert/strict'
import * as oauth from 'oauth4webapi'
import { application, errorOf, keyOf, person } from './party.mjs'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, KEY, WANT, ONLY } = process.env // ONLY: the client may do nothing else
const want = new Set((WANT ?? '').split(' '))
const insecure = { [oauth.allowInsecureRequests]: true } // nothing here leaves the loopback interface

const issuer = new URL(ISSUER)
const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure))
const signing = KEY && await keyOf(KEY)
const authentication = signing ? oauth.PrivateKeyJwt(signing) : oauth.ClientSecretBasic(CLIENT_SECRET)
const client = { client_id: CLIENT_ID }
const app = await application()
const someone = await person()

/** Ask once more where only the nonce of the server was missing (RFC 9449 §8). */
async function again(ask, read) {
  try {
    return await read(await ask())
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error
    return read(await ask())
  }
}

async function signIn({ pushed, signed, DPoP } = {}) {
  const verifier = oauth.generateRandomCodeVerifier()
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()]
  let parameters = new URLSearchParams({
    client_id: CLIENT_ID, response_type: 'code', redirect_uri: app.redirectUri,
    scope: 'openid profile email offline_access', state, nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  })
  if (signed) {
    const request = await oauth.issueRequestObject(as, client, parameters, signing)
    parameters = new URLSearchParams({ client_id: CLIENT_ID, request })
  }
  if (pushed) {
    const { request_uri } = await again(
      () => oauth.pushedAuthorizationRequest(as, client, authentication, parameters, { DPoP, ...insecure }),
      (response) => oauth.processPushedAuthorizationResponse(as, client, response),
    )
    parameters = new URLSearchParams({ client_id: CLIENT_ID, request_uri })
  }
  const back = await app.visit(await someone.go(`${as.authorization_endpoint}?${parameters}`))
  const answer = oauth.validateAuthResponse(as, client, back, state)
  const tokens = await again(
    () => oauth.authorizationCodeGrantRequest(as, client, authentication, answer, app.redirectUri, verifier, { DPoP, ...insecure }),
    (response) => oauth.processAuthorizationCodeResponse(as, client, response, { expectedNonce: nonce, requireIdToken: true }),
  )
  const { sub } = oauth.getValidatedIdTokenClaims(tokens)
  return { ...tokens, sub }
}

async function userinfo(tokens, DPoP) {
  return again(
    () => oauth.userInfoRequest(as, client, tokens.access_token, { DPoP, ...insecure }),
    (response) => oauth.processUserInfoResponse(as, client, tokens.sub, response),
  )
}

const did = {}
try {
  if (!ONLY) {
    const plain = await signIn()
    did.signedIn = plain.sub
    did.userinfo = (await userinfo(plain)).email
    const renewed = await again(
      () => oauth.refreshTokenGrantRequest(as, client, authentication, plain.refresh_token, insecure),
      (response) => oauth.processRefreshTokenResponse(as, client, response),
    )
    assert.notEqual(renewed.access_token, plain.access_token)
  }
  if (want.has('par') && !ONLY) did.par = (await signIn({ pushed: true })).sub
  if (want.has('jar')) did.jar = (await signIn({ signed: true })).sub
  if (want.has('par') && want.has('jar')) did.parJar = (await signIn({ pushed: true, signed: true })).sub
  if (want.has('dpop')) {
    const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
    const bound = await signIn({ DPoP, pushed: want.has('par') })
    assert.equal(bound.token_type, 'dpop')
    did.dpop = (await userinfo(bound, DPoP)).sub
    did.dpopTheft = await errorOf(userinfo(bound))
  }
  console.log(JSON.stringify(did))
} finally {
  app.close()
}
