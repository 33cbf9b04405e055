import { afterEach, describe, expect, it, vi } from 'vitest';
import { BedsideError } from '@bedside/client/clinic';
import { NOW_US, min, visit } from '../../../gallery/fixtures';
import { draw, type Drawn } from '../testing';
import { takeLogWish } from '../places';
import { CallQuality } from './CallQuality';
import { VisitMenu } from './VisitMenu';
import { VisitRow } from './VisitRow';

let page: Drawn;
afterEach(() => page.remove());

const nothing = () => {};
const OVER = visit({ state: 'ended', started_at: NOW_US - min(30) });

function menu(of = OVER, onQuality = nothing) {
  return (
    <VisitMenu visit={of} onClose={nothing} onFreshLink={nothing} onInvite={nothing} onSynthetic={nothing} onOutcome={nothing} onQuality={onQuality} />
  );
}

describe('a visit that is over', () => {
  it('offers how its call was, and nothing that is only of use before', async () => {
    const asked = vi.fn();
    page = await draw(menu(OVER, asked));
    expect(page.text()).not.toContain('New link');
    expect(page.hasButton('Invite someone')).toBe(false);
    await page.press('How the call was');
    expect(asked).toHaveBeenCalledOnce();
  });

  it('has a menu on the board only if there was a call that the reader may look at', async () => {
    page = await draw(<VisitRow visit={OVER} onMore={nothing} />);
    const buttons = () => page.root.querySelectorAll('button').length;
    expect(buttons()).toBe(1);
    await page.again(<VisitRow visit={visit({ state: 'no_show' })} onMore={nothing} />);
    expect(buttons()).toBe(0);
    await page.again(<VisitRow visit={{ ...OVER, may: ['admit'] }} onMore={nothing} />);
    expect(buttons()).toBe(0);
  });

  it('leads those who answer for the clinic to who looked at it, and nobody else', async () => {
    const closed = visit({ state: 'no_show', may: [], visit: '01CLOSED' });
    page = await draw(
      <>
        <VisitRow visit={closed} onMore={nothing} />
        {menu(closed)}
      </>,
      { me: { role: 'admin' } },
    );
    expect(page.hasButton('More for Rosa Alvarez')).toBe(true);
    await page.press('Who looked at this?');
    expect(takeLogWish()).toEqual({ visit: '01CLOSED', called: 'Rosa Alvarez' });
    // The address names the page and nobody.
    expect(location.hash).toBe('#log');
    await page.remove();
    page = await draw(menu(closed));
    expect(page.hasButton('Who looked at this?')).toBe(false);
  });
});

describe('how the call was', () => {
  it('can be asked for again when the server was not reached', async () => {
    const quality = vi.fn(() => Promise.reject(new BedsideError('offline')));
    page = await draw(<CallQuality visit={OVER} onClose={nothing} />, { actions: { quality } });
    expect(page.text()).toContain('The server was not reached');
    await page.press('Try again');
    expect(quality).toHaveBeenCalledTimes(2);
    expect(quality).toHaveBeenLastCalledWith(OVER.visit);
  });
});
