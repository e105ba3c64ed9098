// Effective settings, and where each value came from.
export interface Setting {
  key: string;
  value: string; // secrets are masked before they get here
  origin: string; // "file:line", "environment NAME" or "default"
}

export interface Settings {
  config: string; // path of nova.yaml
  settings: Setting[];
}

// Lists of words, as in `command:`, come as JSON; null where it is no such list.
export function listOf(value: string): string[] | null {
  if (!value.startsWith('['))
    return null;
  try {
    const list: unknown = JSON.parse(value);
    return Array.isArray(list) && list.length > 0 && list.every((w) => typeof w === 'string') ? list : null;
  } catch {
    return null;
  }
}

// "$20000.00" -> "$20,000.00"; anything else as it is.
export const grouped = (value: string): string =>
  value.replace(/^(\D{0,3})(\d{4,})(\.\d\d)?$/, (whole, sign: string, digits: string, cents: string | undefined) =>
    (cents ? `${sign}${digits.replace(/\B(?=(\d{3})+$)/g, ',')}${cents}` : whole));

// A word as a shell wants it.
export const quoted = (word: string): string =>
  (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`);
