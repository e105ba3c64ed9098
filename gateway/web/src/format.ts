// How figures look. Amounts come as decimal strings of up to 9 decimals and stay exact: they are
// counted in integers of 10^-9, rounded half-even only to be shown.
const NANO = 1_000_000_000n;
const SIGNS: Record<string, string> = { USD: '$', EUR: '€', GBP: '£', INR: '₹', KRW: '₩' };
const MINUS = '\u2212';

export function nanos(amount: string | null | undefined): bigint | null {
  const m = /^(-?)(\d+)(?:\.(\d{1,9}))?$/.exec(amount ?? '');
  if (!m)
    return null;
  const n = BigInt(m[2] ?? '0') * NANO + BigInt((m[3] ?? '').padEnd(9, '0'));
  return m[1] ? -n : n;
}

// For the pixels of charts only; never shown, never summed.
export function pixels(amount: string | null | undefined): number | null {
  const n = nanos(amount);
  return n === null ? null : Number(n) / 1e9;
}

function roundHalfEven(n: bigint, unit: bigint): bigint {
  const q = n / unit;
  const twice = (n % unit) * 2n;
  return twice > unit || (twice === unit && q % 2n === 1n) ? q + 1n : q;
}

const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+$)/g, ',');

function digitsOf(n: bigint): string {
  const cents = roundHalfEven(n, NANO / 100n).toString().padStart(3, '0');
  return `${grouped(cents.slice(0, -2))}.${cents.slice(-2)}`;
}

// All digits that say something, and at least the cents.
function wholeOf(n: bigint): string {
  const text = n.toString().padStart(10, '0');
  return `${grouped(text.slice(0, -9))}.${text.slice(-9, -7)}${text.slice(-7).replace(/0+$/, '')}`;
}

export interface MoneyLook {
  plus?: boolean; // a sign in front of gains too
  exact?: boolean; // every digit there is: for single events
}

// "1234.5" USD -> "$1,234.50", "-3" -> "−$3.00", unknown -> "–"; what is there but less than half
// a cent -> "<$0.01" (a title has the exact amount).
export function money(amount: string | null | undefined, currency = 'USD', look: MoneyLook = {}): string {
  const n = nanos(amount);
  if (n === null)
    return '–';
  const abs = n < 0n ? -n : n;
  const tiny = !look.exact && abs > 0n && abs < NANO / 200n;
  const sign = (n < 0n ? MINUS : look.plus && n > 0n && !tiny ? '+' : '') + (tiny ? '<' : '');
  const digits = tiny ? '0.01' : look.exact ? wholeOf(abs) : digitsOf(abs);
  const symbol = SIGNS[currency];
  return symbol ? `${sign}${symbol}${digits}` : `${sign}${digits} ${currency}`;
}

// The ticks of one axis, all in one form: $5.00, $7.50, or $0, $1.5k, $3.0k. From numbers made for
// pixels.
export function moneyTicks(values: number[], currency = 'USD'): string[] {
  const top = Math.max(0, ...values.map(Math.abs));
  const step = values.length > 1 ? Math.abs((values[1] ?? 0) - (values[0] ?? 0)) : top;
  const [size, unit] = top >= 1e9 ? [1e9, 'B'] : top >= 1e6 ? [1e6, 'M'] : top >= 1e4 ? [1e3, 'k'] : [1, ''];
  // As many digits as tell one tick from the next; cents are two.
  const needed = step > 0 ? Math.max(0, Math.ceil(-Math.log10(step / size) - 1e-9) + (/^2\.5/.test((step / size).toExponential(2)) ? 1 : 0)) : 0;
  const digits = Math.min(9, unit === '' && needed === 1 ? 2 : needed);
  const symbol = SIGNS[currency];
  return values.map((v) => {
    if (v === 0)
      return symbol ? `${symbol}0` : `0 ${currency}`;
    const text = (Math.abs(v) / size).toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
    return `${v < 0 ? MINUS : ''}${symbol ?? ''}${text}${unit}${symbol ? '' : ` ${currency}`}`;
  });
}

