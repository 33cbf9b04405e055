import { describe, expect, it } from 'vitest';
import { HOST, ME, offer, RECEIVE, SEND } from './support/peer';
import { inCall, person, room, visitIn, waiter, welcome } from './support/visit';
import { noNetwork, refusal, settle } from './support/world';

// What a page fetches late takes real time; here it is there before time stands still.
await import('../src/stats');

describe("a guest's way in", () => {
  it('goes from the first word to the call', async () => {
    const { visit, world, greet, types } = visitIn();
    const phases: string[] = [];
    visit.phase.subscribe((phase) => phases.push(phase));
    await greet(welcome('checking'));
    expect(world.calls[0]).toMatchObject({ path: '/api/seat/token', body: { visit: 'V', seat: ME } });
    expect(visit.me.identity.value).toMatchObject({ seat: ME, name: 'Guest', hostName: 'Dr Host' });

    visit.sendCheck({ outcomes: [], rtt_ms: 30 });
    world.wire.say({ type: 'you', state: 'consenting' });
    visit.consent('visit', 'given', 'visit-1', 'en');
    visit.wait();
    world.wire.say({ type: 'you', state: 'waiting' });
    world.wire.say({ type: 'waiting', ahead: 2, host_busy: true, host_here: true, since: 9 });
    expect(visit.waiting.value).toEqual({ ahead: 2, hostBusy: true, hostHere: true, since: 9 });

    world.wire.say({ type: 'you', state: 'admitted', because: 'admitted' });
    await world.advance(0);
    expect(visit.waiting.value).toBeNull();
    world.wire.say({ type: 'you', state: 'in_call' });
    expect(phases).toEqual(['hello', 'checking', 'consenting', 'waiting', 'admitted', 'in_call']);
    expect(types()).toEqual(['admitted']);
    expect(world.wire.sent.map((m) => m.type).filter((type) => type !== 'ping')).toEqual([
      'hello',
      'check',
      'consent',
      'wait',
      'sending',
      'sending',
    ]);
  });

  it('uses the tracks of the check and never asks for devices again', async () => {
    const { visit, world, greet, devices, machine } = visitIn();
    await devices.open();
    const [camera] = machine.live('video');
    await greet(welcome('waiting'));
    world.wire.say({ type: 'you', state: 'admitted', because: 'admitted' });
    world.wire.say(offer(1, 1, SEND));
    await world.advance(0);
    expect(machine.asked).toHaveLength(1);
    expect(world.rtc.at('2').sender.track).toBe(camera);
    expect(visit.me.camera.on.value).toBe(true);
  });

  it('loses no decision with a socket', async () => {
    const { visit, world, greet } = visitIn();
    await greet(welcome('checking'));
    world.wire.answers = false;
    visit.sendCheck({ outcomes: [], rtt_ms: null });
    visit.consent('visit', 'given', 'visit-1', 'en');
    visit.wait();
    world.wire.drop();
    await greet(welcome('checking'));
    const again = world.wire.sent.map((m) => m.type).filter((type) => type !== 'ping');
    expect(again).toEqual(['hello', 'check', 'consent', 'wait']);
  });

  it('sends nothing again that the server has handled, and nothing that does not fit any more', async () => {
    const { visit, world, greet } = visitIn();
    await greet(welcome('checking'));
    visit.sendCheck({ outcomes: [], rtt_ms: null });
    visit.consent('visit', 'given', 'visit-1', 'en');
    await settle();
    world.wire.answers = false;
    visit.wait();
    world.wire.drop();
    await greet(welcome('waiting')); // It had arrived after all.
    expect(world.wire.sent.map((m) => m.type)).toEqual(['hello']);
  });

  it('shows a consent at once and what the server has after a greeting', async () => {
    const { visit, greet } = visitIn();
    await greet(welcome('consenting'));
    visit.consent('recording', 'refused', 'recording-1', 'es');
    expect(visit.consents.value).toEqual([{ purpose: 'recording', decision: 'refused', text_version: 'recording-1' }]);
  });

  it('tells a note once, however often it comes', async () => {
    const { visit, world, greet, types } = visitIn();
    await greet(welcome('waiting'));
    const note = (seq: number) => ({ type: 'note', note: { seq, text: 'soon', at: 0 } }) as const;
    world.wire.say(note(2));
    world.wire.say(note(1));
    world.wire.say(note(2));
    expect(visit.notes.value.map((n) => n.seq)).toEqual([1, 2]);
    expect(types()).toEqual(['note', 'note']);
  });

  it('takes nobody for inside before the server says so', async () => {
    const { visit, world, greet } = visitIn();
    await greet(welcome('waiting'));
    world.wire.say(room(1, [person(HOST)]));
    expect(visit.people.value).toEqual([]);
    expect(world.wire.all('sending')).toEqual([]);
  });
});

