/** What the pages do with presses and with the server's word, on stand-ins of the SDK. */
import { signal } from '@preact/signals';
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ConsentAsk, ConsentNow, LocalDevice, VisitClient, VisitEvent } from '@bedside/client';
import { Held, visitDouble } from '../../../gallery/doubles';
import { callText, consentText, deviceText, helloText, waitText } from '../../i18n/parts';
import type { Ring } from '../ring';
import { VisitPages, type VisitPagesProps } from './VisitPages';

const VISIT: ConsentAsk = { purpose: 'visit', text_version: 'visit-2026-11', required: true };
const RECORDING: ConsentAsk = { purpose: 'recording', text_version: 'recording-2026-11', required: false };

type Listener = (event: VisitEvent) => void;

/** A visit whose events the test fires, and that writes down what it is told. */
function stage(asks: readonly ConsentAsk[] = [VISIT], consents: readonly ConsentNow[] = []) {
  const told: string[] = [];
  const listeners = new Map<string, Set<Listener>>();
  const double = visitDouble();
  const visit: VisitClient = {
    ...double,
    asks: new Held(asks),
    consents: new Held(consents),
    endReason: new Held('you_left' as const),
    consent: (purpose, decision, version, language) => told.push(`${purpose} ${decision} ${version} ${language}`),
    wait: () => told.push('wait'),
    leave: () => told.push('leave'),
    rate: (stars) => (told.push(`rate ${stars}`), Promise.resolve()),
    on: (type, listener) => {
      const set = listeners.get(type) ?? new Set();
      set.add(listener as Listener);
      listeners.set(type, set);
      return () => set.delete(listener as Listener);
    },
  };
  const fire = (event: VisitEvent) => act(() => listeners.get(event.type)?.forEach((listener) => listener(event)));
  return { visit, told, fire };
}

const ring = () => ({ silent: signal(false), prime: vi.fn(), play: vi.fn(), dispose: vi.fn() }) satisfies Ring;
const root = document.createElement('div');

function show(visit: VisitClient, page: VisitPagesProps['page'], over: Partial<VisitPagesProps> = {}) {
  return act(() =>
    render(
      <VisitPages
        clinic={{ name: null, helpPhone: null }}
        visit={visit}
        ring={ring()}
        page={page}
        checked
        onCheckAgain={vi.fn()}
        onComeBack={vi.fn()}
        onRejoin={vi.fn()}
        {...over}
      />,
      root,
    ),
  );
}

const text = () => root.textContent ?? '';
const button = (label: string): HTMLButtonElement => {
  const found = [...root.querySelectorAll('button')].find((one) => one.textContent === label);
  if (!found) throw new Error(`no button "${label}"`);
  return found;
};
const press = (label: string) => act(() => button(label).click());
const choose = (purpose: string, value: string) =>
  act(() => root.querySelector<HTMLInputElement>(`[data-purpose="${purpose}"] input[value="${value}"]`)!.click());

beforeAll(async () => {
  await Promise.all([helloText, consentText, waitText, callText, deviceText].map((words) => words.load()));
});
beforeEach(() => {
  vi.stubGlobal('scrollTo', vi.fn());
  document.body.append(root);
});
afterEach(() => {
  act(() => render(null, root));
  root.remove();
});

describe('a device that does not work in the waiting room', () => {
  it('is tried again by one press, without leaving the queue, and no other device with it', async () => {
    const { visit } = stage();
    const camera = visit.me.devices.camera as Held<LocalDevice>;
    const open = vi.spyOn(visit.me.devices, 'open').mockImplementation(async () => {
      camera.set({ ...camera.value, state: 'live', code: null });
      return { camera: null, mic: null };
    });
    show(visit, 'waiting');
    expect(text()).not.toContain(waitText.t.tryDevices);
    act(() => camera.set({ ...camera.value, state: 'failed', code: 'in_use' }));
    expect(text()).toContain(deviceText.t.problems.in_use.what);
    await act(async () => press(waitText.t.tryDevices));
    expect(open).toHaveBeenCalledExactlyOnceWith({ mic: false, camera: true });
    expect(text()).not.toContain(waitText.t.tryDevices);
  });

  it('is called in the clinic’s ready messages what its button says', async () => {
    const [{ default: en }, { default: es }, { default: wait }] = await Promise.all([
      import('../../clinic/i18n/en'),
      import('../../clinic/i18n/es'),
      import('../../i18n/es/wait'),
    ]);
    for (const [advice, button] of [
      [en.check.advice, waitText.t.tryDevices],
      [es.check.advice, wait.tryDevices],
    ] as const) {
      for (const code of ['permission_dismissed', 'permission_blocked_site', 'no_microphone', 'in_use', 'hardware'] as const) {
        expect(advice[code]).toContain(button);
      }
    }
  });
});

