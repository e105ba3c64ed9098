// Painted around the series: the line at zero, which tells earning from losing, and a limit; and
// the range that has both in it.
import type uPlot from 'uplot';
import type { Colours } from './theme';

function horizontal(u: uPlot, value: number, colour: string, dash: number[]): void {
  const scale = u.scales['y'];
  if (scale?.min === undefined || scale.max === undefined || value < scale.min || value > scale.max)
    return;
  const y = Math.round(u.valToPos(value, 'y', true)) + 0.5;
  u.ctx.save();
  u.ctx.strokeStyle = colour;
  u.ctx.lineWidth = devicePixelRatio;
  u.ctx.setLineDash(dash.map((d) => d * devicePixelRatio));
  u.ctx.beginPath();
  u.ctx.moveTo(u.bbox.left, y);
  u.ctx.lineTo(u.bbox.left + u.bbox.width, y);
  u.ctx.stroke();
  u.ctx.restore();
}

// Hooks of a chart of money; `limit` is drawn dashed where there is one.
export function lines(colours: Colours, limit: number | null = null): uPlot.Hooks.Arrays {
  return {
    drawAxes: [(u) => horizontal(u, 0, colours.zero, [])],
    draw: [(u) => {
      if (limit !== null)
        horizontal(u, limit, colours.tone('limit'), [6, 4]);
    }],
  };
}

// Zero is always in sight, with some air around the rest; a line of nothing gets some room, too.
export function rangeWithZero(...more: (number | null)[]) {
  return (_u: uPlot, min: number | null, max: number | null): uPlot.Range.MinMax => {
    const known = [min, max, ...more].filter((v): v is number => v !== null && Number.isFinite(v));
    const low = Math.min(0, ...known);
    const high = Math.max(0, ...known);
    if (low === high)
      return [0, 1];
    const air = (high - low) * 0.06;
    return [low < 0 ? low - air : 0, high > 0 ? high + air : 0];
  };
}
