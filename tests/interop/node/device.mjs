// openid-client as a device without a browser: shows a code, waits while its person allows it elsewhere, uses the tokens.
// Told by the environment: ISSUER, CLIENT_ID and, for the person, EMAIL, PASSWORD, TOTP_SECRET. Says what came of it as
// one line of JSON.

import * as oidc from 'openid-client'
import { Browser, code } from './browser.mjs'

const { ISSUER, CLIENT_ID, EMAIL, PASSWORD, TOTP_SECRET } = process.env

const execute = [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks]
const config = await oidc.discovery(new URL(ISSUER), CLIENT_ID, undefined, oidc.None(), { execute })
const device = await oidc.initiateDeviceAuthorization(config, { scope: 'openid profile offline_access' })
const polling = oidc.pollDeviceAuthorizationGrant(config, device)

const browser = new Browser(ISSUER)
await browser.open(device.verification_uri_complete)
await browser.submit({})
await browser.submit({ email: EMAIL, password: PASSWORD })
await browser.submit({ code: code(TOTP_SECRET) })
await browser.submit({ decision: 'allow' })

const tokens = await polling
const claims = tokens.claims()
const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token)
const userinfo = await oidc.fetchUserInfo(config, renewed.access_token, claims.sub)
console.log(JSON.stringify({ device, claims, userinfo, rotated: renewed.refresh_token !== tokens.refresh_token }))
