// How much of the whole a row is, beside the percentage in words.
export function Share({ percent, label }: { percent: number; label: string }) {
  const part = Math.max(0, Math.min(100, percent));
  return (
    <svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label={`${label}: ${percent}%`}>
      <rect class="share-track" x={0} y={0} width={100} height={8} rx={1} />
      <rect class="share-bar" x={0} y={0} width={part} height={8} rx={1} />
    </svg>
  );
}
