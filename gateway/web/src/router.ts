// Paths of the dashboard. Every page is a path, so it can be kept, shared and gone back to.
import { createStore, useStore } from './store';

export { match } from './paths';

interface Place {
  path: string;
  query: string;
}

const here = (): Place => ({ path: location.pathname, query: location.search });
const place = createStore<Place>(here());

addEventListener('popstate', () => place.set(here()));

export function navigate(to: string, how: 'push' | 'replace' = 'push'): void {
  const target = new URL(to, location.href);
  if (target.origin !== location.origin)
    return;
  const before = location.pathname;
  if (how === 'push')
    history.pushState(null, '', target);
  else
    history.replaceState(null, '', target);
  place.set(here());
  if (target.hash)
    showPart(target.hash.slice(1));
  else if (target.pathname !== before)
    scrollTo(0, 0);
}

// A part of a page comes into sight as soon as the page has drawn it.
function showPart(id: string, tries = 60): void {
  const part = document.getElementById(id);
  if (part)
    part.scrollIntoView({ block: 'start' });
  else if (tries > 0)
    requestAnimationFrame(() => showPart(id, tries - 1));
}

export const usePath = (): string => useStore(place, (p) => p.path);

// The parameters behind the "?", and a way to change some of them in place (null removes).
export function useQuery(): [URLSearchParams, (change: Record<string, string | null>) => void] {
  const query = useStore(place, (p) => p.query);
  return [new URLSearchParams(query), (change) => {
    const next = new URLSearchParams(location.search);
    for (const [key, value] of Object.entries(change)) {
      if (value === null || value === '')
        next.delete(key);
      else
        next.set(key, value);
    }
    const text = next.toString();
    navigate(location.pathname + (text ? `?${text}` : ''), 'replace');
  }];
}
