// The live picture: one event stream a tab (GET /api/v1/stream), and what it says, kept in
// stores. It reconnects by itself and always knows how old its data is.
import { ApiError, get, login, serverNow, url, withQuery } from './api';
import { createStore } from './store';
import type { EventRow, Overview, WorkerRow, WorkersPicture } from './types';

export type Connection =
  | 'connecting'
  | 'live' // data of the last seconds
  | 'stale' // connected, but what came is old: Nova itself is behind or away
  | 'polling' // no stream, but answers: asked again and again
  | 'offline'; // nobody answers; tried again

export interface Fleet {
  asOf: string;
  rows: ReadonlyMap<string, WorkerRow>;
}

export interface Health {
  connection: Connection;
  asOf: string | null; // of the newest picture
  why: string | null;
}

export const overview = createStore<Overview | null>(null);
export const fleet = createStore<Fleet | null>(null);
export const health = createStore<Health>({ connection: 'connecting', asOf: null, why: null });

// Why there is no first picture; null: there is one, or it is still asked for.
export const pictureError = createStore<ApiError | null>(null);

const SILENT_MS = 12_000; // a tick comes every 5 s
const STALE_MS = 15_000;
const ROWS_MS = 1500; // the rows of a large fleet are a megabyte: asked for when the stream is late with them
const RETRY_MS = [500, 1000, 2000, 5000, 10_000, 15_000];

interface Wants {
  worker: string | null; // events of this one, or of all
  heard: (rows: EventRow[]) => void;
}

let source: EventSource | null = null;
let lastHeard = 0;
let tries = 0;
let retry = 0;
let rowsDue = 0;
let lastEventId = '';
const wants = new Set<Wants>();

// What everybody who listens wants, in one query: nothing, one worker's events, or all events.
function wantedQuery(): { events?: number; worker?: string } {
  const workers = new Set([...wants].map((w) => w.worker));
  const [only] = workers;
  if (workers.size === 0)
    return {};
  return workers.size === 1 && only ? { worker: only } : { events: 1 };
}

function parsed<T>(e: Event): T | null {
  lastHeard = Date.now();
  tries = 0;
  try {
    return JSON.parse((e as MessageEvent<string>).data) as T;
  } catch {
    return null;
  }
}

function setConnection(connection: Connection, why: string | null = null): void {
  const h = health.get();
  if (h.connection !== connection || h.why !== why)
    health.set({ ...h, connection, why });
}

function seen(asOf: string): void {
  const h = health.get();
  if (h.asOf !== asOf)
    health.set({ ...h, asOf });
  judge();
}

// Live, stale or silent: by the clock of the server and the time of the picture.
function judge(): void {
  if (!source || source.readyState !== EventSource.OPEN)
    return;
  if (Date.now() - lastHeard > SILENT_MS) {
    setConnection('stale', 'the gateway says nothing any more');
    return;
  }
  const at = Date.parse(health.get().asOf ?? '');
  if (!Number.isFinite(at))
    return;
  setConnection(serverNow() - at > STALE_MS ? 'stale' : 'live',
    serverNow() - at > STALE_MS ? 'Nova gives no newer figures' : null);
}

// The picture by plain questions, since a stream may be long in coming or refused: at first without
// the rows, which the stream says anyway, and all of it again and again while there is none.
async function pull(rowsToo = true): Promise<void> {
  try {
    const [o, w] = await Promise.all([get<Overview>('/overview'), rowsToo ? get<WorkersPicture>('/workers') : null]);
    pictureError.set(null);
    if (source?.readyState === EventSource.OPEN && overview.get() && (fleet.get() || !w))
      return; // the stream was faster, and what it says is newer
    overview.set(o);
    if (w)
      fleet.set({ asOf: w.as_of, rows: new Map(w.workers.map((r) => [r.worker, r])) });
    health.set({ ...health.get(), asOf: o.as_of });
    if (!source || source.readyState === EventSource.CLOSED)
      setConnection('polling', 'no stream of events: figures are asked for every few seconds');
  } catch (e) {
    pictureError.set(e instanceof ApiError ? e : new ApiError(0, String(e)));
    if (!source || source.readyState === EventSource.CLOSED)
      setConnection('offline', 'no connection to the gateway; trying again');
  }
}

export const pullAgain = (): void => void pull();

