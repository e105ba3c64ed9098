// The newest events of the ledger, kept up to date as they are booked. What comes while the list is
// paused is counted and kept, up to a limit; a busy fleet is drawn a few times a second, no more.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, get, withQuery } from '../../api';
import { onEvents } from '../../stream';
import type { EventRow } from '../../types';

const KEPT = 300;
const DRAWN_EVERY_MS = 250;

export interface Tail {
  rows: EventRow[]; // newest first
  waiting: number; // came while it was paused
  error: ApiError | null;
  loaded: boolean;
  reload: () => void;
}

// Newest first, each once: what the stream says and what was asked for overlap.
function joined(newer: EventRow[], older: EventRow[]): EventRow[] {
  const seen = new Map<number, EventRow>();
  for (const row of [...newer, ...older])
    seen.set(row.seq, row);
  return [...seen.values()].sort((a, b) => b.seq - a.seq).slice(0, KEPT);
}

export function useTail(worker: string | null, paused: boolean): Tail {
  const [rows, setRows] = useState<EventRow[]>([]);
  const [waiting, setWaiting] = useState(0);
  const [error, setError] = useState<ApiError | null>(null);
  const [loaded, setLoaded] = useState(false);
  const [again, setAgain] = useState(0);
  const pending = useRef<EventRow[]>([]);
  const held = useRef(paused);
  held.current = paused;

  useEffect(() => {
    const abort = new AbortController();
    setRows([]);
    setLoaded(false);
    get<{ events: EventRow[] }>(withQuery('/events', { worker, limit: 200 }), abort.signal).then(
      (answer) => {
        setRows((before) => joined(before, answer.events));
        setError(null);
        setLoaded(true);
      },
      (e: unknown) => {
        if (!abort.signal.aborted)
          setError(e instanceof ApiError ? e : new ApiError(0, String(e)));
      });
    const stop = onEvents(worker, (said) => {
      pending.current = [...pending.current, ...said].slice(-KEPT);
    });
    return () => {
      abort.abort();
      stop();
      pending.current = [];
    };
  }, [worker, again]);

  useEffect(() => {
    const timer = setInterval(() => {
      const fresh = pending.current;
      setWaiting(held.current ? fresh.length : 0);
      if (held.current || fresh.length === 0)
        return;
      pending.current = [];
      setRows((before) => joined(fresh, before));
    }, DRAWN_EVERY_MS);
    return () => clearInterval(timer);
  }, []);

  return { rows, waiting, error, loaded, reload: useCallback(() => setAgain((n) => n + 1), []) };
}
