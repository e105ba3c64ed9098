// Text that programs of the fleet wrote. It is shown as text, always; what cannot be seen or
// turns what can be seen around (control characters, bidi overrides, zero width) is spelled out.
const UNSEEN = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u00AD\u061C\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF\uFFF9-\uFFFB]/g;
// Sequences of terminals: colours, titles, links. Their text stays, they go.
const TERMINAL = /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)|[PX^_][^\u001B]*\u001B\\|[ -/]*[0-OQ-WYZ\\`-~])/g;

const spelled = (c: string): string => {
  const code = c.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
};

// One piece of text for a text node, cut at `max` characters.
export function shown(text: unknown, max = 4096): string {
  const whole = typeof text === 'string' ? text : text === null || text === undefined ? '' : String(text);
  const cut = whole.length > max ? `${whole.slice(0, max)}…` : whole;
  return cut.replace(UNSEEN, spelled);
}

// A line of a log: colours are taken out, everything else unseen is spelled.
export const logLine = (line: string): string => shown(line.replace(TERMINAL, ''), 16384);
