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
