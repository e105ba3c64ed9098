// What pages are put together from: head, panels, empty and error states.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ApiError } from '../api';
import { useStore } from '../store';
import { pictureError, pullAgain } from '../stream';
import { shown } from '../text';

export function PageHead({ title, sub, children }: { title: ComponentChildren; sub?: ComponentChildren; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="page-head">
      <div class="page-title">
        <h1>{title}</h1>
        {sub ? <div class="muted">{sub}</div> : null}
      </div>
      {children ? <div class="page-tools">{children}</div> : null}
    </div>
  );
}

interface PanelProps {
  title: ComponentChildren;
  note?: ComponentChildren; // beside the title, quieter
  tools?: ComponentChildren; // at the right end
  flush?: boolean; // no space around: tables
  class?: string;
  children: ComponentChildren;
}

export function Panel({ title, note, tools, flush = false, class: extra = '', children }: PanelProps): JSX.Element {
  return (
    <section class={`panel ${extra}`}>
      <header class="panel-head">
        <h2>{title}</h2>
        {note ? <span class="muted note">{note}</span> : null}
        {tools ? <span class="panel-tools">{tools}</span> : null}
      </header>
      <div class={flush ? 'panel-body flush' : 'panel-body'}>{children}</div>
    </section>
  );
}

// Nothing to show: why, and what to do next, with the command.
export function Empty({ children, command }: { children: ComponentChildren; command?: string }): JSX.Element {
  return (
    <div class="empty">
      <p>{children}</p>
      {command ? <p><code>{command}</code></p> : null}
    </div>
  );
}

const HINTS: Record<number, string> = {
  0: 'The page tries again by itself.',
  403: 'Log in with a token of a higher role: novactl token create NAME --role operator',
  429: 'Too many questions at once; the page asks again more slowly.',
  503: 'A part of Nova is away. The page tries again by itself; novactl status says more.',
};

export function ErrorNote({ error, retry }: { error: ApiError; retry?: () => void }): JSX.Element {
  return (
    <div class="note-box bad" role="alert">
      <p>{shown(error.message, 500)}</p>
      {HINTS[error.status] ? <p class="muted">{HINTS[error.status]}</p> : null}
      {retry ? <button type="button" class="btn small" onClick={retry}>Try again</button> : null}
    </div>
  );
}

export function Notice({ tone = 'plain', children, tools }: { tone?: 'plain' | 'warn' | 'bad' | 'good'; children: ComponentChildren; tools?: ComponentChildren }): JSX.Element {
  return (
    <div class={`note-box ${tone}`}>
      <div>{children}</div>
      {tools ? <div class="note-tools">{tools}</div> : null}
    </div>
  );
}

const LONG_MS = 4000;

// A place that is still being filled; of `lines` lines, so that nothing jumps.
export function Loading({ lines = 3, label = 'Loading' }: { lines?: number; label?: string }): JSX.Element {
  const [long, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), LONG_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="loading" role="status" aria-label={label}>
      {long ? <p class="muted">Nova takes longer than usual to answer; it is still asked.</p> : null}
      {Array.from({ length: lines }, (_, i) => <span key={i} class="bone" />)}
    </div>
  );
}

// Until the first picture of the fleet is there: either it comes, or it is said why not.
export function Waiting({ lines = 8 }: { lines?: number }): JSX.Element {
  const error = useStore(pictureError, (e) => e);
  return error ? <ErrorNote error={error} retry={pullAgain} /> : <Loading lines={lines} label="Waiting for the first figures" />;
}

// The three states of a question, in one place.
export function Answered<T>({ asked, lines, children }: {
  asked: { data: T | null; error: ApiError | null; reload: () => void };
  lines?: number;
  children: (data: T) => ComponentChildren;
}): JSX.Element {
  if (asked.data === null)
    return asked.error ? <ErrorNote error={asked.error} retry={asked.reload} /> : <Loading lines={lines ?? 3} />;
  return (
    <>
      {asked.error ? <p class="stale-note warn-text" role="status">Not current: {shown(asked.error.message, 300)}</p> : null}
      {children(asked.data)}
    </>
  );
}

// A figure with its name: the answers to the first questions.
export function Figure({ label, value, sub, tone }: { label: ComponentChildren; value: ComponentChildren; sub?: ComponentChildren; tone?: 'gain' | 'loss' | undefined }): JSX.Element {
  return (
    <div class="figure">
      <div class="figure-label">{label}</div>
      <div class={`figure-value num ${tone ?? ''}`}>{value}</div>
      {sub ? <div class="figure-sub">{sub}</div> : null}
    </div>
  );
}

export function Facts({ rows }: { rows: [ComponentChildren, ComponentChildren][] }): JSX.Element {
  return (
    <dl class="facts">
      {rows.map(([name, value], i) => (
        <div key={i}><dt>{name}</dt><dd>{value}</dd></div>
      ))}
    </dl>
  );
}
