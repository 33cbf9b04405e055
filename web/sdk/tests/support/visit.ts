/** A visit in a world without time, and the server's words to it. */

import type { BoardSeat, Person, ServerMessage } from '../../src/protocol';
import type { VisitEvent, VisitOptions } from '../../src/types';
import { Visit } from '../../src/visit';
import { machineWith } from './machine';
import { FakeTrack, HOST, ME, offer, RECEIVE, SEND } from './peer';
import { World } from './world';

type Message<T extends ServerMessage['type']> = Extract<ServerMessage, { type: T }>;

export function welcome(state: Message<'welcome'>['state'], more: Partial<Message<'welcome'>> = {}): ServerMessage {
  return {
    type: 'welcome',
    seat: ME,
    visit: 'V',
    role: 'patient',
    name: 'Guest',
    state,
    visit_state: 'open',
    host_name: 'Dr Host',
    scheduled_at: 0,
    consents: [],
    asks: [{ purpose: 'visit', text_version: 'visit-1', required: true }],
    now: 1_700_000_000_000_000,
    may: [],
    ...more,
  };
}

export function person(seat: string, more: Partial<Person> = {}): Person {
  return {
    seat,
    name: seat === ME ? 'Guest' : 'Dr Host',
    role: seat === HOST ? 'host' : 'patient',
    state: 'in_call',
    mic: true,
    camera: true,
    screen: false,
    pictures: 'full',
    narrow: false,
    camera_rests: false,
    ...more,
  };
}

export function room(revision: number, people: Person[], waiting: BoardSeat[] = []): ServerMessage {
  return { type: 'room', revision, people, waiting, visit_state: 'in_progress', started_at: 5 };
}

export function waiter(seat: string): BoardSeat {
  return { seat, name: 'Waiting', role: 'family', state: 'waiting', online: true, second_device: false, notes: 0 };
}

const EVENTS = [
  'admitted',
  'put_back',
  'consent_withdrawn',
  'hold_expired',
  'joined',
  'left',
  'waiting',
  'note',
  'chat',
  'muted_by_clinic',
  'reconnecting',
  'recovered',
  'interrupted',
  'fix_needed',
  'ended',
  'error',
] as const satisfies readonly VisitEvent['type'][];

export function visitIn(world = new World(), options: Partial<VisitOptions> = {}) {
  const kit = machineWith(world);
  const shared: FakeTrack[] = [];
  const picker = { dismisses: false };
  const players: HTMLAudioElement[] = [];
  const observer = { observe: () => undefined, unobserve: () => undefined, disconnect: () => undefined };
  const visit = new Visit(
    { visit: 'V', seat: ME, devices: kit.devices, ...options },
    {
      env: world,
      devices: kit.devices,
      share: async () => {
        if (picker.dismisses) throw new DOMException('', 'NotAllowedError');
        const track = new FakeTrack('video');
        shared.push(track);
        return { getVideoTracks: () => [track] } as unknown as MediaStream;
      },
      observers: { resize: () => observer, intersection: () => observer, pixelRatio: () => 1 },
      lock: undefined,
      audio: () => {
        const player = document.createElement('audio');
        players.push(player);
        return player;
      },
    },
  );
  const events: VisitEvent[] = [];
  for (const type of EVENTS) visit.on(type, (event) => void events.push(event));
  /** Opens the newest socket and greets. */
  const greet = async (message: ServerMessage) => {
    await world.advance(0);
    while (world.wire.state !== 'connecting') await world.advance(100);
    world.wire.open();
    world.wire.say(message);
    await world.advance(0);
  };
  return { world, visit, events, greet, shared, picker, players, types: () => events.map((event) => event.type), ...kit };
}

/** A patient in the call, with the clinician. */
export async function inCall(options: Partial<VisitOptions> = {}) {
  const all = visitIn(new World(), options);
  const { world } = all;
  await all.greet(welcome('admitted'));
  world.wire.say(room(1, [person(ME), person(HOST)]));
  world.wire.say(offer(1, 1, [...SEND, ...RECEIVE]));
  await world.advance(0);
  world.rtc.packet();
  world.wire.say({ type: 'you', state: 'in_call' });
  await world.advance(0);
  all.events.length = 0;
  return all;
}
