/** What is kept: the rules, the holds, and one patient's data. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BedsideError } from '@bedside/client/clinic';
import { me } from '../../gallery/fixtures';
import { officeDouble, patient, retention } from '../../gallery/office';
import { takeLogWish } from '../clinic/places';
import { draw, type Drawn } from '../clinic/testing';
import { toasts } from '../ui';
import { OfficeContext, type OfficeApi } from './context';
import { Kept } from './Kept';
import { changesOf, draftOf, goesWithVisit, isOdd, isShorter } from './rules';
import { auditWords, officeWords } from './words';

const ROSA = patient();
const FILE = { name: 'patient-export.json', content: new Blob(['{}']) };

describe('the rules as typed', () => {
  const rules = retention().rules;
  const drafts = rules.map(draftOf);
  const chat = draftOf({ kind: 'chat', days: 365 });

  it.each(['0', '-1', '36501', '1.5', '1e3', '', 'ten'])('take no %s', (days) => {
    expect(isOdd({ ...chat, days })).toBe(true);
  });
  it.each(['1', '36500', ' 30 '])('take %s', (days) => {
    expect(isOdd({ ...chat, days })).toBe(false);
  });
  it('ask for no number when it is for ever', () => {
    expect(isOdd({ ...chat, forEver: true, days: '' })).toBe(false);
  });
  it('know what changed, and what becomes shorter', () => {
    expect(changesOf(rules, drafts)).toEqual([]);
    const typed = drafts.map((one) =>
      one.kind === 'chat' ? { ...one, days: '400' } : one.kind === 'note' ? { ...one, forEver: false, days: '30' } : one,
    );
    const changes = changesOf(rules, typed);
    expect(changes).toEqual([
      { kind: 'chat', before: 365, now: 400 },
      { kind: 'note', before: undefined, now: 30 },
    ]);
    expect(changes.map(isShorter)).toEqual([false, true]);
  });
  it('know what goes with the whole visit', () => {
    const of = (kind: string) => drafts.filter((one) => one.kind === kind).map((one) => goesWithVisit(one, drafts));
    expect([of('note'), of('chat'), of('visit')]).toEqual([[3650], [null], [null]]);
  });
});

let page: Drawn;
const open = async (over: Partial<OfficeApi>) => {
  const api = officeDouble({ readRetention: () => Promise.resolve(retention()), ...over });
  page = await draw(
    <OfficeContext.Provider value={{ me: me({ role: 'officer' }), api }}>
      <Kept />
    </OfficeContext.Provider>,
  );
};
const told = () => toasts.value.map(({ text }) => text);
/** The first row that is not for ever is the chat's. */
const DAYS = 'Days after the end of the visit';

describe('who looked at a patient', () => {
  beforeEach(async () => {
    await Promise.all([officeWords.load(), auditWords.load()]);
    toasts.value = [];
  });
  afterEach(() => page.remove());

  it('is in the log, narrowed to all their visits', async () => {
    await open({ findPatients: () => Promise.resolve({ patients: [ROSA], more: false }) });
    await page.type('Name or part of it', 'rosa');
    await page.submitLast();
    await page.press('Who looked: Rosa Alvarez');
    expect(location.hash).toBe('#log');
    expect(takeLogWish()).toEqual({ patient: ROSA.id, called: ROSA.name });
    location.hash = '';
  });
});

describe('the page', () => {
  beforeEach(async () => {
    await officeWords.load();
    toasts.value = [];
  });
  afterEach(() => page.remove());

  it('saves what changed and nothing else, at once when nothing becomes shorter', async () => {
    const setRetention = vi.fn(() => Promise.resolve());
    await open({ setRetention });
    await page.type(DAYS, '400');
    await page.submit();
    expect(setRetention).toHaveBeenCalledWith([{ kind: 'chat', days: 400 }]);
    expect(told()).toEqual(['Saved.']);
    await page.submit();
    expect(setRetention).toHaveBeenCalledOnce();
  });

  it('says what is deleted before it keeps something for a shorter time', async () => {
    const setRetention = vi.fn(() => Promise.resolve());
    await open({ setRetention });
    await page.type(DAYS, '30');
    await page.submit();
    expect(page.text()).toContain('Chat and messages to those who waited: 30 days instead of 365 days');
    expect(setRetention).not.toHaveBeenCalled();
    await page.press('Save and delete what is older');
    expect(setRetention).toHaveBeenCalledWith([{ kind: 'chat', days: 30 }]);
  });

  it('sends “for ever” as a rule without days', async () => {
    const setRetention = vi.fn(() => Promise.resolve());
    await open({ setRetention });
    await page.tick('Keep for ever');
    await page.submit();
    expect(setRetention).toHaveBeenCalledWith([{ kind: 'chat' }]);
  });

  it('takes no odd number of days', async () => {
    await open({});
    await page.type(DAYS, '0');
    await page.submit();
    expect(page.text()).toContain('Type a whole number of days');
  });

  it('lifts a hold after a yes, and reads the holds anew', async () => {
    const readRetention = vi.fn(() => Promise.resolve(retention({ holds: [] }))).mockResolvedValueOnce(retention());
    const liftHold = vi.fn(() => Promise.resolve());
    await open({ readRetention, liftHold });
    await page.press('Lift the hold of Juan Ignacio Fernández de la Vega');
    expect(liftHold).not.toHaveBeenCalled();
    await page.press('Lift the hold');
    expect(liftHold).toHaveBeenCalledWith('juan');
    expect(page.text()).toContain('There are none.');
  });

  it('says what was refused, and stays with a way to try again', async () => {
    const readRetention = vi.fn(() => Promise.resolve(retention())).mockRejectedValueOnce(new BedsideError('offline'));
    await open({ readRetention });
    expect(page.text()).toContain('The server was not reached');
    await page.press('Try again');
    expect(page.text()).toContain('Case 2026-114');
  });
});

