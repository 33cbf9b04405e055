/** The accounts of the clinic: who may change them, what a change says before and after. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BedsideError, type PersonChanged, type StaffPerson } from '@bedside/client/clinic';
import { account, officeDouble } from '../../gallery/office';
import { draw, type Drawn } from '../clinic/testing';
import { me } from '../../gallery/fixtures';
import { toasts } from '../ui';
import { OfficeContext, watched, type OfficeApi } from './context';
import { People } from './People';
import { officeWords } from './words';

let page: Drawn;
beforeEach(async () => {
  await officeWords.load();
  toasts.value = [];
});
afterEach(() => page.remove());

const LENA = account();
const OWN = account({ id: 'imani', name: 'Dr. Imani Okoye', role: 'admin', me: true });
const LINK = { url: 'https://x.example/clinic#in=secret', mailed: false, expires_at: 0 };
const list = (people: StaffPerson[], may_change = true) => () => Promise.resolve({ people, may_change });
const open = async (over: Partial<OfficeApi>) => {
  const api = officeDouble({ listPeople: list([OWN, LENA]), ...over });
  page = await draw(
    <OfficeContext.Provider value={{ me: me({ role: 'admin' }), api }}>
      <People />
    </OfficeContext.Provider>,
  );
};
const answering = (answer: PersonChanged) => vi.fn((_person: string, _change: unknown) => Promise.resolve(answer));
const CHANGE = 'Change the account of Dr. Lena Vogt';

describe('the accounts', () => {
  it('say role, state and second step of each', async () => {
    await open({ listPeople: list([account({ active: false, has_second_factor: false }), account({ id: 'new', invited: true }), account({ id: 'far', has_second_factor: false, by_provider: true })]) });
    for (const words of ['Clinician', 'Disabled', 'No second step yet', 'Link not used yet', 'Signs in by the clinic’s provider']) expect(page.text()).toContain(words);
  });

  it('are only looked at by those who may not change them', async () => {
    await open({ listPeople: list([LENA], false) });
    expect(page.text()).toContain('Only administrators change accounts.');
    expect(page.hasButton('Add somebody')).toBe(false);
    expect(page.hasButton(CHANGE)).toBe(false);
  });

  it('offer no change of one’s own', async () => {
    await open({});
    expect(page.hasButton('Change the account of Dr. Imani Okoye')).toBe(false);
    expect(page.text()).toContain('Another administrator changes your account.');
  });

  it('are found by a part of name or address when there are many', async () => {
    const many = Array.from({ length: 9 }, (_, n) => account({ id: `${n}`, name: `Person ${n}`, email: `p${n}@clinic.example` }));
    await open({ listPeople: list(many) });
    await page.type('Find by name or e-mail', 'P3@');
    expect(page.text()).toContain('1 account');
    expect(page.text()).toContain('Person 3');
    await page.type('Find by name or e-mail', 'nobody');
    expect(page.text()).toContain('Nobody here has such a name or address');
  });

  it('can be asked for again when they did not come', async () => {
    const listPeople = vi.fn(list([LENA])).mockRejectedValueOnce(new BedsideError('offline'));
    await open({ listPeople });
    expect(page.text()).toContain('The server was not reached');
    await page.press('Try again');
    expect(page.text()).toContain('Dr. Lena Vogt');
  });
});

describe('a change of an account', () => {
  it('is made after a yes to what it does, and shows at once', async () => {
    const changePerson = answering({ person: { ...LENA, active: false, sessions: 0 } });
    await open({ changePerson });
    await page.press(CHANGE);
    await page.press('Disable the account');
    expect(page.text()).toContain('signed out everywhere within seconds');
    expect(changePerson).not.toHaveBeenCalled();
    await page.press('Disable');
    expect(changePerson).toHaveBeenCalledWith('lena', { action: 'disable' });
    expect(page.text()).toContain('Disabled');
    expect(toasts.value.map(({ text }) => text)).toEqual(['The account of Dr. Lena Vogt is disabled.']);
  });

  it('of the role sends the chosen one, and nothing when it is the same', async () => {
    const changePerson = answering({ person: { ...LENA, role: 'officer' } });
    await open({ changePerson });
    await page.press(CHANGE);
    await page.press('Another role');
    await page.press('Change the role');
    expect(changePerson).not.toHaveBeenCalled();
    await page.press('Another role');
    await page.pickRadio('officer');
    await page.press('Change the role');
    expect(changePerson).toHaveBeenCalledWith('lena', { action: 'role', role: 'officer' });
  });

  it.each([
    ['Link for a new password', 'Make the link', 'new_password'],
    ['Reset the second step', 'Reset and make a link', 'reset_second_factor'],
  ])('“%s” shows the link once and says whether it was mailed', async (deed, yes, action) => {
    const changePerson = answering({ person: LENA, link: LINK });
    await open({ changePerson });
    await page.press(CHANGE);
    await page.press(deed);
    await page.press(yes);
    expect(changePerson).toHaveBeenCalledWith('lena', { action });
    expect(page.field('Link').value).toBe(LINK.url);
    expect(page.text()).toContain('It was not sent by e-mail.');
    await page.press('Done');
    expect(page.root.querySelector('dialog')).toBeNull();
  });

  it('offers a disabled account to be enabled, and no links', async () => {
    await open({ listPeople: list([account({ active: false })]) });
    await page.press(CHANGE);
    expect(page.hasButton('Enable the account')).toBe(true);
    expect(page.hasButton('Link for a new password')).toBe(false);
  });

  it('says why it was refused, and the question stays', async () => {
    await open({ changePerson: () => Promise.reject(new BedsideError('own_account')) });
    await page.press(CHANGE);
    await page.press('Disable the account');
    await page.press('Disable');
    expect(page.text()).toContain('You cannot do this to your own account.');
    expect(page.hasButton('Disable')).toBe(true);
  });
});

describe('a new account', () => {
  it('needs a name and an address, and comes with a link', async () => {
    const made = account({ id: 'tove', name: 'Tove Lund' });
    const addPerson = vi.fn(() => Promise.resolve({ person: made, link: { ...LINK, mailed: true } }));
    await open({ addPerson });
    await page.press('Add somebody');
    await page.submit();
    expect(page.text()).toContain('This does not look like an e-mail address.');
    expect(addPerson).not.toHaveBeenCalled();
    await page.type('Name', ' Tove  Lund ');
    await page.type('E-mail', 'tove@clinic.example');
    await page.submit();
    expect(addPerson).toHaveBeenCalledWith({ name: 'Tove Lund', email: 'tove@clinic.example', role: 'clinician' });
    expect(page.text()).toContain('It was sent by e-mail.');
    expect([...page.root.querySelectorAll('h2')].map((one) => one.textContent)).toContain('Tove Lund');
  });

  it('says at the address that it is taken', async () => {
    await open({ addPerson: () => Promise.reject(new BedsideError('bad_field', { field: 'email' })) });
    await page.press('Add somebody');
    await page.type('Name', 'Tove Lund');
    await page.type('E-mail', 'lena@clinic.example');
    await page.submit();
    expect(page.field('E-mail').getAttribute('aria-invalid')).toBe('true');
    expect(page.text()).toContain('This address is in use already');
  });
});

describe('the calls of the office', () => {
  it('tell when the sign-in is over, and reject as before', async () => {
    await open({});
    const over = vi.fn();
    const api = watched(officeDouble({ listPeople: () => Promise.reject(new BedsideError('not_signed_in')) }), over);
    await expect(api.listPeople()).rejects.toMatchObject({ code: 'not_signed_in' });
    expect(over).toHaveBeenCalledOnce();
    await expect(api.readRetention()).rejects.toMatchObject({ code: 'not_allowed' });
    expect(over).toHaveBeenCalledOnce();
  });
});
