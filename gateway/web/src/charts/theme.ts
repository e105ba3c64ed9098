// Colours of charts: read from the stylesheet when a canvas is painted, since a canvas keeps
// what was painted on it while everything else follows the theme by itself.

export type Tone = 'revenue' | 'cost' | 'profit' | 'refunds' | 'disputes' | 'fees' | 'limit';

export interface Colours {
  tone: (tone: Tone) => string;
  muted: string;
  grid: string;
  zero: string;
  surface: string;
  font: string;
}

export function readColours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(name).trim() || '#888888';
  return {
    tone: (tone) => token(`--chart-${tone}`),
    muted: token('--chart-text'),
    grid: token('--chart-grid'),
    zero: token('--chart-zero'),
    surface: token('--surface'),
    font: `11px ${getComputedStyle(document.body).fontFamily}`,
  };
}

// The same colour with less of it: "#rrggbb" -> "#rrggbbaa".
export const faint = (colour: string, alpha: number): string =>
  /^#[0-9a-f]{6}$/i.test(colour) ? colour + Math.round(alpha * 255).toString(16).padStart(2, '0') : colour;
