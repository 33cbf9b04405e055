/** Draws parts of the clinic's pages in tests, and finds things in them as people do: by their words. */
import { render, type ComponentChildren } from 'preact';
import { act } from 'preact/test-utils';
import type { Me } from '@bedside/client';
import { LiveRegions } from '../ui';
import { ClinicContext, type ClinicActions } from './board/actions';
import { ClockContext } from './clock';
import { clinicWords } from './i18n';
import { NOW_US, me } from '../../gallery/fixtures';

/** Actions that refuse to be called unless the test allows them. */
export function actionsDouble(over: Partial<ClinicActions> = {}): ClinicActions {
  const forbidden = () => {
    throw new Error('the test did not expect this action');
  };
  return {
    admit: forbidden,
    enter: forbidden,
    note: forbidden,
    clinicians: () => Promise.resolve([]),
    book: forbidden,
    invite: forbidden,
    inviteColleague: forbidden,
    close: forbidden,
    quality: forbidden,
    askEmergency: forbidden,
    emergency: forbidden,
    unreviewed: forbidden,
    synthetic: forbidden,
    factors: { passkeys: forbidden, addPasskey: forbidden, removePasskey: forbidden, startApp: forbidden, finishApp: forbidden, showCode: forbidden, showPasskey: forbidden },
    reconnect: forbidden,
    ...over,
  };
}

export interface Drawn {
  readonly root: HTMLElement;
  text(): string;
  /** The button with this name, by label or words. */
  button(name: string): HTMLButtonElement;
  hasButton(name: string): boolean;
  /** The control with this label. */
  field(label: string): HTMLInputElement;
  press(name: string): Promise<void>;
  /** The last button that has these words in it. */
  pressLast(part: string): Promise<void>;
  type(label: string, value: string): Promise<void>;
  /** Ticks the box with this label, or takes the tick away. */
  tick(label: string): Promise<void>;
  /** Presses the one of few choices with these words. */
  choose(words: string): Promise<void>;
  /** Presses the one of few with this value, where the words say more than that. */
  pickRadio(value: string): Promise<void>;
  /** Chooses from the list with this label, by the words of the choice. */
  pick(label: string, words: string): Promise<void>;
  /** Sends the only form, or the first. */
  submit(): Promise<void>;
  /** Sends the form that was opened last. */
  submitLast(): Promise<void>;
  /** Draws something else, or the same with other properties, in the same place. */
  again(children: ComponentChildren): Promise<void>;
  remove(): Promise<void>;
}

// A test that sets the page's clock still takes turns.
const realTimeout = setTimeout;

/** Does something and lets everything follow that waits for nothing but its turn. */
export async function acting(deed: () => void): Promise<void> {
  const turn = () => new Promise<void>((done) => void realTimeout(done, 0));
  await act(async () => {
    deed();
    await turn();
  });
  // What was drawn by that may have asked for something at once.
  await act(turn);
}

/** Draws at the fixtures' moment, in English. */
export async function draw(
  children: ComponentChildren,
  clinic: { actions?: Partial<ClinicActions>; me?: Partial<Me>; inVisit?: string | null } = {},
): Promise<Drawn> {
  await clinicWords.load();
  const root = document.createElement('div');
  document.body.append(root);
  const value = { me: me(clinic.me), actions: actionsDouble(clinic.actions), inVisit: clinic.inVisit ?? null };
  const redraw = (drawn: ComponentChildren) =>
    acting(() =>
      render(
        <ClockContext.Provider value={() => NOW_US}>
          <ClinicContext.Provider value={value}>
            <LiveRegions />
            {drawn}
          </ClinicContext.Provider>
        </ClockContext.Provider>,
        root,
      ),
    );
  await redraw(children);

  const nameOf = (element: Element) => (element.getAttribute('aria-label') ?? element.textContent ?? '').trim();
  const find = (name: string) => [...root.querySelectorAll('button')].find((b) => nameOf(b) === name);
  const need = <T,>(found: T | null | undefined, what: string): T => {
    if (found === null || found === undefined) throw new Error(`not in the page: ${what}`);
    return found;
  };
  const field = (label: string) => {
    const tag = [...root.querySelectorAll('label')].find((l) => l.textContent?.trim() === label);
    return need(document.getElementById(need(tag, label).htmlFor), label) as HTMLInputElement;
  };
  const button = (name: string) => need(find(name), name);
  const send = (form: HTMLFormElement | null | undefined) =>
    acting(() => {
      need(form, 'a form').dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }));
    });

  return {
    root,
    text: () => root.textContent ?? '',
    button,
    hasButton: (name) => find(name) !== undefined,
    field,
    press: (name) => acting(() => button(name).click()),
    pressLast: (part) =>
      acting(() => need([...root.querySelectorAll('button')].reverse().find((b) => b.textContent?.includes(part)), part).click()),
    type: (label, text) =>
      acting(() => {
        const control = field(label);
        control.value = text;
        control.dispatchEvent(new Event('input', { bubbles: true }));
      }),
    tick: (label) => acting(() => field(label).click()),
    choose: (words) =>
      acting(() => {
        const choice = [...root.querySelectorAll('.ui-choice__option')].find((one) => one.textContent?.trim() === words);
        need(choice?.querySelector('input'), words).click();
      }),
    pickRadio: (value) =>
      acting(() => need([...root.querySelectorAll<HTMLInputElement>('input[type=radio]')].find((one) => one.value === value), value).click()),
    pick: (label, words) =>
      acting(() => {
        const list = field(label) as unknown as HTMLSelectElement;
        list.value = need([...list.options].find((option) => option.text === words), words).value;
        list.dispatchEvent(new Event('change', { bubbles: true }));
      }),
    submit: () => send(root.querySelector('form')),
    submitLast: () => send([...root.querySelectorAll('form')].at(-1)),
    again: redraw,
    remove: () =>
      acting(() => {
        render(null, root);
        root.remove();
      }),
  };
}
