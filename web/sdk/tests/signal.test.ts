import { describe, expect, it, vi } from 'vitest';
import { Cell, Cleanup, Emitter } from '../src/signal';

describe('Cell', () => {
  it('tells the present value at once and every change, until stopped', () => {
    const cell = new Cell(1);
    const seen: number[] = [];
    const stop = cell.subscribe((value) => seen.push(value));
    cell.set(2);
    cell.set(2);
    stop();
    stop();
    cell.set(3);
    expect(seen).toEqual([1, 2]);
    expect(cell.value).toBe(3);
  });

  it('never leaves a listener with an older value than the last', () => {
    const cell = new Cell(0);
    cell.subscribe((value) => {
      if (value === 1) cell.set(2);
    });
    const seen: number[] = [];
    cell.subscribe((value) => seen.push(value));
    cell.set(1);
    expect(seen.at(-1)).toBe(2);
    expect(seen).not.toContain(1);
  });

  it('goes on with the others when a listener throws, and does not hide the fault', () => {
    const faults: unknown[] = [];
    vi.stubGlobal('queueMicrotask', (task: () => void) => {
      try {
        task();
      } catch (fault) {
        faults.push(fault);
      }
    });
    const cell = new Cell(0);
    const fault = new Error('page');
    cell.subscribe((value) => {
      if (value === 1) throw fault;
    });
    const seen: number[] = [];
    cell.subscribe((value) => seen.push(value));
    cell.set(1);
    expect(seen).toEqual([0, 1]);
    expect(faults).toEqual([fault]);
  });
});

describe('Emitter', () => {
  it('tells only those who listen for the type', () => {
    const emitter = new Emitter<{ type: 'a'; n: number } | { type: 'b' }>();
    const seen: number[] = [];
    const stop = emitter.on('a', ({ n }) => seen.push(n));
    emitter.emit({ type: 'a', n: 1 });
    emitter.emit({ type: 'b' });
    stop();
    emitter.emit({ type: 'a', n: 2 });
    expect(seen).toEqual([1]);
  });
});

describe('Cleanup', () => {
  it('undoes in reverse order, once', () => {
    const done: number[] = [];
    const cleanup = new Cleanup();
    cleanup.add(() => done.push(1));
    cleanup.add(() => done.push(2));
    cleanup.run();
    cleanup.run();
    expect(done).toEqual([2, 1]);
  });
});
