import { describe, expect, it } from 'vitest';
import { PROMPT_TIMEOUT_MS } from '../src/capture';
import type { CheckCode } from '../src/protocol';
import { BACK, FRONT, HEADSET, machineWith, MIC, SPEAKER, thrown, type FakeSurroundings, type Machine } from './support/machine';
import { World } from './support/world';

function codes(world: World) {
  const all = machineWith(world);
  return { world, ...all };
}

/** Opens and lets all retries run. */
async function opened(world: World, devices: ReturnType<typeof machineWith>['devices'], want?: { camera?: boolean; mic?: boolean }) {
  const result = devices.open(want);
  await world.advance(30_000);
  return result;
}

describe('open', () => {
  it('asks once for both and keeps the tracks', async () => {
    const { world, machine, devices } = codes(new World());
    expect(await opened(world, devices)).toEqual({ camera: null, mic: null });
    expect(machine.asked).toHaveLength(1);
    expect(devices.camera.value).toMatchObject({ state: 'live', deviceId: 'front', track: machine.live('video')[0] });
    expect(devices.mic.value).toMatchObject({ state: 'live', deviceId: 'mic' });
    expect(devices.list.value.speaker).toEqual([{ id: 'speaker', label: 'Speaker' }]);
  });

  it('does not ask again for what works, also when called twice at once', async () => {
    const { world, machine, devices } = codes(new World());
    const first = devices.open();
    const second = devices.open();
    await world.advance(0);
    await Promise.all([first, second]);
    await opened(world, devices);
    expect(machine.asked).toHaveLength(1);
  });

  it('shows "asking" while the question is open', async () => {
    const { world, machine, devices } = codes(new World());
    machine.holding = true;
    void devices.open();
    await world.advance(1_000);
    expect(devices.camera.value.state).toBe('asking');
    machine.answer();
    await world.advance(0);
    expect(devices.camera.value.state).toBe('live');
  });
});

/** How to bring about each code: what the surroundings and the machine are like, and what comes. */
type Set = (around: FakeSurroundings, machine: Machine) => void;
const TAXONOMY: readonly [string, Set, { camera: CheckCode | null; mic: CheckCode | null }][] = [
  ['a page without a secure context', (a) => (a.secure = false), { camera: 'insecure_context', mic: 'insecure_context' }],
  [
    'a window inside another app without devices',
    (a) => {
      a.canCapture = false;
      a.userAgent = 'Mozilla/5.0 (iPhone) AppleWebKit/605 [FBAN/FBIOS;FBAV/400.0]';
    },
    { camera: 'in_app_browser', mic: 'in_app_browser' },
  ],
  [
    'a window inside another app that always refuses',
    (a, m) => {
      a.userAgent = 'Mozilla/5.0 (Linux; Android 14; wv) AppleWebKit/537 Instagram 300';
      m.standing.both = thrown('NotAllowedError');
    },
    { camera: 'in_app_browser', mic: 'in_app_browser' },
  ],
  ['a browser without calls', (a) => (a.canCall = false), { camera: 'no_webrtc', mic: 'no_webrtc' }],
  ['a browser without devices', (a) => (a.canCapture = false), { camera: 'no_webrtc', mic: 'no_webrtc' }],
  [
    'a question that was closed',
    (_, m) => (m.standing.both = thrown('NotAllowedError', 'Permission dismissed')),
    { camera: 'permission_dismissed', mic: 'permission_dismissed' },
  ],
  [
    'a remembered "no" to both',
    (a, m) => {
      a.permissions = { camera: 'denied', mic: 'denied' };
      m.standing.both = thrown('NotAllowedError');
    },
    { camera: 'permission_blocked_site', mic: 'permission_blocked_site' },
  ],
  [
    'a remembered "no" to the camera only',
    (a, m) => {
      a.permissions = { camera: 'denied', mic: 'prompt' };
      m.standing.both = thrown('NotAllowedError');
    },
    { camera: 'permission_blocked_site', mic: null },
  ],
  [
    'a system that denies the browser its camera',
    (_, m) => {
      m.standing.both = thrown('NotAllowedError', 'Permission denied by system');
      m.standing.camera = thrown('NotAllowedError', 'Permission denied by system');
    },
    { camera: 'permission_blocked_os', mic: null },
  ],
  [
    'a system that denies what the site may use',
    (a, m) => {
      a.permissions = { camera: 'granted', mic: 'granted' };
      m.standing = { both: thrown('NotAllowedError'), camera: thrown('NotAllowedError'), mic: thrown('NotAllowedError') };
    },
    { camera: 'permission_blocked_os', mic: 'permission_blocked_os' },
  ],
  [
    'a page around this one that passes nothing on',
    (a) => (a.embedForbids = ['camera', 'mic']),
    { camera: 'blocked_by_embed', mic: 'blocked_by_embed' },
  ],
  [
    'a page around this one that passes on the microphone only',
    (a, m) => {
      a.embedForbids = ['camera'];
      m.standing.both = thrown('NotAllowedError');
    },
    { camera: 'blocked_by_embed', mic: null },
  ],
  ['no camera', (_, m) => (m.devices = [MIC]), { camera: 'no_camera', mic: null }],
  ['no microphone', (_, m) => (m.devices = [FRONT]), { camera: null, mic: 'no_microphone' }],
  ['nothing at all', (_, m) => (m.devices = []), { camera: 'no_camera', mic: 'no_microphone' }],
  [
    'a camera that another app holds',
    (_, m) => (m.standing = { both: thrown('NotReadableError'), camera: thrown('NotReadableError') }),
    { camera: 'in_use', mic: null },
  ],
  [
    'a camera that fails',
    (_, m) => (m.standing = { both: thrown('AbortError'), camera: thrown('AbortError') }),
    { camera: 'hardware', mic: null },
  ],
  [
    'a device that fits nothing, not even no wish',
    (_, m) => (m.standing = { both: thrown('OverconstrainedError'), mic: thrown('OverconstrainedError') }),
    { camera: null, mic: 'overconstrained' },
  ],
  ['names of old webviews', (_, m) => (m.standing = { both: thrown('TrackStartError'), mic: thrown('DevicesNotFoundError') }), { camera: null, mic: 'no_microphone' }],
];

