// Where an amount will lie: a mark at what is expected, a bar for 80 of 100 cases, a paler one
// for 95. Several of them side by side share one scale.
import { money, pixels } from '../format';
import type { Spread } from '../reports';

// The scale of all that stand below each other, with zero in it.
export function scaleOf(spreads: Spread[]): [number, number] {
  const all = spreads.flatMap((s) => [s.p95[0], s.p95[1], s.expected]).map((a) => pixels(a) ?? 0);
  return [Math.min(0, ...all), Math.max(0, ...all)];
}

const WIDTH = 400;

export function Interval({ spread, scale, label, currency }: { spread: Spread; scale: [number, number]; label: string; currency: string }) {
  const [low, high] = scale;
  const x = (amount: string | number) =>
    low === high ? WIDTH / 2 : 4 + (((typeof amount === 'number' ? amount : pixels(amount) ?? 0) - low) * (WIDTH - 8)) / (high - low);
  const bar = (from: string, to: string) => ({ x: x(from), width: Math.max(1, x(to) - x(from)) });
  const range = ([from, to]: readonly [string, string]) => `${money(from, currency)} and ${money(to, currency)}`;
  const words = `${label}: ${money(spread.expected, currency)} expected; in 80 of 100 cases between ${range(spread.p80)}, in 95 between ${range(spread.p95)}`;
  return (
    <svg class="interval" viewBox={`0 0 ${WIDTH} 24`} preserveAspectRatio="none" role="img" aria-label={words}>
      <rect class="interval-wide" {...bar(...spread.p95)} y={8} height={8} />
      <rect class="interval-inner" {...bar(...spread.p80)} y={5} height={14} />
      <line class="interval-zero" x1={x(0)} x2={x(0)} y1={0} y2={24} />
      <rect class="interval-mark" x={x(spread.expected) - 1} width={2} y={2} height={20} />
    </svg>
  );
}