describe('people', () => {
  it('have the tracks, switches and voices that the server tells', async () => {
    const { visit, world, players } = await inCall();
    const [me, host] = visit.people.value;
    expect(me).toMatchObject({ me: true, seat: ME });
    expect(me?.tracks.camera).toBe(visit.me.devices.camera.value.track);
    expect(host?.tracks.camera).toBe(world.rtc.at('4').receiver.track);
    expect(players).toHaveLength(1);
    world.wire.say({ type: 'speaking', seat: HOST });
    world.wire.say({ type: 'video_paused', seat: HOST, source: 'camera', paused: true });
    expect(visit.people.value[1]).toMatchObject({ speaking: true, paused: { camera: true, screen: false } });
    expect(visit.people.value[0]).toBe(me); // Nothing about oneself has changed.
  });

  it('come and go with an event, but not for those who were there', async () => {
    const { visit, world, events } = await inCall();
    const family = '01FAM00000000000000000000C';
    world.wire.say(room(3, [person(ME), person(HOST), person(family)]));
    world.wire.say(room(2, [person(ME)])); // Stale.
    world.wire.say(room(4, [person(ME), person(family)]));
    expect(events).toMatchObject([
      { type: 'joined', person: { seat: family } },
      { type: 'left', seat: HOST, name: 'Dr Host' },
    ]);
    expect(visit.people.value.map((p) => p.seat)).toEqual([ME, family]);
  });

  it('who wait are told once to those who may see them', async () => {
    const { visit, world, types } = await inCall();
    const two = [waiter('a'), waiter('b')];
    world.wire.say(room(2, [person(ME), person(HOST)], two.slice(0, 1)));
    world.wire.say(room(3, [person(ME), person(HOST)], two));
    expect(types()).toEqual(['waiting', 'waiting']);
    expect(visit.queue.value).toHaveLength(2);
  });

  it('are shown in video elements that follow their tracks', async () => {
    const { visit, world } = await inCall();
    const video = document.createElement('video');
    const detach = visit.attach(video, HOST, 'camera');
    expect((video.srcObject as MediaStream).getVideoTracks()).toEqual([world.rtc.at('4').receiver.track]);
    world.wire.say(offer(2, 1, [...SEND, ...RECEIVE]));
    await world.advance(0);
    expect((video.srcObject as MediaStream).getVideoTracks()).toEqual([world.rtc.at('4').receiver.track]);
    expect(world.peers).toHaveLength(2);
    await world.advance(200);
    expect(world.wire.all('view').at(-1)?.tiles).toMatchObject([{ seat: HOST, source: 'camera' }]);
    detach();
    detach();
    expect(video.srcObject).toBeNull();
  });

  it('oneself is shown without telling the server', async () => {
    const { visit, world } = await inCall();
    visit.attach(document.createElement('video'), ME, 'camera');
    await world.advance(200);
    expect(world.wire.all('view').at(-1)?.tiles ?? []).toEqual([]);
  });
});

