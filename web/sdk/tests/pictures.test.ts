import { describe, expect, it } from 'vitest';
import { inCall } from './support/visit';

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

  it('leaves a camera off that was off before', async () => {
    const { visit, machine } = await inCall();
    await visit.me.camera.set(false);
    await visit.setPictures('none');
    await visit.setPictures('full');
    expect(machine.live('video')).toEqual([]);
  });
});
