// A line as big as a word: SVG, since a thousand of them stand in a list.
import { pixels } from '../format';

const WIDTH = 96;
const HEIGHT = 20;
// Less than half a cent is nothing to draw a cliff of.
const FLAT_BELOW = 0.005;

// One path; where an hour is missing the line is interrupted, not drawn through.
function pathOf(values: (number | null)[], x: (i: number) => number, y: (v: number) => number): string {
  let path = '';
  let down = false;
  values.forEach((v, i) => {
    if (v !== null)
      path += `${down ? 'L' : 'M'}${x(i).toFixed(1)} ${y(v).toFixed(1)}`;
    down = v !== null;
  });
  return path;
}

function inWords(known: number[]): string {
  if (known.length === 0)
    return 'nothing known';
  const low = Math.min(...known);
  const high = Math.max(...known);
  if (high - low < FLAT_BELOW && Math.abs(high) < FLAT_BELOW)
    return 'nothing earned or spent';
  return low < 0 && high > 0 ? 'gains and losses' : high > 0 ? 'gains' : 'losses';
}

export interface SparklineProps {
  values: readonly (string | null)[]; // amounts, oldest first
  label: string; // what it is of: "Profit of the last 24 hours"
}

export function Sparkline({ values, label }: SparklineProps) {
  const points = values.map(pixels);
  const known = points.filter((v): v is number => v !== null);
  const low = Math.min(0, ...known);
  const high = Math.max(0, ...known);
  const flat = high - low < FLAT_BELOW;
  const x = (i: number) => 1 + (i * (WIDTH - 2)) / Math.max(1, points.length - 1);
  const y = (v: number) => flat ? HEIGHT / 2 : 1 + ((high - v) * (HEIGHT - 2)) / (high - low);
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT}
      role="img" aria-label={`${label}: ${inWords(known)}`}>
      <path class="spark-zero" d={`M0 ${y(0).toFixed(1)}H${WIDTH}`} />
      {!flat && <path class="spark-line" d={pathOf(points, x, y)} />}
    </svg>
  );
}
