// One uPlot canvas: made, fed, resized, and painted anew when the theme changes. What all charts
// of the dashboard have in common: each is an image with a summary in words, has a readout of
// what is below the pointer, and a table with the exact amounts.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { useStore } from '../store';
import { themeNow } from '../theme';
import { readColours, type Colours } from './theme';

export interface PlotTable {
  head: string[];
  rows: string[][];
}

export type PlotOptions = Omit<uPlot.Options, 'width' | 'height'>;

export interface PlotProps {
  title: string;
  summary: string; // what a person would say about the picture in a sentence or two
  height?: number;
  data: uPlot.AlignedData;
  options: (colours: Colours) => PlotOptions;
  shape: string; // names all that `options` depends on: the plot is made anew when it changes
  readout: (index: number | null) => ComponentChildren; // null: the pointer is elsewhere
  table: () => PlotTable; // asked for when somebody opens it
}

// No legend of its own, no dragging to zoom: a page is read, not operated.
function whole(options: PlotOptions, width: number, height: number, moved: (i: number | null) => void): uPlot.Options {
  return {
    ...options,
    width,
    height,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, ...options.cursor },
    hooks: { ...options.hooks, setCursor: [(u) => moved(u.cursor.idx ?? null)] },
  };
}

function Rows({ title, table }: { title: string; table: PlotTable }) {
  return (
    <div class="plot-rows" tabIndex={0} role="group" aria-label={`${title}, as a table`}>
      <table >
        <thead>
          <tr>{table.head.map((name, i) => <th scope="col" class={i ? 'r' : ''} key={name}>{name}</th>)}</tr>
        </thead>
        <tbody>
          {table.rows.map((row) => (
            <tr key={row[0]}>
              {row.map((cell, i) => i ? <td class="r num" key={i}>{cell}</td> : <th scope="row" key={i}>{cell}</th>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

// A year of rows is long: the table is made when it is opened, and not before.
function TableBelow({ title, table }: { title: string; table: () => PlotTable }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="plot-table" onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>As a table</summary>
      {open && <Rows title={title} table={table()} />}
    </details>
  );
}

export function Plot({ title, summary, height = 220, data, options, shape, readout, table }: PlotProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [index, setIndex] = useState<number | null>(null);
  const theme = useStore(themeNow, (t) => t);

  useEffect(() => {
    const at = box.current;
    if (!at)
      return undefined;
    const made = new uPlot(whole(options(readColours()), Math.max(80, at.clientWidth), height, setIndex), data, at);
    plot.current = made;
    const resized = new ResizeObserver(() => {
      if (at.clientWidth > 0 && at.clientWidth !== made.width)
        made.setSize({ width: at.clientWidth, height });
    });
    resized.observe(at);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
    // New data is given to the plot that is there, below.
  }, [shape, theme, height]);

  useEffect(() => {
    if (plot.current && plot.current.data !== data)
      plot.current.setData(data);
  }, [data]);

  return (
    <figure class="plot">
      <div class="plot-readout" aria-hidden="true">{readout(index)}</div>
      <div class="plot-canvas" ref={box} role="img" aria-label={`${title}. ${summary}`} />
      <TableBelow title={title} table={table} />
    </figure>
  );
}
