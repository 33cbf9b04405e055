/** The openings in emergencies and their reviews. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BedsideError, type Emergency } from '@bedside/client/clinic';
import { officeDouble, opening } from '../../gallery/office';
import { draw, type Drawn } from '../clinic/testing';
import { me } from '../../gallery/fixtures';
import { toasts } from '../ui';
import { OfficeContext, type OfficeApi } from './context';
import { Home } from './Home';
import { Reviews } from './Reviews';
import { momentText, officeWords } from './words';

let page: Drawn;
beforeEach(async () => {
  await officeWords.load();
  toasts.value = [];
});
afterEach(() => page.remove());

const ONE = opening();
const REVIEW = `Review what Dr. Imani Okoye opened, ${momentText(ONE.began_at)}`;
const listing = (emergencies: Emergency[]) => () =>
  Promise.resolve({ emergencies, unreviewed: emergencies.filter((one) => !one.review).length });
const open = async (over: Partial<OfficeApi>, what = <Reviews />) => {
  const api = officeDouble({ listEmergencies: listing([ONE]), ...over });
  page = await draw(
    <OfficeContext.Provider value={{ me: me({ name: 'Ola Berg', role: 'officer' }), api }}>{what}</OfficeContext.Provider>,
  );
};

describe('the openings', () => {
  it('say who opened whose visit, when, and why', async () => {
    await open({});
    for (const words of ['Dr. Imani Okoye opened a visit of Dr. Lena Vogt', 'fainted in the waiting room', momentText(ONE.began_at)]) {
      expect(page.text()).toContain(words);
    }
  });

  it('mark what is overdue', async () => {
    await open({ listEmergencies: listing([opening({ overdue: true })]) });
    expect(page.text()).toContain('Overdue');
  });

  it('cannot be reviewed by whoever did them', async () => {
    await open({ listEmergencies: listing([opening({ mine: true })]) });
    expect(page.hasButton(REVIEW)).toBe(false);
    expect(page.text()).toContain('Somebody else has to review it.');
  });

  it('say that a reason is gone with its visit', async () => {
    await open({ listEmergencies: listing([opening({ reason: '' })]) });
    expect(page.text()).toContain('The reason is not kept any more');
  });

  it('say that there are none', async () => {
    await open({ listEmergencies: listing([]) });
    expect(page.text()).toContain('Nobody has opened a restricted visit');
  });
});

describe('a review', () => {
  it('needs a choice', async () => {
    const reviewEmergency = vi.fn(() => Promise.resolve());
    await open({ reviewEmergency });
    await page.press(REVIEW);
    await page.submit();
    expect(page.text()).toContain('Choose what you found.');
    expect(reviewEmergency).not.toHaveBeenCalled();
  });

  it('may be without words when it was justified, and moves to the reviewed ones', async () => {
    const reviewEmergency = vi.fn(() => Promise.resolve());
    await open({ reviewEmergency });
    await page.press(REVIEW);
    await page.pickRadio('justified');
    await page.submit();
    expect(reviewEmergency).toHaveBeenCalledWith('grant', { justified: true, note: '' });
    expect(page.text()).toContain('Everything is reviewed.');
    expect(page.text()).toContain('Reviewed by Ola Berg');
    await vi.waitFor(() => expect(document.activeElement?.id).toBe('to-review'));
    expect(page.hasButton(REVIEW)).toBe(false);
  });

  it('needs words when it was not', async () => {
    const reviewEmergency = vi.fn(() => Promise.resolve());
    await open({ reviewEmergency });
    await page.press(REVIEW);
    await page.pickRadio('not_justified');
    await page.submit();
    expect(page.text()).toContain('Say why, in at least 10 characters.');
    await page.type('Note', 'There was no emergency.');
    await page.submit();
    expect(reviewEmergency).toHaveBeenCalledWith('grant', { justified: false, note: 'There was no emergency.' });
  });

  it('that somebody made meanwhile is shown instead', async () => {
    const reviewed = opening({ review: { by: 'Noor Haddad', at: ONE.ends_at, justified: true, note: '' } });
    const listEmergencies = vi.fn(listing([reviewed])).mockImplementationOnce(listing([ONE]));
    await open({ listEmergencies, reviewEmergency: () => Promise.reject(new BedsideError('wrong_state')) });
    await page.press(REVIEW);
    await page.pickRadio('justified');
    await page.submit();
    expect(toasts.value.map(({ text }) => text)).toEqual(['Somebody has reviewed this meanwhile.']);
    expect(page.text()).toContain('Reviewed by Noor Haddad');
  });

  it('keeps what was typed when the server was not reached', async () => {
    await open({ reviewEmergency: () => Promise.reject(new BedsideError('offline')) });
    await page.press(REVIEW);
    await page.pickRadio('justified');
    await page.type('Note', 'Talked to both.');
    await page.submit();
    expect(page.text()).toContain('The server was not reached');
    expect(page.field('Note').value).toBe('Talked to both.');
  });
});

describe('an officer’s home', () => {
  it('says how much there is to review, and what is overdue', async () => {
    const listEmergencies = vi.fn(listing([ONE]));
    const whoAmI = () => Promise.resolve(me({ role: 'officer', reviews: { open: 2, overdue: 1 } }));
    await open({ listEmergencies, whoAmI }, <Home />);
    expect(listEmergencies).not.toHaveBeenCalled();
    expect(page.text()).toContain('2 openings to review');
    expect(page.text()).toContain('Overdue');
    expect(page.root.querySelector('a[href="#reviews"]')).not.toBeNull();
  });
});
