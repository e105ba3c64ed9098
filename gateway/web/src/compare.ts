// The order of what tables sort by: words, numbers, and amounts as whole numbers.
export type SortKey = string | number | bigint | null;

export function compare(a: SortKey, b: SortKey): number {
  if (a === null || b === null)
    return a === b ? 0 : a === null ? 1 : -1; // what is not known comes last
  if (typeof a === 'string' && typeof b === 'string')
    return a.localeCompare(b, 'en');
  return a < b ? -1 : a > b ? 1 : 0;
}
