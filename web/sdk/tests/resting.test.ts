import { expect, it } from 'vitest';
import { HOST, ME } from './support/peer';
import { inCall, person, room, welcome } from './support/visit';

it('forgets with the socket which pictures rest: the server says it again', async () => {
  const { visit, world } = await inCall();
  const camera = () => visit.people.value.find((p) => p.seat === HOST)?.paused.camera;
  world.wire.say({ type: 'video_paused', seat: HOST, source: 'camera', paused: true });
  expect(camera()).toBe(true);
  world.wire.drop();
  await world.advance(1_000);
  world.wire.open();
  world.wire.say(welcome('in_call'));
  world.wire.say(room(1, [person(ME), person(HOST)]));
  expect(camera()).toBe(false);
});

it('shows whose camera rests, and takes that for no weakness of the own line', async () => {
  const { visit, world } = await inCall();
  const camera = () => visit.people.value.find((p) => p.seat === HOST)?.paused.camera;
  expect(camera()).toBe(false);
  world.wire.say(room(99, [person(ME), person(HOST, { camera_rests: true })]));
  expect(camera()).toBe(true);
  expect(visit.quality.value.level).not.toBe('audio_only');
});
