import { describe, expect, it, vi } from 'vitest';
import { catalogue, setLocale } from './catalogue';
import { formatClock, formatDayTime, pluralsOf } from './format';
import { applyToDocument, chooseLocale, locale } from './locale';
import { accent, disguise, mirror } from './pseudo';

describe('the choice of a locale', () => {
  it('keeps an earlier choice', () => expect(chooseLocale('es', ['en-US'])).toBe('es'));
  it('follows the wishes in their order', () => expect(chooseLocale(null, ['fr-FR', 'es-MX', 'en'])).toBe('es'));
  it('falls back to English', () => expect(chooseLocale(null, ['fr'])).toBe('en'));
  it('does not trust what was kept', () => expect(chooseLocale('xx', ['es'])).toBe('es'));
  it('never chooses a pseudo-locale by a wish', () => expect(chooseLocale(null, ['ar-XB', 'en-XA'])).toBe('en'));
  it('turns the page for a right-to-left locale', () => {
    const root = document.createElement('html');
    applyToDocument('ar-XB', root);
    expect([root.dir, root.lang]).toEqual(['rtl', 'ar']);
    applyToDocument('es', root);
    expect([root.dir, root.lang]).toEqual(['ltr', 'es']);
  });
});

describe('plurals and times', () => {
  const count = pluralsOf('en');
  it('chooses the form and puts the number in', () => {
    expect(count(1, { one: '# person', other: '# people' })).toBe('1 person');
    expect(count(1200, { one: '# person', other: '# people' })).toBe('1,200 people');
  });
  it('has words for none where they are given', () => {
    expect(count(0, { one: '# person', other: '# people', zero: 'nobody' })).toBe('nobody');
    expect(count(0, { one: '# person', other: '# people' })).toBe('0 people');
  });
  it('shows running time with hours when there are some', () => {
    expect(formatClock(5_000)).toBe('0:05');
    expect(formatClock(3_845_999)).toBe('1:04:05');
    expect(formatClock(-1)).toBe('0:00');
  });
  it('names the day only when it is another one', () => {
    const now = new Date(2026, 10, 21, 9, 0);
    expect(formatDayTime(new Date(2026, 10, 21, 10, 30), now)).not.toMatch(/november/i);
    expect(formatDayTime(new Date(2026, 10, 22, 10, 30), now)).toMatch(/november/i);
  });
});

describe('pseudo-locales', () => {
  it('makes text at least 40 % longer', () => {
    for (const text of ['Go', 'Leave', 'Your microphone is off.', '#', 'rhythm']) {
      expect([...accent(text)].length).toBeGreaterThanOrEqual(Math.ceil(text.length * 1.4));
    }
  });
  it('closes every override that it opens', () => expect(mirror('Go')).toBe('\u202eGo\u202c'));
  it('reaches groups, steps and messages with holes', () => {
    const shown = disguise({ a: 'x', group: { b: (n: number) => `${n} y` }, steps: ['z'] }, 'ar-XB');
    expect(shown.a).toBe(mirror('x'));
    expect(shown.group.b(2)).toBe(mirror('2 y'));
    expect(shown.steps).toEqual([mirror('z')]);
  });
});

describe('catalogues', () => {
  const words = (hello: string) => Promise.resolve({ default: { hello } });

  it('refuses to be used before its words are there', () => {
    const part = catalogue({ en: () => words('Hello'), es: () => words('Hola') });
    expect(() => part.t.hello).toThrow(/before load/);
  });
  it('switches all loaded parts at once, and only those', async () => {
    await setLocale('en');
    const used = catalogue({ en: () => words('Hello'), es: () => words('Hola') });
    const es = vi.fn(() => words('Adiós'));
    catalogue({ en: () => words('Bye'), es });
    await used.load();
    expect(used.t.hello).toBe('Hello');
    await setLocale('es');
    expect(used.t.hello).toBe('Hola');
    expect(locale.value).toBe('es');
    expect(document.documentElement.lang).toBe('es');
    expect(es).not.toHaveBeenCalled();
    await setLocale('en');
  });
  it('stays as it is when a language cannot be fetched', async () => {
    await setLocale('en');
    const es = vi.fn(() => words('Hola')).mockRejectedValueOnce(new Error('offline'));
    const part = catalogue({ en: () => words('Hello'), es });
    await part.load();
    await expect(setLocale('es')).rejects.toThrow('offline');
    expect(part.t.hello).toBe('Hello');
    expect(locale.value).toBe('en');
  });
  it('tries again after a failure', async () => {
    const load = vi.fn(() => words('Hello')).mockRejectedValueOnce(new Error('offline'));
    const part = catalogue({ en: load, es: () => words('Hola') });
    await expect(part.load()).rejects.toThrow('offline');
    await part.load();
    expect(part.t.hello).toBe('Hello');
  });
});
