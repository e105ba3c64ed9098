// Patterns of paths.
// "/workers/{worker}" against "/workers/a%20b" -> ["a b"]; null where it is another path.
export function match(pattern: string, path: string): string[] | null {
  const want = pattern.split('/');
  const have = path.replace(/(.)\/+$/, '$1').split('/');
  if (want.length !== have.length)
    return null;
  const params: string[] = [];
  for (let i = 0; i < want.length; i++) {
    const w = want[i] ?? '';
    const h = have[i] ?? '';
    if (w.startsWith('{')) {
      try {
        params.push(decodeURIComponent(h));
      } catch {
        return null;
      }
    } else if (w !== h) {
      return null;
    }
  }
  return params;
}