describe('switches', () => {
  it('take effect here and at the server', async () => {
    const { visit, world, machine } = await inCall();
    await visit.me.mic.set(false);
    await visit.me.camera.set(false);
    expect(world.wire.all('sending').at(-1)).toMatchObject({ mic: false, camera: false });
    expect(machine.live('video')).toEqual([]);
    expect(world.rtc.at('2').sender.track).toBeNull();
    await visit.me.camera.set(true);
    await settle();
    expect(world.wire.all('sending').at(-1)).toMatchObject({ mic: false, camera: true });
    expect(world.rtc.at('2').sender.track).toBe(machine.live('video')[0]);
  });

  it('off reaches the server at once, whatever the browser asks meanwhile', async () => {
    const { visit, world, machine } = await inCall();
    await visit.me.camera.set(false);
    machine.holding = true;
    void visit.me.camera.set(true);
    await settle();
    void visit.me.mic.set(false);
    expect(world.wire.all('sending').at(-1)).toMatchObject({ mic: false, camera: false });
  });

  it('stay where they are while a device is changed', async () => {
    const { visit, world, machine } = await inCall();
    machine.devices = [...machine.devices, { kind: 'audioinput', deviceId: 'headset', label: 'Headset' }];
    const before = world.wire.all('sending').length;
    await visit.me.devices.select('mic', 'headset');
    await settle();
    expect(world.wire.all('sending')).toHaveLength(before);
    expect(world.rtc.at('1').sender.track).toBe(machine.live('audio')[0]);
  });

  it('follow the clinic, who can silence but not un-silence', async () => {
    const { visit, world, types } = await inCall();
    world.wire.say({ type: 'muted_by_clinic' });
    await settle();
    expect(visit.me.mic.on.value).toBe(false);
    expect(world.wire.all('sending').at(-1)).toMatchObject({ mic: false });
    expect(types()).toEqual(['muted_by_clinic']);
  });

  it('tell when a device was taken away or broke', async () => {
    const { world, events, machine } = await inCall();
    machine.live('audio')[0]?.interrupt(true);
    expect(events).toEqual([{ type: 'interrupted', source: 'mic' }]);
    machine.devices = machine.devices.filter((device) => device.kind !== 'videoinput');
    machine.live('video')[0]?.vanish();
    await world.advance(0);
    expect(events.at(-1)).toEqual({ type: 'fix_needed', source: 'camera', code: 'no_camera' });
    expect(world.wire.all('sending').at(-1)).toMatchObject({ mic: true, camera: false });
  });

  it('are remembered over a reload of the same visit only', async () => {
    const first = await inCall();
    await first.visit.me.mic.set(false);
    first.visit.dispose();
    const again = visitIn(first.world);
    await again.greet(welcome('admitted'));
    expect(again.visit.me.mic.on.value).toBe(false);
    expect(again.visit.me.camera.on.value).toBe(true);
    again.visit.dispose();
    const other = visitIn(first.world, { visit: 'W' });
    await other.greet(welcome('admitted', { visit: 'W' }));
    expect(other.visit.me.mic.on.value).toBe(true);
  });

  it('begin as the page wishes', async () => {
    const { visit, machine } = await inCall({ start: { camera: false } });
    expect(visit.me.camera.on.value).toBe(false);
    expect(machine.asked.every((asked) => asked.video === false)).toBe(true);
  });
});