describe('consent', () => {
  it('says nothing before every question has an answer', () => {
    const { visit, told } = stage([VISIT, RECORDING]);
    const sound = ring();
    show(visit, 'consent', { ring: sound });
    press(consentText.t.go);
    expect(text()).toContain(consentText.t.choose);
    choose('visit', 'given');
    press(consentText.t.go);
    expect(told).toEqual([]);
    expect(sound.prime).not.toHaveBeenCalled();
    expect(document.activeElement?.closest('[data-purpose]')?.getAttribute('data-purpose')).toBe('recording');
  });

  it('hands in each answer with version and language, then waits, and unlocks the ring', () => {
    const { visit, told } = stage([VISIT, RECORDING]);
    const sound = ring();
    show(visit, 'consent', { ring: sound });
    choose('visit', 'given');
    choose('recording', 'refused');
    press(consentText.t.go);
    expect(told).toEqual(['visit given visit-2026-11 en', 'recording refused recording-2026-11 en', 'wait']);
    expect(sound.prime).toHaveBeenCalledOnce();
  });

  it('does not go on without the consent that the visit needs', () => {
    const { visit, told } = stage([VISIT]);
    show(visit, 'consent');
    choose('visit', 'refused');
    press(consentText.t.go);
    expect(told).toEqual([]);
    expect(text()).toContain(consentText.t.needVisit);
  });

  it('does not say again what holds already', () => {
    const { visit, told } = stage([VISIT], [{ purpose: 'visit', decision: 'given', text_version: 'visit-2026-11' }]);
    show(visit, 'consent');
    press(consentText.t.go);
    expect(told).toEqual(['wait']);
  });

  it('asks anew when the text has changed', () => {
    const { visit, told } = stage([VISIT], [{ purpose: 'visit', decision: 'given', text_version: 'visit-2020-01' }]);
    show(visit, 'consent');
    press(consentText.t.go);
    expect(told).toEqual([]);
  });

  it('never lets anybody agree to a text that is not on the page', () => {
    const { visit, told } = stage([{ ...VISIT, text_version: 'visit-2031-01' }]);
    show(visit, 'consent');
    press(consentText.t.go);
    expect(root.querySelector('input')).toBeNull();
    expect(told).toEqual([]);
  });

  it('explains why a person is here who took the consent back', () => {
    const { visit, fire } = stage();
    show(visit, 'consent');
    fire({ type: 'consent_withdrawn' });
    expect(text()).toContain(waitText.t.withdrawn);
  });
});

describe('waiting', () => {
  it('rings when the clinic lets the person in', () => {
    const { visit, fire } = stage();
    const sound = ring();
    show(visit, 'waiting', { ring: sound });
    expect(sound.play).not.toHaveBeenCalled();
    fire({ type: 'admitted' });
    expect(sound.play).toHaveBeenCalledOnce();
  });

  it('says that one was put back, until one is let in again', () => {
    const { visit, fire } = stage();
    show(visit, 'waiting');
    fire({ type: 'put_back' });
    expect(text()).toContain(waitText.t.putBack);
    fire({ type: 'admitted' });
    expect(text()).not.toContain(waitText.t.putBack);
  });

  it('says so when the browser would not let it ring', () => {
    const { visit } = stage();
    const sound = { ...ring(), silent: signal(true) };
    show(visit, 'waiting', { ring: sound });
    press(callText.t.soundPlay);
    expect(sound.play).toHaveBeenCalledOnce();
    act(() => {
      sound.silent.value = false;
    });
    expect(text()).not.toContain(callText.t.soundBlocked);
  });

  it('leaves only after the question', () => {
    const { visit, told } = stage();
    show(visit, 'waiting');
    press(waitText.t.leave);
    expect(told).toEqual([]);
    const confirm = root.querySelector('dialog .ui-button--danger');
    act(() => (confirm as HTMLButtonElement).click());
    expect(told).toEqual(['leave']);
  });
});

describe('goodbye', () => {
  it('hands in one rating, thanks, and offers the way back', async () => {
    const { visit, told } = stage();
    const onRejoin = vi.fn();
    show(visit, 'bye', { onRejoin });
    expect(button(waitText.t.bye.send).disabled).toBe(true);
    act(() => root.querySelector<HTMLInputElement>('input[value="4"]')!.click());
    await act(async () => {
      button(waitText.t.bye.send).click();
      await Promise.resolve();
    });
    expect(told).toEqual(['rate 4']);
    expect(text()).toContain(waitText.t.bye.thanks);
    press(waitText.t.bye.back);
    expect(onRejoin).toHaveBeenCalledOnce();
  });

  it('keeps the question when the answer did not arrive', async () => {
    const { visit } = stage();
    show({ ...visit, rate: () => Promise.reject(new Error('offline')) }, 'bye');
    act(() => root.querySelector<HTMLInputElement>('input[value="2"]')!.click());
    await act(async () => {
      button(waitText.t.bye.send).click();
      await Promise.resolve();
    });
    expect(text()).toContain(waitText.t.bye.rateFailed);
    expect(button(waitText.t.bye.send).disabled).toBe(false);
  });
});
