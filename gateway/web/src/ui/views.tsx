// Views of one page: links that look like tabs, so that each can be kept and gone back to.
import type { JSX } from 'preact';
import { useQuery } from '../router';
import { Link } from './text';

export type View = readonly [id: string, name: string];

// The view that the query names ("?view="), else the first.
export function useView(views: readonly View[]): string {
  const [query] = useQuery();
  const wanted = query.get('view');
  return views.find(([id]) => id === wanted)?.[0] ?? views[0]?.[0] ?? '';
}

export function Views({ path, views, label }: { path: string; views: readonly View[]; label: string }): JSX.Element {
  const now = useView(views);
  return (
    <nav class="views" aria-label={label}>
      {views.map(([id, name], i) => (
        <Link key={id} href={i === 0 ? path : `${path}?view=${id}`} aria-current={id === now ? 'page' : undefined}>{name}</Link>
      ))}
    </nav>
  );
}