describe('one patient', () => {
  beforeEach(async () => {
    await officeWords.load();
    toasts.value = [];
  });
  afterEach(() => page.remove());

  const find = async (over: Partial<OfficeApi>) => {
    await open({ findPatients: () => Promise.resolve({ patients: [ROSA], more: false }), ...over });
    await page.type('Name or part of it', 'alv');
    await page.submitLast();
  };

  it('is looked for by one of three at least', async () => {
    const findPatients = vi.fn(() => Promise.resolve({ patients: [], more: false }));
    await open({ findPatients });
    await page.submitLast();
    expect(page.text()).toContain('Type at least one of the three.');
    await page.type('E-mail', 'rosa@');
    await page.submitLast();
    expect(page.text()).toContain('Type the whole address.');
    expect(findPatients).not.toHaveBeenCalled();
    await page.type('E-mail', ' rosa@mail.example ');
    await page.submitLast();
    expect(findPatients).toHaveBeenCalledWith({ name: '', email: 'rosa@mail.example', birth_date: '' });
    expect(page.text()).toContain('Nobody found');
  });

  it('is shown with what is kept, and whether there are more', async () => {
    await find({ findPatients: () => Promise.resolve({ patients: [ROSA], more: true }) });
    for (const words of ['Rosa Alvarez', 'Born March 14, 1958', '3 visits', 'There are more.']) expect(page.text()).toContain(words);
  });

  it('gets everything as a file', async () => {
    const save = vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
      expect(this.download).toBe(FILE.name);
      expect(this.href).toMatch(/^blob:/);
    });
    await find({ exportPatient: () => Promise.resolve(FILE) });
    await page.press('Export everything about Rosa Alvarez');
    expect(save).toHaveBeenCalledOnce();
    expect(told()).toEqual([expect.stringContaining('The file is on its way')]);
  });

  it('is held with a reason, and can then not be erased from here', async () => {
    const holdPatient = vi.fn(() => Promise.resolve());
    await find({ holdPatient });
    await page.press('Place a legal hold on Rosa Alvarez');
    await page.submitLast();
    expect(page.text()).toContain('Say why, in at least 10 characters.');
    await page.type('Reason', 'Case 2026-200 at the court.');
    await page.submitLast();
    expect(holdPatient).toHaveBeenCalledWith('rosa', 'Case 2026-200 at the court.');
    expect(page.text()).toContain('On hold');
    expect(page.hasButton('Erase everything about Rosa Alvarez')).toBe(false);
    expect(page.hasButton('Lift the hold of Rosa Alvarez')).toBe(true);
    // The button that was pressed is gone.
    await vi.waitFor(() => expect(document.activeElement?.id).toBe('patients'));
  });

  it('can be erased once the hold is lifted in the list above', async () => {
    const held = patient({ id: 'juan', name: 'Juan Vega', held: true });
    await find({
      findPatients: () => Promise.resolve({ patients: [held], more: false }),
      liftHold: () => Promise.resolve(),
    });
    expect(page.hasButton('Erase everything about Juan Vega')).toBe(false);
    await page.press('Lift the hold of Juan Ignacio Fernández de la Vega');
    await page.press('Lift the hold');
    expect(page.hasButton('Erase everything about Juan Vega')).toBe(true);
  });

  it('is erased only with the name typed again, and the certificate is handed over', async () => {
    const save = vi.spyOn(HTMLAnchorElement.prototype, 'click').mockReturnValue();
    const erasePatient = vi.fn(() => Promise.resolve(FILE));
    await find({ erasePatient });
    await page.press('Erase everything about Rosa Alvarez');
    await page.type('Type the patient’s name', 'Rosa Alvares');
    await page.type('Reason', 'Request of the patient of 3 May.');
    await page.submitLast();
    expect(page.text()).toContain('This is not the name. Nothing was erased.');
    expect(erasePatient).not.toHaveBeenCalled();
    await page.type('Type the patient’s name', ' rosa alvarez ');
    await page.submitLast();
    expect(erasePatient).toHaveBeenCalledWith('rosa', { name: 'rosa alvarez', reason: 'Request of the patient of 3 May.' });
    expect(save).toHaveBeenCalledOnce();
    expect(page.hasButton('Erase everything about Rosa Alvarez')).toBe(false);
  });

  it.each([
    ['on_hold', 'A legal hold keeps this data.'],
    ['wrong_state', 'One of the visits is open or goes on.'],
  ] as const)('is not erased when the server says %s', async (code, words) => {
    await find({ erasePatient: () => Promise.reject(new BedsideError(code)) });
    await page.press('Erase everything about Rosa Alvarez');
    await page.type('Type the patient’s name', 'Rosa Alvarez');
    await page.type('Reason', 'Request of the patient of 3 May.');
    await page.submitLast();
    expect(page.text()).toContain(words);
    expect(page.hasButton('Erase everything about Rosa Alvarez')).toBe(true);
  });
});
