import { describe, expect, it, vi } from 'vitest';
import { BedsideError, type LinkLook } from '@bedside/client/guest';
import { createSession, type SessionWorld } from './session';

const look: LinkLook = {
  clinic: 'Clinic',
  host_name: 'Host',
  scheduled_at: 0,
  second_check: false,
  elsewhere: false,
  role: 'patient',
};
const seat = { seat: 'seat', visit: 'visit' };

function world(over: Partial<SessionWorld> = {}): SessionWorld {
  return {
    lookLink: vi.fn(() => Promise.resolve(look)),
    openLink: vi.fn(() => Promise.resolve(seat)),
    mySeats: vi.fn(() => Promise.resolve({ seats: [] })),
    fragment: 'secret',
    clearFragment: vi.fn(),
    ...over,
  };
}

describe('with a link', () => {
  it('looks without using it up, and opens on the press', async () => {
    const outside = world();
    const session = createSession(outside);
    await session.begin();
    expect(session.entry.value).toEqual({ at: 'hello', look });
    expect(outside.openLink).not.toHaveBeenCalled();
    expect(outside.clearFragment).not.toHaveBeenCalled();
    await session.open();
    expect(session.entry.value).toEqual({ at: 'open', seat, fresh: true, look });
    expect(outside.openLink).toHaveBeenCalledExactlyOnceWith('secret', undefined);
    expect(outside.clearFragment).toHaveBeenCalledOnce();
  });

  it('forgets the secret once the seat is there', async () => {
    const outside = world();
    const session = createSession(outside);
    await session.begin();
    await session.open();
    await session.begin();
    expect(outside.lookLink).toHaveBeenCalledOnce();
    expect(outside.mySeats).toHaveBeenCalledOnce();
  });

  it('opens once, however often the button is pressed', async () => {
    const outside = world();
    const session = createSession(outside);
    await session.begin();
    await Promise.all([session.open(), session.open(), session.open()]);
    expect(outside.openLink).toHaveBeenCalledOnce();
  });

  it('asks the date of birth first, and counts the tries', async () => {
    const openLink = vi
      .fn<SessionWorld['openLink']>()
      .mockRejectedValueOnce(new BedsideError('second_check_failed', { triesLeft: 4 }))
      .mockRejectedValueOnce(new BedsideError('locked_out', { retryAfterMs: 90_000 }));
    const asked = { ...look, second_check: true };
    const session = createSession(world({ openLink, lookLink: () => Promise.resolve(asked) }));
    await session.begin();
    await session.open();
    expect(openLink).not.toHaveBeenCalled();
    expect(session.entry.value).toEqual({ at: 'birth_date', look: asked, wrong: false, triesLeft: null });
    await session.open('1980-01-02');
    expect(session.entry.value).toEqual({ at: 'birth_date', look: asked, wrong: true, triesLeft: 4 });
    await session.open('1980-01-03');
    expect(session.entry.value).toEqual({ at: 'fault', fault: { kind: 'locked', retryAfterMs: 90_000 } });
  });

  it('asks it also when only opening tells that it is needed', async () => {
    const openLink = vi.fn<SessionWorld['openLink']>().mockRejectedValue(new BedsideError('second_check_needed'));
    const session = createSession(world({ openLink }));
    await session.begin();
    await session.open();
    expect(session.entry.value).toEqual({ at: 'birth_date', look, wrong: false, triesLeft: null });
  });

  it('keeps the link while the network is away, and goes on after it', async () => {
    const lookLink = vi.fn(() => Promise.resolve(look)).mockRejectedValueOnce(new BedsideError('offline'));
    const session = createSession(world({ lookLink }));
    await session.begin();
    expect(session.entry.value).toMatchObject({ at: 'fault', fault: { kind: 'offline' } });
    await session.begin();
    expect(session.entry.value).toEqual({ at: 'hello', look });
  });

  it.each([
    ['no_such_visit', 'dead'],
    ['link_replaced', 'replaced'],
    ['visit_over', 'over'],
    ['visit_full', 'full'],
    ['protocol_version', 'update'],
    ['internal', 'other'],
  ] as const)('has a page for %s', async (code, kind) => {
    const session = createSession(world({ lookLink: () => Promise.reject(new BedsideError(code)) }));
    await session.begin();
    expect(session.entry.value).toMatchObject({ at: 'fault', fault: { kind } });
  });

  it('shows something for an error that is not ours', async () => {
    const session = createSession(world({ lookLink: () => Promise.reject(new TypeError('x')) }));
    await session.begin();
    expect(session.entry.value).toMatchObject({ at: 'fault', fault: { kind: 'other' } });
  });
});

describe('without a link', () => {
  it('comes back to the newest seat of this device', async () => {
    const older = { seat: 'older', visit: 'older' };
    const session = createSession(world({ fragment: '', mySeats: () => Promise.resolve({ seats: [seat, older] }) }));
    await session.begin();
    expect(session.entry.value).toEqual({ at: 'open', seat, fresh: false, look: null });
  });
  it('says so when this device holds none', async () => {
    const session = createSession(world({ fragment: '' }));
    await session.begin();
    expect(session.entry.value).toEqual({ at: 'fault', fault: { kind: 'no_link', retryAfterMs: null } });
  });
});