describe('every failure has its code', () => {
  it.each(TAXONOMY)('%s', async (_, set, codesWanted) => {
    const world = new World();
    const { machine, around, devices } = machineWith(world);
    set(around, machine);
    const result = await opened(world, devices);
    expect(result).toEqual(codesWanted);
    expect(devices.camera.value.state).toBe(codesWanted.camera === null ? 'live' : 'failed');
    expect(devices.mic.value.state).toBe(codesWanted.mic === null ? 'live' : 'failed');
  });

  it('a question that nobody answers, and a late answer that still counts', async () => {
    const { world, machine, devices } = codes(new World());
    machine.holding = true;
    const result = devices.open();
    await world.advance(PROMPT_TIMEOUT_MS - 1);
    expect(devices.camera.value.state).toBe('asking');
    await world.advance(1);
    expect(await result).toEqual({ camera: 'prompt_timeout', mic: 'prompt_timeout' });
    machine.answer();
    await world.advance(0);
    expect(devices.camera.value.state).toBe('live');
    expect(devices.mic.value.state).toBe('live');
  });

  it('a track that ends before anybody saw it', async () => {
    const { world, machine, devices } = codes(new World());
    const ask = machine.getUserMedia.bind(machine);
    machine.getUserMedia = async (constraints) => {
      const stream = await ask(constraints);
      for (const track of machine.live('video')) track.stop();
      return stream;
    };
    expect(await opened(world, devices)).toEqual({ camera: 'hardware', mic: null });
  });
});

