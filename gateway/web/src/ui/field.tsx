// A worker's name to look for: offered from the fleet as it is, taken on Enter or when the field is
// left, so that no question is asked about half a name.
import type { JSX } from 'preact';
import { useEffect, useId, useState } from 'preact/hooks';
import { useStore } from '../store';
import { fleet } from '../stream';

export function WorkerField({ label, value, change, groups = false }: {
  label: string; value: string; change: (name: string) => void; groups?: boolean; // offer groups, too
}): JSX.Element {
  const id = useId();
  const rows = useStore(fleet, (f) => f?.rows);
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  const names = new Set<string>();
  for (const row of rows?.values() ?? []) {
    names.add(row.worker);
    if (groups)
      names.add(row.group);
  }
  return (
    <>
      <input class="search" type="search" aria-label={label} placeholder={label} value={typed} list={id} autocomplete="off" spellcheck={false}
        maxLength={64} onInput={(e) => setTyped(e.currentTarget.value)} onChange={(e) => change(e.currentTarget.value.trim())} />
      <datalist id={id}>{[...names].sort().map((name) => <option key={name} value={name} />)}</datalist>
    </>
  );
}
