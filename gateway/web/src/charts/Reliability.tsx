// Were the stated probabilities true? Stated to the right, how often it came true upwards; on the
// diagonal both are the same. The lines are how far chance alone would carry a true statement.
export interface Bin {
  claims: number;
  came_true: number;
  stated: number; // mean of what was stated, 0..1
  rate: number; // how often it came true
  low: number; // of the interval of `rate`
  high: number;
  agrees: boolean;
}

const SIZE = 200;
const LEFT = 50;
const TOP = 8;
const at = (p: number) => LEFT + p * SIZE;
const up = (p: number) => TOP + (1 - p) * SIZE;
const WIDTH = LEFT + SIZE + 20;
const HEIGHT = TOP + SIZE + 34;
const TICKS = [0, 0.25, 0.5, 0.75, 1];

function Frame() {
  return (
    <>
      {TICKS.map((t) => (
        <g key={t}>
          <line class="reliability-axis" x1={at(0)} x2={at(1)} y1={up(t)} y2={up(t)} />
          <text x={LEFT - 6} y={up(t) + 3} text-anchor="end">{t * 100}%</text>
          <text x={at(t)} y={up(0) + 14} text-anchor="middle">{t * 100}%</text>
        </g>
      ))}
      <line class="reliability-ideal" x1={at(0)} y1={up(0)} x2={at(1)} y2={up(1)} />
      <text x={at(0.5)} y={up(0) + 28} text-anchor="middle">stated probability</text>
      <text x={0} y={0} text-anchor="middle" transform={`translate(8 ${up(0.5)}) rotate(-90)`}>came true</text>
    </>
  );
}

export function Reliability({ bins }: { bins: Bin[] }) {
  const off = bins.filter((b) => !b.agrees).length;
  const words = `${bins.length} groups of statements; ${off === 0 ? 'all of them agree with what happened' : `${off} of them do not agree with what happened`}`;
  return (
    <svg class="reliability" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} role="img"
      aria-label={`Stated probabilities against what came true: ${words}`}>
      <Frame />
      {bins.map((b) => (
        <g key={b.stated}>
          <line class="reliability-range" x1={at(b.stated)} x2={at(b.stated)} y1={up(b.low)} y2={up(b.high)} />
          <circle class={b.agrees ? 'reliability-dot' : 'reliability-off'} cx={at(b.stated)} cy={up(b.rate)} r={4} />
        </g>
      ))}
    </svg>
  );
}