describe('patience', () => {
  it('tries a busy device three times more, further and further apart', async () => {
    const { world, machine, devices } = codes(new World());
    machine.standing.mic = thrown('NotReadableError');
    const times: number[] = [];
    const ask = machine.getUserMedia.bind(machine);
    machine.getUserMedia = (constraints) => {
      times.push(world.nowMs());
      return ask(constraints);
    };
    expect(await opened(world, devices, { camera: false })).toMatchObject({ mic: 'in_use' });
    expect(times.slice(1).map((atMs, i) => atMs - (times[i] ?? 0))).toEqual([300, 1000, 2000]);
  });

  it('gets a device that was let go of meanwhile', async () => {
    const { world, machine, devices } = codes(new World());
    machine.faults.push(thrown('NotReadableError'), thrown('NotReadableError'));
    expect(await opened(world, devices, { camera: false })).toMatchObject({ mic: null });
  });

  it('drops all wishes when nothing fits', async () => {
    const { world, machine, devices } = codes(new World());
    machine.faults.push(thrown('OverconstrainedError'));
    expect(await opened(world, devices, { mic: false })).toMatchObject({ camera: null });
    expect(machine.asked.map((asked) => asked.video)).toEqual([expect.any(Object), true]);
  });

  it('puts no second question to somebody who closed the first', async () => {
    const { world, machine, devices } = codes(new World());
    machine.standing.both = thrown('NotAllowedError');
    await opened(world, devices);
    expect(machine.asked).toHaveLength(1);
  });
});

describe('switches', () => {
  it('off lets go of the camera, so that its light goes out', async () => {
    const { world, machine, devices } = codes(new World());
    await opened(world, devices);
    await devices.setCamera(false);
    expect(machine.live('video')).toEqual([]);
    expect(devices.camera.value).toMatchObject({ state: 'off', track: null });
    await devices.setCamera(true);
    expect(devices.camera.value.state).toBe('live');
  });

  it('off keeps the microphone, silent', async () => {
    const { world, machine, devices } = codes(new World());
    await opened(world, devices);
    const [track] = machine.live('audio');
    await devices.setMic(false);
    expect(track?.enabled).toBe(false);
    expect(devices.mic.value).toMatchObject({ state: 'off', track });
    await devices.setMic(true);
    expect(track?.enabled).toBe(true);
    expect(machine.asked).toHaveLength(1);
  });

  it('mutes at once, even while the browser asks about the camera', async () => {
    const { world, machine, devices } = codes(new World());
    await opened(world, devices, { camera: false });
    machine.holding = true;
    void devices.setCamera(true);
    await world.advance(0);
    expect(devices.camera.value.state).toBe('asking');
    void devices.setMic(false);
    expect(machine.live('audio')[0]?.enabled).toBe(false);
  });

  it('a muted microphone stays muted when it is exchanged', async () => {
    const { world, machine, devices } = codes(new World());
    machine.devices = [FRONT, MIC, HEADSET];
    await opened(world, devices);
    await devices.setMic(false);
    await devices.select('mic', 'headset');
    expect(machine.live('audio').map((track) => track.enabled)).toEqual([false]);
    expect(devices.mic.value).toMatchObject({ state: 'off', deviceId: 'headset' });
  });

  it('rejects with the code when the device cannot be had', async () => {
    const { machine, devices } = codes(new World());
    machine.devices = [MIC];
    await expect(devices.setCamera(true)).rejects.toMatchObject({ code: 'no_camera' });
  });
});