describe('sharing a screen', () => {
  it('goes on the line that the next offer brings, and ends with the browser\'s own button', async () => {
    const { visit, world, shared } = await inCall();
    await visit.me.screen.set(true);
    expect(world.wire.all('share')).toMatchObject([{ on: true }]);
    world.wire.say(offer(1, 2, [...SEND, ...RECEIVE, { mid: '5', seat: ME, source: 'screen', direction: 'send' }]));
    await world.advance(0);
    expect(world.rtc.at('5').sender.track).toBe(shared[0]);
    shared[0]?.vanish();
    await settle();
    expect(visit.me.screen.on.value).toBe(false);
    expect(world.wire.all('share').at(-1)).toMatchObject({ on: false });
    expect(world.rtc.at('5').sender.track).toBeNull();
  });

  it('that was dismissed or refused leaves nothing on', async () => {
    const { visit, world, picker, shared } = await inCall();
    picker.dismisses = true;
    await expect(visit.me.screen.set(true)).rejects.toMatchObject({ code: 'share_dismissed' });
    picker.dismisses = false;
    world.wire.answers = false;
    const refused = visit.me.screen.set(true);
    await settle();
    world.wire.refuse('not_allowed');
    await expect(refused).rejects.toMatchObject({ code: 'not_allowed' });
    expect(shared[0]?.readyState).toBe('ended');
    expect(visit.me.screen.on.value).toBe(false);
  });

  it('is told again after a reconnect, also that it ended meanwhile', async () => {
    const { visit, world, greet } = await inCall();
    await visit.me.screen.set(true);
    world.wire.drop();
    await greet(welcome('in_call', { transport: 1 }));
    expect(world.wire.all('share')).toMatchObject([{ on: true }]);
    world.wire.drop();
    await visit.me.screen.set(false);
    await greet(welcome('in_call', { transport: 1 }));
    expect(world.wire.all('share')).toMatchObject([{ on: false }]);
  });
});

describe('a lost socket', () => {
  it('leaves the media untouched when the server kept the transport', async () => {
    const { visit, world, greet, types } = await inCall();
    world.wire.say({ type: 'chat', lines: [{ seq: 4, seat: HOST, name: 'Dr', id: 'h', text: 'hi', at: 2e15 }] });
    const peer = world.rtc;
    world.wire.drop();
    expect(visit.connection.value).toBe('reconnecting');
    expect(visit.phase.value).toBe('in_call');
    world.rtc.packet();
    await greet(welcome('in_call', { transport: 1 }));
    expect(world.wire.all('hello')).toMatchObject([{ transport: 1, chat_after: 4 }]);
    expect(world.peers).toEqual([peer]);
    expect(peer.signalingState).toBe('stable');
    expect(visit.connection.value).toBe('online');
    expect(world.wire.all('sending')).toHaveLength(1);
    expect(types()).toEqual(['chat', 'reconnecting', 'recovered']);
  });

  it('sets up media anew when the server lost it, without leaving the screen of the call', async () => {
    const { visit, world, greet, machine } = await inCall();
    const phases: string[] = [];
    visit.phase.subscribe((phase) => phases.push(phase));
    world.wire.drop();
    await greet(welcome('admitted'));
    expect(visit.connection.value).toBe('reconnecting');
    world.wire.say(offer(1, 1, [...SEND, ...RECEIVE]));
    await world.advance(0);
    world.rtc.packet();
    expect(world.peers).toHaveLength(2);
    expect(world.rtc.at('2').sender.track).toBe(machine.live('video')[0]);
    expect(visit.connection.value).toBe('online');
    expect(phases).toEqual(['in_call']);
    expect(machine.asked).toHaveLength(1);
  });

  it('keeps what was written, and sends it once', async () => {
    const { visit, world, greet } = await inCall();
    world.wire.answers = false;
    const lost = visit.sendChat('one');
    world.wire.drop();
    const offline = visit.sendChat('two');
    await greet(welcome('in_call', { transport: 1 }));
    expect(world.wire.all('chat').map((m) => m.id)).toEqual([lost, offline]);
    const line = (seq: number, id: string) => ({ seq, seat: ME, name: 'Guest', id, text: id, at: 0 });
    world.wire.say({ type: 'chat', lines: [line(1, lost), line(2, offline)] });
    expect(visit.chat.value.map((entry) => [entry.id, entry.state])).toEqual([
      [lost, 'sent'],
      [offline, 'sent'],
    ]);
  });

  it('whose token is refused for good ends in a page with the reason', async () => {
    const { visit, world, machine } = await inCall();
    world.answers.push(() => refusal(404, 'no_such_visit'));
    world.wire.drop();
    await world.advance(0);
    expect(visit.phase.value).toBe('refused');
    expect(visit.failure.value).toMatchObject({ code: 'no_such_visit' });
    expect(visit.connection.value).toBe('online');
    expect([...machine.live('audio'), ...machine.live('video')]).toEqual([]);
    expect(world.rtc.signalingState).toBe('closed');
  });
});

