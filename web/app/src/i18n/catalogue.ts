/**
 * Typed messages, loaded per language. A message is a string, or a function when it has holes; the
 * English file gives the shape, and a file of another language that misses a key or takes other
 * arguments does not compile. Owns loading and switching; knows no particular message.
 */
import { batch, signal } from '@preact/signals';
import { applyToDocument, keepLocale, locale, languageOf, type Language, type Locale } from './locale';

/** A message with holes takes its fillings as arguments; a list is a sequence of steps. */
type Message = string | readonly string[] | ((...fillings: never[]) => string);

/** Messages by key, grouped as deep as useful. */
export interface Messages {
  readonly [key: string]: Message | Messages;
}

/** What a translation of `M` has to look like: the same keys, the same holes, its own words. */
export type Translation<M> = {
  readonly [K in keyof M]: M[K] extends string
    ? string
    : M[K] extends readonly string[]
      ? readonly string[]
      : M[K] extends (...fillings: infer Fillings) => string
        ? (...fillings: Fillings) => string
        : Translation<M[K]>;
};

type Loader<M> = () => Promise<{ readonly default: M }>;

/** The messages of one part of the page. */
export interface Catalogue<M> {
  /** Loads the words of the locale in use. Later switches of the locale load by themselves. */
  load(): Promise<void>;
  /** The words. Reading them in a component subscribes it to the language. */
  readonly t: M;
}

interface Loadable {
  readonly wanted: boolean;
  prepare(of: Locale): Promise<() => void>;
}

const all: Loadable[] = [];

async function shape<M>(messages: M, of: Locale): Promise<M> {
  if (of !== 'en-XA' && of !== 'ar-XB') return messages;
  const { disguise } = await import('./pseudo');
  return disguise(messages, of);
}

/** Declares the messages of one part: where each language's words are. */
export function catalogue<M>(loaders: Record<Language, Loader<M>>): Catalogue<M> {
  const current = signal<M | null>(null);
  let wanted = false;
  let loading: Promise<void> | null = null;

  async function prepare(of: Locale): Promise<() => void> {
    const { default: messages } = await loaders[languageOf(of)]();
    const shaped = await shape(messages, of);
    return () => {
      current.value = shaped;
    };
  }

  all.push({
    get wanted() {
      return wanted;
    },
    prepare,
  });

  return {
    load() {
      wanted = true;
      const asked = locale.value;
      loading ??= prepare(asked).then(
        (use) => {
          // A switch of the language that finished meanwhile has brought newer words.
          if (current.value === null || locale.value === asked) use();
        },
        (failure: unknown) => {
          // The network broke in between: the next call tries again.
          loading = null;
          throw failure;
        },
      );
      return loading;
    },
    get t() {
      if (current.value === null) throw new Error('messages are used before load() is done');
      return current.value;
    },
  };
}

/**
 * Switches the language. Nothing changes on the screen until all words are there; then everything
 * changes at once.
 */
export async function setLocale(to: Locale): Promise<void> {
  const uses = await Promise.all(all.filter((part) => part.wanted).map((part) => part.prepare(to)));
  batch(() => {
    for (const use of uses) use();
    locale.value = to;
  });
  applyToDocument(to);
  keepLocale(to);
}
