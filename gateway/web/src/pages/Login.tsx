// Logging in: a token is pasted once and becomes a session of this browser.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, logIn, login } from '../api';
import { duration } from '../format';
import { useTitle } from '../hooks';
import { useStore } from '../store';
import { shown } from '../text';

// Why the server said no, in words that help.
function saying(e: ApiError): string {
  if (e.status === 401)
    return 'This token is not known, has expired, or was revoked.';
  if (e.status === 429)
    return `Too many wrong tokens from this address. Try again in ${duration(e.retryAfterS ?? 60)}; sessions that are open go on.`;
  return e.message;
}

export function LoginPage(): JSX.Element {
  const why = useStore(login, (l) => (l.state === 'out' ? l.why : null));
  const [token, setToken] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const input = useRef<HTMLInputElement>(null);
  useTitle('Log in');
  useEffect(() => input.current?.focus(), []);
  const submit = async (e: Event) => {
    e.preventDefault();
    if (busy || !token.trim())
      return;
    setBusy(true);
    setError(null);
    try {
      await logIn(token.trim());
    } catch (thrown) {
      setError(thrown instanceof ApiError ? saying(thrown) : String(thrown));
      setBusy(false);
      setToken('');
      input.current?.focus();
    }
  };
  return (
    <main class="login">
      <form class="panel login-box" onSubmit={(e) => void submit(e)}>
        <h1>Nova</h1>
        {why ? <p class="warn-text" role="status">{shown(why, 300)}</p> : null}
        <label class="field" for="token">
          <span>Token</span>
          <input id="token" ref={input} type="password" value={token} autocomplete="off" spellcheck={false} placeholder="nova_…"
            aria-invalid={error !== null} aria-describedby={error ? 'login-error' : undefined}
            onInput={(e) => setToken(e.currentTarget.value)} />
        </label>
        {error ? <p id="login-error" class="loss" role="alert">{shown(error, 300)}</p> : null}
        <button type="submit" class="btn primary" disabled={busy || !token.trim()} aria-busy={busy}>{busy ? 'Logging in…' : 'Log in'}</button>
        <p class="muted">No token yet? Make one on the machine where Nova runs:</p>
        <p><code>novactl token create NAME --role operator</code></p>
      </form>
    </main>
  );
}
