// Figures that come by name: a record is shown in full, whatever a policy has written into it.
// What a name ends in says what its value is.
import type { ComponentChildren, JSX } from 'preact';
import { duration, nanos, percent, words } from '../format';
import { Facts } from './frame';
import { Clock, Money, Said } from './text';

const SHARES = new Set(['probability', 'success', 'mature', 'refund_share', 'one_more_sale_p', 'confidence', 'stated', 'rate']);
const TIME = /^\d{4}-\d\d-\d\dT/;

const NAMES: Record<string, string> = {
  min_roi_percent: 'Minimum ROI', scale_roi_percent: 'ROI to scale from', kill_roi_percent: 'ROI to kill below',
  roi_percent: 'ROI', cost_24h: 'Cost in 24 h', runs_ok: 'Good runs', runs_failed: 'Failed runs',
  recent_ok: 'Recent good runs', recent_failed: 'Recent failed runs', fleet_projected: 'Fleet, projected for the day',
  fleet_reserved: 'Fleet, reserved', sales_eff: 'Sales that count', half_life_d: 'Half-life of evidence, days',
  beta: 'Elasticity', ledger_seq: 'Ledger, up to event', run_interval_ms: 'Run interval', run_interval_s: 'Run interval',
  one_more_sale_p: 'Probability with one more sale', stay_roi_percent: 'ROI if nothing changes',
  next_best_multiple: 'Next best, multiple', min_runs: 'Minimum of runs',
};

const nameOf = (key: string): string => NAMES[key] ?? words(key.replace(/_(percent|ms|s)$/, ''));

function number(key: string, value: number): string {
  if (key.endsWith('_percent'))
    return percent(value);
  if (key.endsWith('_ms'))
    return duration(value / 1000);
  if (key.endsWith('_s'))
    return duration(value);
  if (SHARES.has(key))
    return percent(value * 100);
  return value.toLocaleString('en-US', { maximumFractionDigits: Number.isInteger(value) ? 0 : 3 });
}

export function valueOf(key: string, value: unknown, currency: string): ComponentChildren {
  if (value === null || value === undefined || value === '')
    return '–';
  if (typeof value === 'number')
    return <span class="num">{number(key, value)}</span>;
  if (typeof value === 'boolean')
    return value ? 'yes' : 'no';
  if (typeof value === 'string' && TIME.test(value))
    return <Clock time={value} seconds />;
  if (typeof value === 'string' && value.includes('.') && nanos(value) !== null)
    return <Money amount={value} currency={currency} exact />;
  return <Said text={typeof value === 'string' ? value : JSON.stringify(value)} max={400} />;
}

export function Values({ of, currency }: { of: Record<string, unknown>; currency: string }): JSX.Element {
  return <Facts rows={Object.entries(of).map(([key, value]) => [nameOf(key), valueOf(key, value, currency)])} />;
}

// A sentence that Nova itself has written: its minus signs are set as ours are.
export function Sentence({ text, max = 1000, lines }: { text: string | null | undefined; max?: number; lines?: 1 | 2 | 3 }): JSX.Element {
  const set = (text ?? '').replace(/(^|[\s(])-(?=[$€£₹₩]?\d)/g, '$1\u2212');
  return lines ? <Said text={set} max={max} lines={lines} /> : <Said text={set} max={max} />;
}
