// A plain table: caption for those who hear it, numbers to the right, scrolls inside itself.
import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import { count } from '../format';
import { compare } from '../compare';
import type { SortKey } from '../compare';

export interface Column<R> {
  key: string;
  head: ComponentChildren;
  cell: (row: R) => ComponentChildren;
  right?: boolean; // numbers
  wide?: boolean; // takes what is left; may wrap
  phone?: false; // not on a phone
  tablet?: false; // nor on anything narrower than a desk has
  // What to sort by; a column without it is not sortable.
  sort?: (row: R) => SortKey;
}

interface TableProps<R> {
  caption: string;
  rows: R[];
  columns: Column<R>[];
  id: (row: R) => string | number;
  sortBy?: string; // "key" or "-key" at first
  limit?: number; // rows drawn at first; a button shows the others
  foot?: ComponentChildren; // <tr>s of totals
  open?: (row: R) => void; // a click on the row (a link inside is there for the keyboard)
}

export function sorted<R>(rows: R[], columns: Column<R>[], by: string): R[] {
  const down = by.startsWith('-');
  const get = columns.find((c) => c.key === (down ? by.slice(1) : by))?.sort;
  if (!get)
    return rows;
  return [...rows].sort((x, y) => {
    const a = get(x);
    const b = get(y);
    return a === null || b === null || !down ? compare(a, b) : compare(b, a);
  });
}

export function SortHead({ column, by, change, right }: { column: { key: string; head: ComponentChildren }; by: string; change: (by: string) => void; right?: boolean }): JSX.Element {
  const on = by === column.key || by === `-${column.key}`;
  const down = by === `-${column.key}`;
  // The first press on numbers puts the biggest on top: that is what one looks for.
  const next = on ? (down ? column.key : `-${column.key}`) : right ? `-${column.key}` : column.key;
  return (
    <button type="button" class="sort" onClick={() => change(next)}>
      {column.head}<span class="sort-mark" aria-hidden="true">{on ? (down ? '↓' : '↑') : ''}</span>
    </button>
  );
}

const classOf = (c: { right?: boolean; wide?: boolean; phone?: false; tablet?: false }): string =>
  [c.right ? 'r' : '', c.wide ? 'wide' : '', c.phone === false ? 'no-phone' : '', c.tablet === false ? 'no-tablet' : ''].filter(Boolean).join(' ');

export function Table<R>({ caption, rows, columns, id, sortBy = '', limit, foot, open }: TableProps<R>): JSX.Element {
  const [by, setBy] = useState(sortBy);
  const [all, setAll] = useState(false);
  const ordered = sorted(rows, columns, by);
  const cut = limit !== undefined && !all && ordered.length > limit;
  return (
    <div class="table-box" role="region" aria-label={caption} tabIndex={0}>
      <table>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((c) => (
              <th key={c.key} scope="col" class={classOf(c)}
                aria-sort={by === c.key ? 'ascending' : by === `-${c.key}` ? 'descending' : undefined}>
                {c.sort ? <SortHead column={c} by={by} change={setBy} right={c.right ?? false} /> : c.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {(cut ? ordered.slice(0, limit) : ordered).map((row) => (
            <tr key={id(row)} class={open ? 'opens' : undefined} onClick={open ? (e) => {
              if (!(e.target as Element).closest('a,button,input'))
                open(row);
            } : undefined}>
              {columns.map((c) => <td key={c.key} class={classOf(c)}>{c.cell(row)}</td>)}
            </tr>
          ))}
        </tbody>
        {foot ? <tfoot>{foot}</tfoot> : null}
      </table>
      {cut ? <p class="table-more"><button type="button" class="btn small" onClick={() => setAll(true)}>Show all {count(ordered.length)}</button></p> : null}
    </div>
  );
}
