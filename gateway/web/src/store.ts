// A value that components follow. Nothing is copied: who sets it sets a new object.
import { useEffect, useRef, useState } from 'preact/hooks';

export interface Store<T> {
  get(): T;
  set(value: T): void;
  update(change: (value: T) => T): void;
  subscribe(heard: () => void): () => void;
}

export function createStore<T>(first: T): Store<T> {
  let value = first;
  const heard = new Set<() => void>();
  const set = (next: T) => {
    if (Object.is(next, value))
      return;
    value = next;
    for (const f of [...heard])
      f();
  };
  return {
    get: () => value,
    set,
    update: (change) => set(change(value)),
    subscribe: (f) => {
      heard.add(f);
      return () => heard.delete(f);
    },
  };
}

// What `select` makes of the value; the component is drawn again only when that changes. It has
// to give the same object for the same value: pick a part, do not build one.
export function useStore<T, S>(store: Store<T>, select: (value: T) => S): S {
  const [, redraw] = useState(0);
  const selected = select(store.get());
  const drawn = useRef({ select, selected });
  drawn.current = { select, selected };
  useEffect(() => {
    const look = () => {
      if (!Object.is(drawn.current.select(store.get()), drawn.current.selected))
        redraw((n) => n + 1);
    };
    look(); // it may have changed between the drawing and now
    return store.subscribe(look);
  }, [store]);
  return selected;
}
