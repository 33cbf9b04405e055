import { describe, expect, it } from 'vitest';
import { HOST, ME } from './support/peer';
import { inCall, person, room, welcome } from './support/visit';

describe('sound only', () => {
  it('switches the camera off, and on again with the pictures', async () => {
    const { visit, machine } = await inCall();
    await visit.setPictures('none');
    expect(machine.live('video')).toEqual([]);
    expect(machine.live('audio')).toHaveLength(1);
    await visit.setPictures('none');
    await visit.setPictures('small');
    expect(machine.live('video')).toHaveLength(1);
    expect(visit.pictures.value).toBe('small');
  });

  it('tells the server that nothing of the camera is sent', async () => {
    const { visit, world } = await inCall();
    await visit.setPictures('none');
    expect(world.wire.all('sending').at(-1)).toMatchObject({ mic: true, camera: false });
  });

  it('tells the server what was chosen, again after each greeting', async () => {
    const { visit, world, greet } = await inCall();
    await visit.setPictures('none');
    expect(world.wire.all('pictures')).toEqual([{ type: 'pictures', pictures: 'none' }]);
    world.wire.drop();
    await greet(welcome('in_call', { transport: 1 }));
    expect(world.wire.all('pictures')).toEqual([{ type: 'pictures', pictures: 'none' }]);
    await visit.setPictures('small');
    expect(world.wire.all('pictures').at(-1)).toMatchObject({ pictures: 'small' });
  });

  it('finds the choice again that the server kept over a reload', async () => {
    const { visit, world, machine } = await inCall();
    expect(world.wire.all('pictures')).toEqual([]);
    world.wire.say(room(2, [person(ME, { pictures: 'none' }), person(HOST)]));
    await world.advance(0);
    expect(visit.pictures.value).toBe('none');
    expect(machine.live('video')).toEqual([]);
    // What was chosen here is newer than what the server says about before.
    await visit.setPictures('full');
    world.wire.say(room(3, [person(ME, { pictures: 'none' }), person(HOST)]));
    await world.advance(0);
    expect(visit.pictures.value).toBe('full');
  });

  it('ends when the camera is switched on', async () => {
    const { visit, world, machine } = await inCall();
    await visit.setPictures('none');
    await visit.me.camera.set(true);
    expect(visit.pictures.value).toBe('full');
    expect(machine.live('video')).toHaveLength(1);
    expect(world.wire.all('pictures').at(-1)).toMatchObject({ pictures: 'full' });
  });

  it('leaves a camera off that was off before', async () => {
    const { visit, machine } = await inCall();
    await visit.me.camera.set(false);
    await visit.setPictures('none');
    await visit.setPictures('full');
    expect(machine.live('video')).toEqual([]);
  });
});
