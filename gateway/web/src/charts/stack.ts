// Layers that stand on each other. Numbers here are places on the screen, never shown as amounts.

// Heights of stacked layers: what is positive grows up from zero, what is negative down.
// A column in which a layer is missing stays a gap in that layer.
export function stack(layers: (number | null)[][]): (number | null)[][] {
  const columns = layers[0]?.length ?? 0;
  const up = new Array<number>(columns).fill(0);
  const down = new Array<number>(columns).fill(0);
  return layers.map((layer) =>
    layer.map((value, i) => {
      if (value === null)
        return null;
      const side = value < 0 ? down : up;
      side[i] = (side[i] ?? 0) + value;
      return side[i] ?? 0;
    }));
}

// Exact, on the decimal string: layers of money that went are drawn below zero.
export function negated(amount: string | null): string | null {
  if (amount === null || /^-?0+(\.0*)?$/.test(amount))
    return amount;
  return amount.startsWith('-') ? amount.slice(1) : `-${amount}`;
}