describe('a silent path', () => {
  it('shows "reconnecting", restarts ICE, then asks for a new transport', async () => {
    const { visit, world, types } = await inCall();
    await world.advance(1_200);
    expect(visit.connection.value).toBe('reconnecting');
    expect(world.wire.all('restart_ice')).toHaveLength(1);
    await world.advance(2_200);
    expect(world.wire.all('new_transport')).toHaveLength(1);
    world.wire.say(offer(2, 1, [...SEND, ...RECEIVE]));
    await world.advance(0);
    world.rtc.packet();
    expect(visit.connection.value).toBe('online');
    expect(types()).toEqual(['reconnecting', 'recovered']);
  });
});

describe('another device', () => {
  it('takes over, and the camera is free for it', async () => {
    const { visit, world, machine } = await inCall();
    world.wire.say({ type: 'taken_over' });
    expect(visit.phase.value).toBe('taken_over');
    expect([...machine.live('audio'), ...machine.live('video')]).toEqual([]);
    expect(visit.people.value).toEqual([]);
    await world.advance(60_000);
    expect(world.sockets).toHaveLength(1);
  });

  it('can be told to give it back, with the devices as before', async () => {
    const { visit, world, machine, greet } = await inCall();
    await visit.me.camera.set(false);
    world.wire.say({ type: 'taken_over' });
    visit.takeBack();
    visit.takeBack();
    await greet(welcome('admitted'));
    expect(world.sockets).toHaveLength(2);
    expect(visit.phase.value).toBe('admitted');
    expect(machine.live('audio')).toHaveLength(1);
    expect(machine.live('video')).toEqual([]);
  });

  it('does not un-mute somebody by taking back', async () => {
    const { visit, world, machine, greet } = await inCall();
    await visit.me.mic.set(false);
    world.wire.say({ type: 'taken_over' });
    visit.takeBack();
    await greet(welcome('admitted'));
    expect(machine.live('audio').filter((track) => track.enabled)).toEqual([]);
    expect(visit.me.mic.on.value).toBe(false);
    expect(visit.me.camera.on.value).toBe(true);
  });

  it('decides from then on: nothing of ours is sent again', async () => {
    const { visit, world, greet } = visitIn();
    await greet(welcome('consenting'));
    world.wire.answers = false;
    visit.consent('recording', 'given', 'recording-1', 'en');
    world.wire.say({ type: 'taken_over' });
    visit.takeBack();
    await greet(welcome('consenting'));
    expect(world.wire.all('consent')).toEqual([]);
  });
});

