import { signal } from '@preact/signals';
import { describe, expect, it, vi } from 'vitest';
import type { CheckReport, Phase, VisitClient } from '@bedside/client';
import type { DeviceCheck } from '@bedside/client/check';
import { Held, visitDouble } from '../../gallery/doubles';
import type { Entry, Session } from './session';
import { createPatientState, type VisitPart } from './state';

const OPEN: Entry = { at: 'open', seat: { seat: 'seat', visit: 'visit' }, fresh: true, look: null };
const REPORT: CheckReport = { outcomes: [], rtt_ms: 40 };
const check = { devices: {} } as DeviceCheck;

function stage(phase: Phase = 'checking') {
  const entry = signal<Entry>({ at: 'looking' });
  const session: Session = { entry, busy: signal(false), begin: () => Promise.resolve(), open: () => Promise.resolve() };
  const told: string[] = [];
  const made: VisitClient[] = [];
  const part: VisitPart = {
    createVisit: () => {
      const visit: VisitClient = {
        ...visitDouble(),
        phase: new Held(phase),
        wait: () => told.push('wait'),
        sendCheck: () => told.push('check'),
        recheck: () => told.push('recheck'),
        dispose: () => told.push('dispose'),
      };
      made.push(visit);
      return visit;
    },
    createRing: () => ({ silent: signal(false), prime: vi.fn(), play: vi.fn(), dispose: vi.fn() }),
    VisitPages: () => null as never,
    loadWords: () => Promise.resolve(),
  };
  const fetchPages = vi.fn(() => Promise.resolve(part));
  const state = createPatientState(session, check, fetchPages, () => Promise.resolve());
  const there = () => vi.waitFor(() => expect(state.opened.value).not.toBeNull());
  return { entry, state, told, made, fetchPages, there };
}

describe('opening', () => {
  it('makes one visit when the seat is there, and fetches its pages once', async () => {
    const { entry, state, made, fetchPages, there } = stage();
    state.prefetch();
    expect(made).toEqual([]);
    entry.value = OPEN;
    await there();
    expect(made).toHaveLength(1);
    expect(fetchPages).toHaveBeenCalledOnce();
  });

  it('goes on trying while the pages cannot be fetched', async () => {
    const { entry, state, made, fetchPages, there } = stage();
    fetchPages.mockRejectedValueOnce(new Error('offline')).mockRejectedValueOnce(new Error('offline'));
    const failures: number[] = [];
    state.fetchFailures.subscribe((inARow) => failures.push(inARow));
    entry.value = OPEN;
    await there();
    expect(made).toHaveLength(1);
    expect(failures).toEqual([0, 1, 2, 0]);
  });
});

describe('the check', () => {
  it('is handed in as soon as the visit is there', async () => {
    const { entry, state, told, there } = stage();
    state.finishCheck(REPORT);
    expect(told).toEqual([]);
    entry.value = OPEN;
    await there();
    expect(told).toEqual(['check']);
  });

  it('goes back first when the visit stands at consent already', async () => {
    const { entry, state, told, there } = stage('consenting');
    entry.value = OPEN;
    await there();
    state.finishCheck(REPORT);
    expect(told).toEqual(['recheck', 'check']);
  });

  it('starts from the beginning when it is done again', async () => {
    const { entry, state, told, there } = stage();
    entry.value = OPEN;
    await there();
    state.answers.value = { started: true, passed: ['camera'], unseen: false };
    state.finishCheck(REPORT);
    state.checkAgain();
    expect(state.report.value).toBeNull();
    expect(state.answers.value.started).toBe(false);
    expect(told).toEqual(['check', 'recheck']);
  });
});

describe('a place that was given up', () => {
  const away = async () => {
    const all = stage();
    all.entry.value = OPEN;
    await all.there();
    const [visit] = all.made;
    if (!visit) throw new Error('no visit was made');
    return { ...all, phase: visit.phase as Held<Phase>, asks: visit.asks as Held<VisitClient['asks']['value']> };
  };

  it('leads straight back to the waiting room when device and consent are known', async () => {
    const { state, told, phase } = await away();
    state.finishCheck(REPORT);
    state.comeBack();
    expect(told).toEqual(['check', 'check', 'wait']);
    expect(state.returning.value).toBe(true);
    phase.set('consenting');
    expect(state.returning.value).toBe(true);
    phase.set('waiting');
    expect(state.returning.value).toBe(false);
  });

  it('asks for consent when an answer is missing', async () => {
    const { state, told, asks } = await away();
    asks.set([{ purpose: 'visit', text_version: 'v2', required: true }]);
    state.finishCheck(REPORT);
    state.comeBack();
    expect(told).toEqual(['check', 'check']);
    expect(state.returning.value).toBe(false);
  });

  it('leads to the check after a reload, which forgets the devices', async () => {
    const { state, told, phase } = await away();
    state.comeBack();
    expect([state.expirySeen.value, told]).toEqual([true, []]);
    phase.set('in_call');
    expect(state.expirySeen.value).toBe(false);
  });
});

it('lets go of the old visit before it opens the seat anew', async () => {
  const { entry, state, told, made, there } = stage();
  entry.value = OPEN;
  await there();
  const ring = state.opened.value?.ring;
  state.finishCheck(REPORT);
  state.rejoin();
  await vi.waitFor(() => expect(made).toHaveLength(2));
  expect(told).toEqual(['check', 'dispose']);
  expect(state.report.value).toBeNull();
  expect(state.opened.value?.ring).toBe(ring);
});
