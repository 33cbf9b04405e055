/**
 * Pseudo-locales for tests: they show words that are not translated, boxes that are too narrow and
 * pages that do not mirror, without anybody having to read another language.
 */
import type { Locale } from './locale';

const ACCENTS: Readonly<Record<string, string>> = {
  a: 'á', b: 'ƀ', c: 'ç', d: 'ð', e: 'é', f: 'ƒ', g: 'ĝ', h: 'ĥ', i: 'î', j: 'ĵ', k: 'ķ', l: 'ļ',
  m: 'ɱ', n: 'ñ', o: 'ö', p: 'þ', q: 'ǫ', r: 'ŕ', s: 'š', t: 'ţ', u: 'û', v: 'ṽ', w: 'ŵ', x: 'ẋ',
  y: 'ý', z: 'ž', A: 'Å', C: 'Ç', D: 'Ð', E: 'É', G: 'Ĝ', H: 'Ĥ', I: 'Î', L: 'Ļ', N: 'Ñ', O: 'Ö',
  R: 'Ŕ', S: 'Š', T: 'Ţ', U: 'Û', W: 'Ŵ', Y: 'Ý', Z: 'Ž',
};

/** How much longer the text gets. */
const GROWTH = 0.4;

/** Accents every letter and doubles vowels until the text is 40 % longer. */
export function accent(text: string): string {
  let room = Math.ceil(text.length * GROWTH);
  let out = '';
  for (const char of text) {
    const accented = ACCENTS[char] ?? char;
    out += accented;
    if (room > 0 && /[aeiouy]/.test(char)) {
      out += accented;
      room -= 1;
    }
  }
  return `[${out}${'é'.repeat(Math.max(0, room - 2))}]`;
}

/** Turns the text around with the Unicode override marks, as a right-to-left script would look. */
export function mirror(text: string): string {
  return `\u202e${text}\u202c`;
}

/** A copy of `messages` that answers with disguised words; the fillings of holes included. */
export function disguise<M>(messages: M, as: Locale): M {
  const change = as === 'ar-XB' ? mirror : accent;
  const walk = (node: unknown): unknown => {
    if (typeof node === 'string') return change(node);
    if (typeof node === 'function') {
      return (...fillings: unknown[]) => change((node as (...f: unknown[]) => string)(...fillings));
    }
    if (Array.isArray(node)) return node.map(walk);
    if (typeof node === 'object' && node !== null) {
      return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, walk(value)]));
    }
    return node;
  };
  return walk(messages) as M;
}
