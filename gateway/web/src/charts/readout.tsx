// The line above a chart: what its colours mean, and the amounts below the pointer.
import type { Tone } from './theme';

export interface Reading {
  label: string;
  tone: Tone;
  value: string | null; // null: nothing known there
}

export function Readout({ when, items }: { when: string; items: Reading[] }) {
  return (
    <>
      <span class="plot-when">{when}</span>
      {items.map((item) => (
        <span class="plot-item" key={item.label}>
          <span class={`plot-key plot-key-${item.tone}`} />
          {item.label} <b>{item.value ?? '–'}</b>
        </span>
      ))}
    </>
  );
}
