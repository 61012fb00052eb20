// A person's browser without a window: keeps cookies, follows redirects within one service, fills in hosted forms.

import { createHmac } from 'node:crypto'

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"' }

function plain(text) {
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (decimal || hex) return String.fromCodePoint(parseInt(decimal ?? hex, decimal ? 10 : 16))
    return ENTITIES[name] ?? whole
  })
}

function attributes(tag) {
  const found = {}
  for (const [, name, value = ''] of tag.matchAll(/\s([\w-]+)(?:="([^"]*)")?/g)) found[name] = plain(value)
  return found
}

/** What the authenticator app shows now (RFC 6238: SHA-1, six digits, thirty seconds). */
export function code(secret) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...secret].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)))
  const digest = createHmac('sha1', key).update(counter).digest()
  const offset = digest.at(-1) & 15
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

export class Browser {
  #cookies = new Map()
  #origin
  #address
  #page = ''

  constructor(issuer) {
    this.#origin = new URL(issuer).origin
  }

  /** Where this browser is: an address of the service with a page on it, or the one outside it was sent to. */
  get address() {
    return this.#address
  }

  /** Open an address, and go wherever the service leads. */
  async open(address) {
    await this.#send(new URL(address))
  }

  get heading() {
    return plain(this.#page.match(/<h1\b[^>]*>(.*?)<\/h1>/s)?.[1].replace(/<[^>]*>/g, '').trim() ?? '')
  }

  get #form() {
    const forms = [...this.#page.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].filter(([, tag]) => attributes(tag).method === 'post')
    return forms.find(([, tag]) => attributes(tag).id === 'main-form') ?? forms.at(-1)
  }

  /** Send the form of this page as its first button does, with those of these values that it has fields for. */
  async press(values) {
    const [, , inside] = this.#form ?? []
    if (inside === undefined) throw new Error(`no form at ${this.#address}`)
    const button = [...inside.matchAll(/<button\b([^>]*)>/g)].map(([, tag]) => attributes(tag)).find(({ name }) => name)
    const fitting = Object.entries(values).filter(([name]) => inside.includes(`name="${name}"`))
    await this.submit({ ...Object.fromEntries(fitting), ...(button && { [button.name]: button.value }) })
  }

  /** Send the form of this page with these values. */
  async submit(values) {
    const [, tag, inside] = this.#form ?? []
    if (tag === undefined) throw new Error(`no form at ${this.#address}`)
    const body = new URLSearchParams()
    for (const [, input] of inside.matchAll(/<input\b([^>]*)>/g)) {
      const { name, value = '', type, checked } = attributes(input)
      if (name && (type !== 'checkbox' || checked !== undefined)) body.set(name, value)
    }
    for (const [name, value] of Object.entries(values)) body.set(name, value)
    await this.#send(new URL(attributes(tag).action || this.#address, this.#address), body)
  }

  async #send(target, body) {
    for (let redirects = 0; redirects < 12; redirects++) {
      this.#address = target
      if (target.origin !== this.#origin) return
      const answer = await fetch(target, {
        method: body ? 'POST' : 'GET',
        body,
        redirect: 'manual',
        headers: {
          'accept-language': 'en',
          cookie: [...this.#cookies].map((pair) => pair.join('=')).join('; '),
          ...(body && { origin: this.#origin }),
        },
      })
      this.#keep(answer.headers.getSetCookie())
      this.#page = await answer.text()
      const location = answer.headers.get('location')
      if (!location) {
        if (answer.status >= 400) throw new Error(`${answer.status} at ${target.pathname}: ${this.#page.slice(0, 400)}`)
        return
      }
      target = new URL(location, target)
      body = undefined // 303: whatever was sent, the next one is a GET
    }
    throw new Error('redirected for ever')
  }

  #keep(lines) {
    for (const line of lines) {
      const [pair, ...rest] = line.split(';')
      const name = pair.slice(0, pair.indexOf('='))
      const gone = rest.some((part) => /^\s*max-age=0$/i.test(part) || /^\s*expires=.* 1970 /i.test(part))
      if (gone) this.#cookies.delete(name)
      else this.#cookies.set(name, pair.slice(name.length + 1))
    }
  }
}