describe('the end', () => {
  it.each([
    [{ type: 'ended', reason: 'done' }, 'ended', 'done'],
    [{ type: 'ended', reason: 'failed' }, 'ended', 'failed'],
    [{ type: 'removed' }, 'removed', null],
  ] as const)('%o switches everything off', async (message, phase, reason) => {
    const { visit, world, machine } = await inCall();
    world.wire.say(message);
    expect(visit.phase.value).toBe(phase);
    expect(visit.endReason.value).toBe(reason);
    expect([...machine.live('audio'), ...machine.live('video')]).toEqual([]);
    expect(world.wire.state).toBe('closed');
    await world.advance(60_000);
    expect(world.sockets).toHaveLength(1);
    expect(world.timers).toBe(0);
  });

  it('by leaving tells the server first', async () => {
    const { visit, world, events } = await inCall();
    visit.leave();
    visit.leave();
    expect(world.wire.all('leave')).toHaveLength(1);
    expect(world.wire.state).toBe('closed');
    expect(events.at(-1)).toEqual({ type: 'ended', reason: 'you_left' });
    await visit.rate(5);
    expect(world.calls.at(-1)).toMatchObject({ path: '/api/seat/rate', body: { visit: 'V', seat: ME, stars: 5 } });
  });

  it('for a moment only, when the clinic restarts its server', async () => {
    const { visit, world, greet } = await inCall();
    world.wire.say({ type: 'closing' });
    world.answers.push(noNetwork, noNetwork);
    world.wire.drop();
    expect(visit.phase.value).toBe('closing');
    await world.advance(2_000);
    await greet(welcome('admitted'));
    expect(visit.phase.value).toBe('admitted');
  });

  it('in the waiting room again keeps the visit and the socket', async () => {
    const { visit, world, types } = await inCall();
    world.wire.say({ type: 'you', state: 'waiting', because: 'put_back' });
    expect(visit.phase.value).toBe('waiting');
    expect(visit.people.value).toEqual([]);
    expect(world.rtc.signalingState).toBe('closed');
    expect(types()).toEqual(['put_back']);
    expect(visit.connection.value).toBe('online');
    world.wire.say({ type: 'you', state: 'admitted', because: 'admitted' });
    world.wire.say(offer(2, 1, [...SEND, ...RECEIVE]));
    await world.advance(0);
    expect(world.peers).toHaveLength(2);
  });

  it('dispose leaves nothing running', async () => {
    const { visit, world, devices } = await inCall();
    visit.dispose();
    devices.dispose();
    expect(world.timers).toBe(0);
    expect(world.page.listeners).toBe(0);
    expect(world.rtc.signalingState).toBe('closed');
  });
});

describe("the clinic's people", () => {
  const host = { role: 'host', may: ['admit', 'end_visit'] } as const;

  it('enter by themselves when the page wishes, also after a hold ran out', async () => {
    const { visit, world, greet } = visitIn(undefined, { enter: true });
    await greet(welcome('invited', { ...host, may: [...host.may] }));
    expect(world.wire.all('enter')).toHaveLength(1);
    expect(visit.phase.value).toBe('hello');
    world.wire.say({ type: 'you', state: 'admitted' });
    expect(visit.phase.value).toBe('admitted');
    world.wire.drop();
    await greet(welcome('left', { role: 'host' }));
    expect(world.wire.all('enter')).toHaveLength(1);
    expect(visit.phase.value).toBe('hello');
  });

  it('get an answer to each thing they do', async () => {
    const { visit, world } = await inCall();
    await expect(visit.admit('a')).resolves.toBeUndefined();
    world.wire.answers = false;
    const ended = visit.end('no_show');
    world.wire.refuse('not_a_no_show');
    await expect(ended).rejects.toMatchObject({ code: 'not_a_no_show' });
    world.wire.drop();
    await expect(visit.muteOther('a')).rejects.toMatchObject({ code: 'offline' });
  });
});

it('tells what was refused and nobody waits for', async () => {
  const { world, events } = await inCall();
  world.wire.refuse('store_busy');
  world.wire.refuse('bad_sdp');
  expect(events).toMatchObject([{ type: 'error', error: { code: 'store_busy' } }]);
});

it('reports quality and judges it', async () => {
  const { visit, world } = await inCall();
  for (let second = 0; second < 60; second += 1) {
    world.rtc.packet();
    await world.advance(200);
  }
  expect(world.wire.all('quality').length).toBeGreaterThan(0);
  world.wire.say({ type: 'video_paused', seat: HOST, source: 'camera', paused: true });
  expect(visit.quality.value.level).toBe('audio_only');
});
