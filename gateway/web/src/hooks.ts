// What pages need again and again: a question to the API kept fresh, the time, a key.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, get, serverNow } from './api';
import { useStore } from './store';
import { overview } from './stream';

export interface Asked<T> {
  data: T | null; // the newest answer; stays while a newer one is asked for, or fails
  error: ApiError | null; // of the newest try
  loading: boolean; // a question is under way
  at: number | null; // when `data` came, by our clock
  reload: () => void;
}

// GET `path` (null: nothing yet), again every `everyMs` while the page is looked at.
export function useApi<T>(path: string | null, everyMs = 0): Asked<T> {
  const [state, setState] = useState<{ path: string | null; data: T | null; error: ApiError | null; at: number | null }>(
    { path: null, data: null, error: null, at: null });
  const [loading, setLoading] = useState(false);
  const [again, setAgain] = useState(0);
  useEffect(() => {
    if (path === null)
      return undefined;
    const abort = new AbortController();
    setLoading(true);
    get<T>(path, abort.signal).then(
      (data) => setState({ path, data, error: null, at: Date.now() }),
      (e: unknown) => {
        if (abort.signal.aborted)
          return;
        const error = e instanceof ApiError ? e : new ApiError(0, String(e));
        setState((s) => ({ path, data: s.path === path ? s.data : null, error, at: s.path === path ? s.at : null }));
      },
    ).finally(() => {
      if (!abort.signal.aborted)
        setLoading(false);
    });
    return () => abort.abort();
  }, [path, again]);
  useEffect(() => {
    if (!everyMs || path === null)
      return undefined;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible')
        setAgain((n) => n + 1);
    }, everyMs);
    return () => clearInterval(timer);
  }, [path, everyMs]);
  const reload = useCallback(() => setAgain((n) => n + 1), []);
  // An answer to another path is no answer to this one.
  const mine = state.path === path;
  return { data: mine ? state.data : null, error: mine ? state.error : null, loading, at: mine ? state.at : null, reload };
}

// The server's time, every `everyMs`: for ages.
export function useNow(everyMs = 1000): number {
  const [now, setNow] = useState(serverNow());
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

const typing = (e: KeyboardEvent): boolean => {
  const t = e.target;
  return t instanceof HTMLElement && (t.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(t.tagName));
};

// A key on the page while nobody types into a field and no dialog is open.
export function useKey(key: string, pressed: (e: KeyboardEvent) => void): void {
  const newest = useRef(pressed);
  newest.current = pressed;
  useEffect(() => {
    const heard = (e: KeyboardEvent) => {
      if (e.key !== key || e.ctrlKey || e.metaKey || e.altKey || typing(e) || document.querySelector('dialog[open]'))
        return;
      newest.current(e);
    };
    addEventListener('keydown', heard);
    return () => removeEventListener('keydown', heard);
  }, [key]);
}

// Of the tab: also one that is not looked at says how many answers are wanted.
export function useTitle(title: string): void {
  const waiting = useStore(overview, (o) => o?.approvals?.length ?? 0);
  useEffect(() => {
    document.title = `${waiting ? `(${waiting}) ` : ''}${title ? `${title} · Nova` : 'Nova'}`;
  }, [title, waiting]);
}
