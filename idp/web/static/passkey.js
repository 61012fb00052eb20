// Passkeys: the one thing that needs a script. What the service asks is fetched when it is needed; what the authenticator
// answers is posted as an ordinary form. Nothing of this is shown where the browser cannot do it.
"use strict";

(() => {
  const able = window.isSecureContext && "PublicKeyCredential" in window && "credentials" in navigator;
  const RENEWED_EVERY = 4 * 60 * 1000; // a challenge lasts five minutes

  const bytes = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
  };
  const text = (buffer) => {
    const plain = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };

  // The options of the service, with bytes where the browser wants bytes.
  const options = async (address) => {
    const token = document.querySelector("input[name=csrf_token]").value;
    const answer = await fetch(address, { method: "POST", body: new URLSearchParams({ csrf_token: token }), redirect: "manual" });
    if (answer.status === 429) throw new Error("asked too often");
    if (!answer.ok || !(answer.headers.get("Content-Type") || "").startsWith("application/json")) {
      throw Object.assign(new Error("the page is out of date"), { name: "Stale" });
    }
    const asked = await answer.json();
    asked.challenge = bytes(asked.challenge);
    if (asked.user) asked.user.id = bytes(asked.user.id);
    for (const each of [...(asked.allowCredentials || []), ...(asked.excludeCredentials || [])]) each.id = bytes(each.id);
    return asked;
  };

  const written = (made) => {
    const { response } = made;
    const parts = { clientDataJSON: text(response.clientDataJSON) };
    if (response.attestationObject) {
      parts.attestationObject = text(response.attestationObject);
      parts.transports = response.getTransports ? response.getTransports() : [];
    } else {
      parts.authenticatorData = text(response.authenticatorData);
      parts.signature = text(response.signature);
      parts.userHandle = response.userHandle ? text(response.userHandle) : null;
    }
    return JSON.stringify({
      id: made.id,
      rawId: text(made.rawId),
      type: made.type,
      authenticatorAttachment: made.authenticatorAttachment,
      clientExtensionResults: {},
      response: parts,
    });
  };

  // One sentence for each way it can go wrong; the page brings them in its own language.
  const tell = (place, error) => {
    const output = place.querySelector("[data-passkey-says]");
    const which = { Stale: "stale", InvalidStateError: "known", NotAllowedError: "cancelled" }[error.name] ?? "failed";
    output.textContent = output.dataset[which];
    output.hidden = false;
    output.focus();
  };

  // A page about one passkey: its form is held back until the authenticator has answered.
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const explained = form.querySelector("[data-passkey-unable]");
    if (!able) continue;
    if (explained) explained.hidden = true;
    let busy = false;
    form.addEventListener("submit", async (event) => {
      if (event.submitter && event.submitter.name) return; // the language buttons
      event.preventDefault();
      if (busy) return;
      busy = true;
      try {
        const publicKey = await options(form.dataset.options);
        const made = await navigator.credentials[form.dataset.passkey]({ publicKey });
        form.elements.credential.value = written(made);
        form.submit();
      } catch (error) {
        tell(form, error);
      }
      busy = false;
    });
  }

  // A page in the background asks for nothing until somebody looks at it again.
  const whenSeen = (act) => {
    if (!document.hidden) act();
    else document.addEventListener("visibilitychange", () => whenSeen(act), { once: true });
  };

  // The sign-in page: a button beside the password, and the browser's own list in the field of the address.
  for (const place of document.querySelectorAll("[data-passkey-alone]")) {
    if (!able) continue;
    let waiting = null;

    const post = (made) => {
      const form = document.createElement("form");
      form.method = "post";
      form.action = place.dataset.action;
      const values = { csrf_token: document.querySelector("input[name=csrf_token]").value, credential: written(made) };
      for (const [name, value] of Object.entries(values)) {
        const input = document.createElement("input");
        Object.assign(input, { type: "hidden", name, value });
        form.append(input);
      }
      document.body.append(form);
      form.submit();
    };

    const offer = async () => {
      const own = new AbortController();
      waiting = own;
      const renewal = setTimeout(() => { own.abort(); whenSeen(offer); }, RENEWED_EVERY);
      try {
        const publicKey = await options(place.dataset.options);
        if (own.signal.aborted) return;
        post(await navigator.credentials.get({ publicKey, mediation: "conditional", signal: own.signal }));
      } catch {
        clearTimeout(renewal); // a list that was closed says nothing; the button tells what is wrong
      }
    };

    place.hidden = false;
    place.querySelector("button").addEventListener("click", async () => {
      if (waiting) waiting.abort();
      try {
        const publicKey = await options(place.dataset.options);
        post(await navigator.credentials.get({ publicKey }));
      } catch (error) {
        tell(place, error);
        if (autofill) offer();
      }
    });
    let autofill = false;
    PublicKeyCredential.isConditionalMediationAvailable?.().then((available) => {
      autofill = available && !("refused" in place.dataset); // what was refused is not offered again at once
      if (autofill) offer();
    });
  }
})();
