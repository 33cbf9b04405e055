/** What outlives neither five minutes nor a fresh link: a held place, an old link. */
import { describe, expect, it } from 'vitest';
import { inCall, welcome } from './support/visit';

describe('a place that was held for too long', () => {
  it('is told once, and forgotten when the person moves on', async () => {
    const { visit, world, types, greet } = await inCall();
    world.wire.drop();
    for (let greeting = 0; greeting < 2; greeting += 1) {
      await greet(welcome('checking'));
      world.wire.say({ type: 'you', state: 'checking', because: 'hold_expired' });
      expect([visit.phase.value, visit.holdExpired.value]).toEqual(['checking', true]);
      world.wire.drop();
    }
    expect(types().filter((type) => type === 'hold_expired')).toHaveLength(1);
    await greet(welcome('checking'));
    visit.sendCheck({ outcomes: [], rtt_ms: null });
    world.wire.say({ type: 'you', state: 'consenting' });
    expect(visit.holdExpired.value).toBe(false);
  });

  it('sends nothing of the camera meanwhile, and keeps it for the way back', async () => {
    const { visit, world, machine, greet } = await inCall();
    world.wire.drop();
    await greet(welcome('checking'));
    world.wire.say({ type: 'you', state: 'checking', because: 'hold_expired' });
    expect(visit.people.value).toEqual([]);
    expect(world.rtc.connectionState).toBe('closed');
    expect(machine.live('video')).toHaveLength(1);
  });
});

describe('a link that the clinic replaced', () => {
  it('ends here at once, for good, whatever else was asked', async () => {
    const { visit, world, machine } = await inCall();
    world.wire.answers = false;
    visit.consent('recording', 'given', 'recording-1', 'en');
    world.wire.refuse('link_replaced');
    expect(visit.phase.value).toBe('refused');
    expect(visit.failure.value).toMatchObject({ code: 'link_replaced' });
    expect([...machine.live('audio'), ...machine.live('video')]).toEqual([]);
    await world.advance(60_000);
    expect(world.sockets).toHaveLength(1);
  });
});
