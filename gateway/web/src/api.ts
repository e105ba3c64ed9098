// Talking to /api/v1: JSON, the session's CSRF header, and errors with the server's sentence.
import { createStore } from './store';
import type { Role, Session } from './types';

const BASE = '/api/v1';

export class ApiError extends Error {
  constructor(
    readonly status: number, // 0: nobody answered
    message: string,
    readonly retryAfterS: number | null = null,
  ) {
    super(message);
  }
}

export type Login =
  | { state: 'unknown' } // not asked yet
  | { state: 'out'; why: string | null }
  | { state: 'in'; session: Session };

export const login = createStore<Login>({ state: 'unknown' });

// Server's clock minus ours in ms, from its Date headers; ages of data are told by its clock.
let clockOffsetMs = 0;
export const serverNow = (): number => Date.now() + clockOffsetMs;

function learnClock(answer: Response): void {
  const date = Date.parse(answer.headers.get('date') ?? '');
  // The header has whole seconds: half of one is the best guess, and less than that is noise.
  if (Number.isFinite(date) && Math.abs(date + 500 - serverNow()) > 1500)
    clockOffsetMs = date + 500 - Date.now();
}

const ROLES: Role[] = ['readonly', 'operator', 'admin'];
export function mayAct(session: Session | null, needed: Role): boolean {
  return session !== null && ROLES.indexOf(session.role) >= ROLES.indexOf(needed);
}

export function currentSession(): Session | null {
  const l = login.get();
  return l.state === 'in' ? l.session : null;
}

async function sentence(answer: Response): Promise<string> {
  try {
    const body: unknown = await answer.json();
    if (typeof body === 'object' && body !== null && 'error' in body && typeof body.error === 'string')
      return body.error;
  } catch {
    // Not JSON: a proxy answered. The status has to do.
  }
  return `the server answered ${answer.status} ${answer.statusText}`.trim();
}

// `path` is below /api/v1 and starts with a slash. Throws ApiError only.
async function call(method: string, path: string, body: unknown, signal?: AbortSignal): Promise<unknown> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  const session = currentSession();
  if (session && method !== 'GET')
    headers['X-Nova-CSRF'] = session.csrf;
  if (body !== undefined)
    headers['Content-Type'] = 'application/json';
  const init: RequestInit = { method, headers, credentials: 'same-origin', cache: 'no-store' };
  if (body !== undefined)
    init.body = JSON.stringify(body);
  if (signal)
    init.signal = signal;
  let answer: Response;
  try {
    answer = await fetch(BASE + path, init);
  } catch (e) {
    if (signal?.aborted)
      throw e;
    throw new ApiError(0, 'the gateway does not answer: is Nova running? (novactl status)');
  }
  learnClock(answer);
  if (!answer.ok) {
    const said = await sentence(answer);
    const retry = Number(answer.headers.get('retry-after') ?? NaN);
    if (answer.status === 401 && login.get().state === 'in')
      login.set({ state: 'out', why: 'Your session has ended. Log in again to go on.' });
    throw new ApiError(answer.status, said, Number.isFinite(retry) ? retry : null);
  }
  if (answer.status === 204)
    return null;
  return (await answer.json()) as unknown;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await call('GET', path, undefined, signal)) as T;
}

export async function post<T>(path: string, body?: unknown): Promise<T> {
  return (await call('POST', path, body ?? {})) as T;
}

// "/workers/a b" + {lines: 5, since: undefined} -> "/workers/a%20b?lines=5"
export function withQuery(path: string, query: Record<string, string | number | boolean | null | undefined>): string {
  const q = new URLSearchParams();
  for (const [key, value] of Object.entries(query))
    if (value !== undefined && value !== null && value !== '')
      q.set(key, String(value));
  const text = q.toString();
  return text ? `${path}?${text}` : path;
}

export const segment = (name: string): string => encodeURIComponent(name);

// Where the browser itself goes: downloads and event streams, with the cookie.
export const url = (path: string): string => BASE + path;

export async function askWhoAmI(): Promise<void> {
  try {
    login.set({ state: 'in', session: await get<Session>('/session') });
  } catch (e) {
    const away = e instanceof ApiError && e.status !== 401;
    login.set({ state: 'out', why: away ? (e as ApiError).message : null });
  }
}

export async function logIn(token: string): Promise<void> {
  login.set({ state: 'in', session: await post<Session>('/session', { token }) });
}

export async function logOut(): Promise<void> {
  await call('DELETE', '/session', undefined);
  login.set({ state: 'out', why: null });
}
