/** Light, dark, or as the system says. */
import { signal } from '@preact/signals';
import { keep, readKept } from '../i18n/locale';

export type Theme = 'system' | 'light' | 'dark';

const STORAGE_KEY = 'bedside.theme';

function parse(kept: string | null): Theme {
  return kept === 'light' || kept === 'dark' ? kept : 'system';
}

/** What was chosen. */
export const theme = signal<Theme>(parse(readKept(STORAGE_KEY)));

function apply(chosen: Theme): void {
  const root = document.documentElement;
  if (chosen === 'system') delete root.dataset.theme;
  else root.dataset.theme = chosen;
}

/** Chooses and remembers. */
export function setTheme(chosen: Theme): void {
  theme.value = chosen;
  apply(chosen);
  keep(STORAGE_KEY, chosen);
}

/** Applies the remembered choice. Call it before the first paint. */
export function startTheme(): void {
  apply(theme.value);
}