describe('changing devices', () => {
  it('always stops the old one before it asks for the new one', async () => {
    const { world, machine, devices } = codes(new World());
    machine.devices = [FRONT, BACK, MIC, HEADSET];
    await opened(world, devices);
    await devices.select('camera', 'back');
    await devices.select('mic', 'headset');
    await devices.flip();
    expect(machine.asked.map((asked) => asked.stillLive)).toEqual([0, 0, 0, 0]);
    expect(devices.camera.value.deviceId).toBe('front');
    expect(devices.mic.value.deviceId).toBe('headset');
  });

  it('comes back to the old one when the new one fails', async () => {
    const { world, machine, devices } = codes(new World());
    machine.devices = [FRONT, BACK, MIC];
    await opened(world, devices);
    machine.faults.push(thrown('AbortError'));
    await expect(devices.select('camera', 'back')).rejects.toMatchObject({ code: 'hardware' });
    expect(devices.camera.value).toMatchObject({ state: 'live', deviceId: 'front' });
  });

  it('flips cameras that do not say which way they look', async () => {
    const world = new World();
    const { machine, devices } = machineWith(world, true);
    const plain = [{ ...FRONT, facingMode: undefined }, { ...BACK, facingMode: undefined }, MIC];
    machine.devices = plain as unknown as typeof machine.devices;
    await opened(world, devices);
    expect(devices.canFlip.value).toBe(true);
    await devices.flip();
    expect(devices.camera.value).toMatchObject({ state: 'live', deviceId: 'back' });
    expect(devices.facing.value).toBe('environment');
  });

  it('takes another device when the present one is unplugged', async () => {
    const { world, machine, devices } = codes(new World());
    machine.devices = [FRONT, HEADSET, MIC];
    await opened(world, devices);
    expect(devices.mic.value.deviceId).toBe('headset');
    machine.plug([FRONT, MIC]);
    machine.live('audio')[0]?.vanish();
    await world.advance(0);
    expect(devices.mic.value).toMatchObject({ state: 'live', deviceId: 'mic' });
    machine.live('audio')[0]?.vanish();
    machine.plug([FRONT]);
    await world.advance(0);
    expect(devices.mic.value).toMatchObject({ state: 'failed', code: 'no_microphone' });
  });

  it('keeps the list true, and forgets a loudspeaker that went', async () => {
    const { world, machine, devices } = codes(new World());
    await opened(world, devices);
    await devices.select('speaker', 'speaker');
    machine.plug([FRONT, MIC]);
    await world.advance(0);
    expect(devices.list.value.speaker).toEqual([]);
    expect(devices.speakerId.value).toBeNull();
    machine.plug([FRONT, MIC, SPEAKER]);
    await world.advance(0);
    expect(devices.list.value.speaker).toHaveLength(1);
  });
});

describe('interruptions', () => {
  it('are shown, and end with fresh tracks, never with the old ones', async () => {
    const { world, machine, devices } = codes(new World());
    await opened(world, devices);
    const [old] = machine.live('audio');
    old?.interrupt(true);
    expect(devices.mic.value.state).toBe('interrupted');
    await world.advance(30_000);
    old?.interrupt(false);
    await world.advance(0);
    expect(devices.mic.value.state).toBe('live');
    expect(devices.mic.value.track).not.toBe(old);
    expect(old?.readyState).toBe('ended');
  });

  it('that are short leave the track in place', async () => {
    const { world, machine, devices } = codes(new World());
    await opened(world, devices);
    const [track] = machine.live('video');
    track?.interrupt(true);
    await world.advance(400);
    track?.interrupt(false);
    await world.advance(0);
    expect(devices.camera.value).toMatchObject({ state: 'live', track });
  });

  it('end when the person comes back to the page', async () => {
    const { world, machine, devices } = codes(new World());
    await opened(world, devices);
    machine.live('video')[0]?.interrupt(true);
    world.page.hide(true);
    await world.advance(60_000);
    world.page.hide(false);
    await world.advance(0);
    expect(devices.camera.value.state).toBe('live');
    expect(machine.live('video')).toHaveLength(1);
  });
});

describe('letting go', () => {
  it('close ends every track, and open gets them again', async () => {
    const { world, machine, devices } = codes(new World());
    await opened(world, devices);
    devices.close();
    expect([...machine.live('audio'), ...machine.live('video')]).toEqual([]);
    await opened(world, devices);
    expect(devices.camera.value.state).toBe('live');
  });

  it('a track that comes after close is let go of', async () => {
    const { world, machine, devices } = codes(new World());
    machine.holding = true;
    void devices.open();
    await world.advance(0);
    devices.close();
    machine.answer();
    await world.advance(0);
    expect([...machine.live('audio'), ...machine.live('video')]).toEqual([]);
    expect(devices.camera.value.state).toBe('off');
  });

  it('dispose is final', async () => {
    const { world, machine, devices } = codes(new World());
    await opened(world, devices);
    devices.dispose();
    await expect(devices.open()).rejects.toMatchObject({ code: 'aborted' });
    expect(machine.live('video')).toEqual([]);
    expect(world.page.listeners).toBe(0);
  });
});
