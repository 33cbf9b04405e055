/** What the compiler cannot see: translations that were forgotten in place, and lost holes. */
import { describe, expect, it } from 'vitest';
import { CHECK_CODES } from '@bedside/client/protocol';
import enProblems from './en/problems';
import esProblems from './es/problems';

type Tree = { readonly [key: string]: unknown };

/** Every message as `path → text`; holes are filled with marks that must come out again. */
function flat(tree: Tree, path = ''): Map<string, string> {
  const out = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    const at = `${path}${key}`;
    if (typeof value === 'string') out.set(at, value);
    else if (typeof value === 'function') out.set(at, String((value as (...holes: unknown[]) => string)(7, 8)));
    else if (typeof value === 'object' && value !== null) for (const [k, v] of flat(value as Tree, `${at}.`)) out.set(k, v);
  }
  return out;
}

const files = import.meta.glob<{ default: Tree }>('./{en,es}/*.ts', { eager: true });
const names = Object.keys(files).filter((path) => path.startsWith('./en/')).map((path) => path.slice('./en/'.length));

/** The same word in both languages. */
const SAME = new Set(['Chat', 'No']);

describe.each(names)('%s', (name) => {
  const en = flat(files[`./en/${name}`]?.default ?? {});
  const es = flat(files[`./es/${name}`]?.default ?? {});

  it('has the same messages in both languages', () => {
    expect(en.size).toBeGreaterThan(0);
    expect([...es.keys()].sort()).toEqual([...en.keys()].sort());
  });
  it('is translated throughout', () => {
    const same = [...en].filter(([key, text]) => es.get(key) === text && !SAME.has(text)).map(([key]) => key);
    expect(same).toEqual([]);
  });
  it('keeps the holes', () => {
    const holes = (text: string) => text.match(/[78]/g)?.sort().join('') ?? '';
    for (const [key, text] of en) expect(`${key} ${holes(es.get(key) ?? '')}`).toBe(`${key} ${holes(text)}`);
  });
});

describe('problems', () => {
  it.each([enProblems, esProblems])('have a sentence and a way out for every code', ({ problems }) => {
    for (const code of CHECK_CODES) {
      expect(problems[code].what).not.toBe('');
      expect(problems[code].fix.length).toBeGreaterThan(0);
    }
  });
});
