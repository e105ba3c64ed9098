// Which time the figures are of: kept in the address, so that a statement can be kept and shared.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useQuery } from '../../router';
import { Select } from '../../ui/controls';

const PERIODS = [
  ['today', 'Today'], ['7d', 'Last 7 days'], ['30d', 'Last 30 days'], ['month', 'This month'],
  ['last-month', 'Last month'], ['90d', 'Last 90 days'], ['year', 'This year'], ['365d', 'Last 365 days'], ['all', 'Everything'],
] as const;
const OWN = 'own';
const DAY = /^\d{4}-\d\d-\d\d$/;

export interface Window {
  // For the API: a named period, or a beginning and an end.
  query: { period?: string; from?: string; to?: string };
  step: 'hour' | 'day' | 'week' | 'month'; // gives a reasonable number of rows
}

function stepOf(days: number): Window['step'] {
  return days <= 2 ? 'hour' : days <= 100 ? 'day' : days <= 750 ? 'week' : 'month';
}

const DAYS: Record<string, number> = { today: 1, '7d': 7, '30d': 30, month: 31, 'last-month': 31, '90d': 90, year: 366, '365d': 365, all: 3650 };

export function useWindow(fallback = '30d'): Window {
  const [query] = useQuery();
  const from = query.get('from') ?? '';
  const to = query.get('to') ?? '';
  if (DAY.test(from)) {
    const end = DAY.test(to) ? to : undefined;
    const days = ((end ? Date.parse(end) : Date.now()) - Date.parse(from)) / 864e5;
    return { query: { from, ...(end ? { to: end } : {}) }, step: stepOf(days) };
  }
  const period = PERIODS.find(([p]) => p === query.get('period'))?.[0] ?? fallback;
  return { query: { period }, step: stepOf(DAYS[period] ?? 30) };
}

function Dates({ from, to, set }: { from: string; to: string; set: (change: Record<string, string | null>) => void }): JSX.Element {
  return (
    <>
      <input type="date" aria-label="From" value={from} max={to || undefined}
        onChange={(e) => set({ from: e.currentTarget.value || null, period: null })} />
      <input type="date" aria-label="To (not included)" value={to} min={from || undefined}
        onChange={(e) => set({ to: e.currentTarget.value || null, period: null })} />
    </>
  );
}

export function WindowChoice({ fallback = '30d' }: { fallback?: string }): JSX.Element {
  const [query, change] = useQuery();
  const from = query.get('from') ?? '';
  const [own, setOwn] = useState(from !== '');
  const period = own ? OWN : PERIODS.find(([p]) => p === query.get('period'))?.[0] ?? fallback;
  return (
    <>
      <Select label="Window" value={period} options={[...PERIODS, [OWN, 'From … to …'] as const]}
        change={(p) => {
          setOwn(p === OWN);
          change(p === OWN ? { period: null } : { period: p, from: null, to: null });
        }} />
      {own ? <Dates from={from} to={query.get('to') ?? ''} set={change} /> : null}
    </>
  );
}
