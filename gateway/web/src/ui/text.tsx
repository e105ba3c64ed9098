// Figures and words inside of a line.
import type { ComponentChildren, JSX } from 'preact';
import * as format from '../format';
import { navigate } from '../router';
import { shown } from '../text';
import { useNow } from '../hooks';

interface MoneyProps {
  amount: string | null | undefined;
  currency?: string | undefined;
  plus?: boolean; // a sign in front of gains
  tone?: boolean; // gains and losses in their colours (the sign says it too)
  exact?: boolean; // every digit, also far below a cent
}

export function Money({ amount, currency, plus = false, tone = false, exact = false }: MoneyProps): JSX.Element {
  const sign = format.signOf(amount);
  const look = tone && sign !== 0 ? (sign > 0 ? 'num gain' : 'num loss') : 'num';
  return (
    <span class={look} title={amount ? `${amount} ${currency ?? ''}`.trim() : undefined}>
      {format.money(amount, currency, { plus, exact })}
    </span>
  );
}

// A change against the window before: arrow, amount, percent.
export function Delta({ now, before, currency, than }: { now: string; before: string; currency?: string; than: string }): JSX.Element | null {
  const c = format.change(now, before);
  if (!c)
    return null;
  const sign = format.signOf(c.amount);
  const arrow = sign > 0 ? '▲' : sign < 0 ? '▼' : '=';
  return (
    <span class={`delta ${sign > 0 ? 'gain' : sign < 0 ? 'loss' : 'muted'}`}
      title={`${than}: ${format.money(before, currency)}`}>
      <span aria-hidden="true">{arrow}</span> {format.money(c.amount, currency, { plus: true })}
      {c.percent !== null && Math.abs(c.percent) < 1000 ? ` (${format.percent(c.percent)})` : ''}{' '}
      <span class="muted">vs {than}</span>
    </span>
  );
}

export function Ago({ time }: { time: string | null | undefined }): JSX.Element {
  const now = useNow(1000);
  return <time class="num" dateTime={time ?? undefined} title={format.exactTime(time)}>{format.ago(time, now)}</time>;
}

export function Clock({ time, seconds = false }: { time: string | null | undefined; seconds?: boolean }): JSX.Element {
  return (
    <time class="num" dateTime={time ?? undefined} title={format.exactTime(time)}>
      {format.clock(time, undefined, seconds)}
    </time>
  );
}

// Words that a program of the fleet wrote: kept apart, cut, and what is unseen in it spelled.
export function Said({ text, max = 4096, lines }: { text: unknown; max?: number; lines?: 1 | 2 | 3 }): JSX.Element {
  return <bdi class={lines ? `said clamp${lines}` : 'said'} title={lines ? shown(text, 1000) : undefined}>{shown(text, max)}</bdi>;
}

interface LinkProps {
  href: string;
  children: ComponentChildren;
  class?: string;
  'aria-current'?: 'page' | undefined;
  title?: string;
  tabIndex?: -1 | undefined; // reached in another way than by the tab key
}

// A page of the dashboard; with a modifier key or the middle button it is the browser's.
export function Link({ href, children, ...rest }: LinkProps): JSX.Element {
  return (
    <a href={href} {...rest} onClick={(e) => {
      if (e.button || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey)
        return;
      e.preventDefault();
      navigate(href);
    }}>{children}</a>
  );
}

export const WorkerLink = ({ name, tabIndex }: { name: string; tabIndex?: -1 }): JSX.Element => (
  <Link tabIndex={tabIndex} href={`/workers/${encodeURIComponent(name)}`} class="worker" title={shown(name, 64)}><Said text={name} max={64} /></Link>
);

type Tone = 'good' | 'bad' | 'warn' | 'quiet' | 'plain';

// A state: a mark with a shape of its own, and the word.
const TONES: Record<string, Tone> = {
  running: 'good', up: 'good', ready: 'good', ok: 'good', executed: 'good', approved: 'good', live: 'good', resolved: 'good',
  paused: 'warn', starting: 'warn', stopping: 'warn', waiting: 'warn', pending: 'warn', backoff: 'warn', cooldown: 'warn',
  stale: 'warn', warning: 'warn', proposed: 'warn', connecting: 'warn', polling: 'warn',
  crashed: 'bad', halted: 'bad', killed: 'bad', failed: 'bad', unhealthy: 'bad', offline: 'bad', critical: 'bad', error: 'bad',
  stopped: 'quiet', unknown: 'quiet', denied: 'quiet', expired: 'quiet', dropped: 'quiet', superseded: 'quiet', down: 'quiet',
};
const MARKS: Record<Tone, string> = { good: '●', bad: '▲', warn: '◆', quiet: '○', plain: '' };

export function State({ state, label, tone }: { state: string; label?: string | undefined; tone?: Tone }): JSX.Element {
  const t = tone ?? TONES[state] ?? 'quiet';
  return (
    <span class={`state ${t}`}>
      <span class="mark" aria-hidden="true">{MARKS[t]}</span>
      <span>{shown(label ?? state.replace(/_/g, ' '), 40)}</span>
    </span>
  );
}
