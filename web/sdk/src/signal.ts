/** Observable values and events. Owns delivery; holds no state but the current value. */

import type { Value } from './types';

/** Tells the page's error handler about a listener that threw, without breaking the SDK. */
function surface(fault: unknown): void {
  queueMicrotask(() => {
    throw fault;
  });
}

/** A {@link Value} that its owner can change. */
export class Cell<T> implements Value<T> {
  #value: T;
  readonly #same: (a: T, b: T) => boolean;
  readonly #listeners = new Set<(value: T) => void>();

  /** `same` decides what counts as no change; identity by default. */
  constructor(value: T, same: (a: T, b: T) => boolean = Object.is) {
    this.#value = value;
    this.#same = same;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    if (this.#same(this.#value, value)) return;
    this.#value = value;
    // A copy, because a listener may stop itself. The current value is read anew for each, so that
    // a listener that sets the cell again never makes the next one see an older value last.
    for (const listener of Array.from(this.#listeners)) this.#tell(listener);
  }

  subscribe(listener: (value: T) => void): () => void {
    // Wrapped, so that the same function may be given twice and stopped once.
    const own = (value: T) => listener(value);
    this.#listeners.add(own);
    this.#tell(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  #tell(listener: (value: T) => void): void {
    try {
      listener(this.#value);
    } catch (fault) {
      surface(fault);
    }
  }
}

/** Typed events, told apart by `type`. */
export class Emitter<E extends { readonly type: string }> {
  readonly #listeners = new Map<string, Set<(event: E) => void>>();

  on<K extends E['type']>(type: K, listener: (event: Extract<E, { type: K }>) => void): () => void {
    const own = listener as (event: E) => void;
    const wrapped = (event: E) => own(event);
    const set = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, set.add(wrapped));
    return () => {
      set.delete(wrapped);
    };
  }

  emit(event: E): void {
    for (const listener of Array.from(this.#listeners.get(event.type) ?? [])) {
      try {
        listener(event);
      } catch (fault) {
        surface(fault);
      }
    }
  }
}

/** Things to undo, in reverse order, once. */
export class Cleanup {
  #tasks: (() => void)[] = [];

  add(task: () => void): void {
    this.#tasks.push(task);
  }

  run(): void {
    const tasks = this.#tasks;
    this.#tasks = [];
    for (const task of tasks.reverse()) task();
  }
}