function takeWorkers(said: { as_of: string; changed?: WorkerRow[]; removed?: string[]; whole?: boolean }): void {
  const before = fleet.get();
  const rows = new Map(said.whole || !before ? [] : before.rows);
  for (const name of said.removed ?? [])
    rows.delete(name);
  for (const row of said.changed ?? [])
    rows.set(row.worker, row);
  fleet.set({ asOf: said.as_of, rows });
}

// What was booked between the first question for events and the beginning of this stream: asked
// for once it has begun. Who listens knows an event by its number and takes each once.
async function backfill(worker: string | null): Promise<void> {
  const asked = [...wants];
  const answer = await get<{ events: EventRow[] }>(withQuery('/events', { worker, limit: 200 })).catch(() => null);
  for (const w of asked)
    if (answer && wants.has(w))
      w.heard(answer.events.filter((e) => w.worker === null || e.worker === w.worker));
}

function listen(es: EventSource, fresh: { worker: string | null } | null): void {
  let first = true;
  es.addEventListener('open', () => {
    lastHeard = Date.now();
    judge();
  });
  es.addEventListener('overview', (e) => {
    const said = parsed<Overview>(e);
    if (said) {
      overview.set(said);
      seen(said.as_of);
    }
  });
  es.addEventListener('workers', (e) => {
    const said = parsed<Parameters<typeof takeWorkers>[0]>(e);
    if (said) {
      takeWorkers(said);
      seen(said.as_of);
    }
  });
  es.addEventListener('tick', (e) => {
    const said = parsed<{ as_of: string | null }>(e);
    if (first && fresh)
      void backfill(fresh.worker);
    first = false;
    if (said?.as_of)
      seen(said.as_of);
    else
      judge();
  });
  es.addEventListener('event', (e) => {
    const row = parsed<EventRow>(e);
    lastEventId = (e as MessageEvent).lastEventId || lastEventId;
    if (row)
      for (const w of wants)
        if (w.worker === null || w.worker === row.worker)
          w.heard([row]);
  });
  es.addEventListener('error', () => lost());
}

// Ours, and not the browser's own reconnecting: a refusal has to be told from an absence.
function lost(): void {
  source?.close();
  source = null;
  if (health.get().connection !== 'polling')
    setConnection('offline', 'no connection to the gateway; trying again');
  if (login.get().state !== 'in')
    return;
  void pull();
  clearTimeout(retry);
  retry = setTimeout(open, RETRY_MS[Math.min(tries++, RETRY_MS.length - 1)]);
}

function open(): void {
  clearTimeout(retry);
  source?.close();
  const query = wantedQuery();
  const resume = lastEventId && (query.events || query.worker) ? lastEventId : undefined;
  source = new EventSource(url(withQuery('/stream', { ...query, last_event_id: resume })));
  if (health.get().asOf === null)
    setConnection('connecting');
  listen(source, wants.size && !resume ? { worker: query.worker ?? null } : null);
}

// Before logging out: the end of the stream is no loss then. Returns how to go on.
export function holdStream(): () => void {
  clearTimeout(retry);
  source?.close();
  source = null;
  return open;
}

export function startStream(): () => void {
  tries = 0;
  void pull(false);
  open();
  rowsDue = setTimeout(() => void (fleet.get() || pull()), ROWS_MS);
  const clock = setInterval(() => {
    // Silent for long although open: such a connection is dead, and nobody has told us.
    if (source && lastHeard && Date.now() - lastHeard > 3 * SILENT_MS)
      lost();
    else
      judge();
  }, 1000);
  const online = () => {
    if (!source)
      open();
  };
  addEventListener('online', online);
  return () => {
    clearInterval(clock);
    clearTimeout(retry);
    clearTimeout(rowsDue);
    removeEventListener('online', online);
    source?.close();
    source = null;
    overview.set(null);
    fleet.set(null);
    lastEventId = '';
    pictureError.set(null);
    health.set({ connection: 'connecting', asOf: null, why: null });
  };
}

// Hear ledger events as they are booked: of one worker, or (null) of all. Returns how to stop.
export function onEvents(worker: string | null, heard: (rows: EventRow[]) => void): () => void {
  const want: Wants = { worker, heard };
  const before = JSON.stringify(wantedQuery());
  const reopen = (was: string) => {
    if (JSON.stringify(wantedQuery()) !== was) {
      lastEventId = '';
      if (source)
        open();
    }
  };
  wants.add(want);
  reopen(before);
  return () => {
    const was = JSON.stringify(wantedQuery());
    wants.delete(want);
    // Nobody listens: the stream stays as it is until it is opened anew, its events go unheard.
    if (wants.size)
      reopen(was);
  };
}