export type Sign = -1 | 0 | 1;
export function signOf(amount: string | null | undefined): Sign {
  const n = nanos(amount) ?? 0n;
  return n > 0n ? 1 : n < 0n ? -1 : 0;
}

// Change of an amount against one before it, both exact: {amount, percent|null}.
export function change(now: string, before: string): { amount: string; percent: number | null } | null {
  const a = nanos(now);
  const b = nanos(before);
  if (a === null || b === null)
    return null;
  const abs = b < 0n ? -b : b;
  return { amount: decimal(a - b), percent: abs === 0n ? null : Number((a - b) * 10000n / abs) / 100 };
}

export function decimal(n: bigint): string {
  const abs = (n < 0n ? -n : n).toString().padStart(10, '0');
  return `${n < 0n ? '-' : ''}${abs.slice(0, -9)}.${abs.slice(-9)}`;
}

export function percent(value: number | null | undefined, digits = 1): string {
  if (value === null || value === undefined || !Number.isFinite(value))
    return '–';
  return `${value < 0 ? MINUS : ''}${Math.abs(value).toLocaleString('en-US', {
    minimumFractionDigits: digits, maximumFractionDigits: digits,
  })}%`;
}

export const count = (n: number | null | undefined): string =>
  n === null || n === undefined ? '–' : n.toLocaleString('en-US');

// "1 worker", "1,000 workers".
export const counted = (n: number, noun: string): string => `${count(n)} ${noun}${n === 1 ? '' : 's'}`;

export function bytes(n: number | null | undefined): string {
  if (n === null || n === undefined)
    return '–';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let i = 0;
  let v = n;
  while (v >= 1024 && i < units.length - 1) {
    v /= 1024;
    i++;
  }
  return `${v >= 100 || i === 0 ? Math.round(v) : v.toFixed(1)} ${units[i]}`;
}

// 45s, 3m12s, 2h05m, 4d3h: two units are enough to act on.
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds))
    return '–';
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60)
    return `${s}s`;
  if (s < 3600)
    return `${Math.floor(s / 60)}m${String(s % 60).padStart(2, '0')}s`;
  if (s < 86400)
    return `${Math.floor(s / 3600)}h${String(Math.floor((s % 3600) / 60)).padStart(2, '0')}m`;
  return `${Math.floor(s / 86400)}d${Math.floor((s % 86400) / 3600)}h`;
}

// One form for ages: "just now", "40 s ago", "15 min ago", "3 h ago", "2 d ago", "in 4 h".
export function ago(time: string | null | undefined, nowMs: number): string {
  const at = Date.parse(time ?? '');
  if (!Number.isFinite(at))
    return '–';
  const s = Math.abs(nowMs - at) / 1000;
  const text = s < 60 ? `${Math.floor(s)} s` : s < 3600 ? `${Math.floor(s / 60)} min`
    : s < 48 * 3600 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86400)} d`;
  return at > nowMs + 1000 ? `in ${text}` : s < 5 ? 'just now' : `${text} ago`;
}

const pad = (n: number): string => String(n).padStart(2, '0');

// 14:05 today, "22 Nov 14:05" before; in the time zone of the browser.
export function clock(time: string | null | undefined, nowMs = Date.now(), seconds = false): string {
  const at = new Date(time ?? NaN);
  if (Number.isNaN(at.getTime()))
    return '–';
  const hm = `${pad(at.getHours())}:${pad(at.getMinutes())}${seconds ? `:${pad(at.getSeconds())}` : ''}`;
  const now = new Date(nowMs);
  if (at.toDateString() === now.toDateString())
    return hm;
  const month = at.toLocaleString('en-GB', { month: 'short' });
  const year = at.getFullYear() === now.getFullYear() ? '' : ` ${at.getFullYear()}`;
  return `${at.getDate()} ${month}${year} ${hm}`;
}

// Whole date and time for titles.
export function exactTime(time: string | null | undefined): string {
  const at = new Date(time ?? NaN);
  return Number.isNaN(at.getTime()) ? '' : at.toLocaleString('en-GB', { timeZoneName: 'short' });
}

// "scale_up" -> "Scale up"
export function words(name: string): string {
  const text = name.replace(/_/g, ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
