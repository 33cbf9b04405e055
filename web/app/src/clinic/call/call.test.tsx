import { afterEach, describe, expect, it } from 'vitest';
import { BedsideError } from '@bedside/client/clinic';
import { participant, visitDouble, HOST_MAY } from '../../../gallery/doubles';
import { link, trouble, visit, waitingSeat } from '../../../gallery/fixtures';
import { draw, type Drawn } from '../testing';
import { EndVisit } from './EndVisit';
import { PeoplePanel } from './PeoplePanel';

let page: Drawn;
afterEach(() => page.remove());

const nothing = () => {};
const HOST = participant({ seat: 'me', name: 'Dr. Imani Okoye', role: 'host', me: true });
const ROSA = participant({
  seat: 'rosa',
  link: link({ level: 'poor', uplink_loss_pct: 8 }),
  trouble: trouble({ from: 'rosa', figure: { unit: 'percent', value: 8 } }),
});

describe('the people of a call', () => {
  const panel = (may = HOST_MAY, visits = [visit()]) => {
    const client = visitDouble({ people: [HOST, ROSA], may });
    return { client, view: <PeoplePanel client={client} visits={visits} onInvite={nothing} onClose={nothing} /> };
  };

  it('says in a sentence whose connection suffers, and how', async () => {
    page = await draw(panel().view);
    expect(page.text()).toContain('Part of what Rosa Alvarez sends is lost (8\u00a0%). Ask them to move closer');
  });

  it('mutes and puts back with one press, removes only after a question', async () => {
    const { client, view } = panel();
    page = await draw(view);
    await page.press('Mute Rosa Alvarez');
    await page.press('To the waiting room: Rosa Alvarez');
    await page.press('Remove Rosa Alvarez from the visit');
    expect(client.told).toEqual(['mute_other rosa', 'put_back rosa']);
    await page.press('Remove');
    expect(client.told).toEqual(['mute_other rosa', 'put_back rosa', 'remove rosa']);
  });

  it('shows only what one may do, and nothing for oneself', async () => {
    page = await draw(panel(['chat', 'mute_other']).view);
    const names = [...page.root.querySelectorAll('.clinic-person button')].map((b) => b.textContent);
    expect(names).toEqual(['Mute']);
  });

  it('lets in who waits here, and offers to go to who waits elsewhere', async () => {
    const here = visit({ visit: 'here', seats: [waitingSeat(1, { seat: 'luis', name: 'Luis', role: 'family' })] });
    const other = visit({ visit: 'other', seats: [waitingSeat(1, { seat: 'juan', name: 'Juan' })] });
    page = await draw(panel(HOST_MAY, [here, other]).view, { inVisit: 'here' });
    expect([page.hasButton('Admit Luis'), page.hasButton('Admit Juan')]).toEqual([true, false]);
    expect(page.hasButton('Go to this visit: Juan')).toBe(true);
  });
});

describe('the end of a call', () => {
  const RUNNING = visit({ state: 'in_progress' });

  it('asks first, and takes "it took place" for granted once there was a call', async () => {
    const client = visitDouble();
    page = await draw(<EndVisit client={client} visit={RUNNING} onLeave={nothing} />);
    await page.press('End visit');
    expect(client.told).toEqual([]);
    await page.pressLast('End visit');
    expect(client.told).toEqual(['end done']);
  });

  it('can leave without ending', async () => {
    let left = 0;
    const client = visitDouble();
    page = await draw(<EndVisit client={client} visit={RUNNING} onLeave={() => (left += 1)} startOpen />);
    await page.press('Only leave');
    expect([left, client.told]).toEqual([1, []]);
  });

  it('offers only to leave to those who may not end it', async () => {
    page = await draw(<EndVisit client={visitDouble()} visit={visit({ state: 'in_progress', may: ['chat'] })} onLeave={nothing} startOpen />);
    expect(page.text()).not.toContain('End visit');
    expect(page.text()).toContain('Leave the visit?');
  });

  it('says why it was refused', async () => {
    const client = visitDouble();
    client.end = () => Promise.reject(new BedsideError('store_full'));
    page = await draw(<EndVisit client={client} visit={RUNNING} onLeave={nothing} startOpen />);
    await page.pressLast('End visit');
    expect(page.text()).toContain('disk is full');
  });
});
