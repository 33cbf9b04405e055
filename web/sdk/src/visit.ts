/**
 * One visit, from the first word to the goodbye. Owns the order of things: what the server's
 * messages mean for each part, and what is told to the server after a (re)connection. The parts
 * (socket, media, chat, devices, …) know nothing of each other.
 */

import { Attachments } from './attach';
import { Speakers } from './audio';
import { Chat } from './chat';
import { BedsideError } from './errors';
import type { Message } from './facts';
import { Health } from './health';
import { call } from './http';
import { Intents } from './intents';
import { LocalSide } from './me';
import { Media, trackKey } from './media';
import { VisitOrders } from './orders';
import { endOf, isClinic, isInside, phaseOf } from './phase';
import type {
  ClientMessage,
  EndReason,
  SeatState,
  ServerMessage,
  Source,
  Token,
  YouBecause,
} from './protocol';
import { QualityLoop } from './quality';
import { NO_TRACKS, Roster } from './roster';
import { Cell, Cleanup, Emitter } from './signal';
import { Wire } from './socket';
import { Tiles } from './tiles';
import { Way } from './way';
import { WakeLock } from './wake';
import type { VisitDeps } from './visit-deps';
import { Wish } from './wish';
import type {
  AttachOptions,
  Phase,
  PictureWish,
  TileRef,
  VisitClient,
  VisitEvent,
  VisitOptions,
} from './types';

export class Visit extends VisitOrders implements VisitClient {
  readonly phase = new Cell<Phase>('hello');
  readonly me: LocalSide;
  protected readonly intents: Intents;
  protected readonly options: VisitOptions;
  readonly #ownDevices: boolean;
  readonly #events = new Emitter<VisitEvent>();
  readonly #cleanup = new Cleanup();
  readonly #wire: Wire;
  readonly #media: Media;
  readonly #chat: Chat;
  readonly #roster = new Roster();
  readonly #speakers: Speakers;
  readonly #tiles: Tiles;
  readonly #attachments: Attachments;
  readonly #quality: QualityLoop;
  readonly #wish: Wish;
  readonly #way: Way;
  readonly #wake: WakeLock;
  readonly #health: Health;
  #local = NO_TRACKS;
  #inside = false;
  /** Devices that were on when another device took over. */
  #held: { readonly mic: boolean; readonly camera: boolean } | null = null;

  constructor(options: VisitOptions, deps: VisitDeps) {
    const { env } = deps;
    super(env);
    this.options = options;
    this.#ownDevices = options.devices === undefined;
    const send = (message: ClientMessage) => this.#wire.send(message);
    this.#wire = new Wire(env, {
      token: (timeoutMs) => this.#token(timeoutMs),
      resume: () => this.#resume(),
      isGreeting: (message) => message.type === 'welcome',
      message: (message) => this.#message(message),
      lost: () => this.#lost(),
      refused: (error) => this.#refused(error),
    });
    this.#media = new Media(env, send, () => this.#wire.doubt());
    this.#way = new Way(env, {
      send: (message) => this.#inside && send(message),
      show: (tracks) => this.#roster.instead(tracks),
      rest: (rests) => this.#media.rest(rests),
      local: (source) => this.#local[source],
      people: () => this.#roster.people.value,
      relief: () => this.#quality.relief,
      relays: () => this.#media.relays,
      me: () => this.me.identity.value?.seat ?? '',
      speaking: (seat) => this.#roster.heardSpeaking(seat),
      unitStats: () => this.#media.stats(),
      unitTrack: (seat, source) => this.#media.tracks.value.get(trackKey(seat, source)) ?? null,
    });
    this.#chat = new Chat(env, send);
    this.intents = new Intents(
      (message) => this.#wire.command(message),
      (error) => this.#events.emit({ type: 'error', error }),
    );
    this.me = new LocalSide(
      env,
      options.visit,
      deps.devices,
      {
        command: (message) => this.#wire.command(message),
        send,
        track: (source, track) => this.#localTrack(source, track),
        cameraWanted: () => this.#wish.cameraWanted(),
        interrupted: (source) => this.#events.emit({ type: 'interrupted', source }),
        fixNeeded: (source, code) => this.#events.emit({ type: 'fix_needed', source, code }),
      },
      deps.share,
    );
    this.#speakers = new Speakers(deps.devices.speakerId, deps.audio);
    this.#tiles = new Tiles(env, (tiles) => this.#inside && send({ type: 'view', tiles }), deps.observers);
    this.#wish = new Wish(this.pictures, {
      send: (message) => this.#inside && send(message),
      limit: (wish) => this.#tiles.limit(wish),
      camera: this.me.camera,
    });
    this.#attachments = new Attachments(this.#roster.people);
    this.#quality = new QualityLoop(env, {
      stats: () => this.#way.stats() ?? this.#media.stats(),
      videoPaused: () => this.#roster.allPicturesPaused || this.#quality.relief === 3,
      surroundings: () => ({
        owner: (stat) => this.#way.owner(stat) ?? this.#media.owner(stat),
        sources: this.me.sources,
        tiles: this.#tiles.views(),
        direct: this.#way.path.value !== 'server',
      }),
      report: (report) => {
        send({ type: 'quality', report });
        this.#media.relieve(this.#quality.relief);
        this.#way.relieve();
      },
    });
    this.#wake = new WakeLock(env, deps.lock);
    this.#health = new Health(
      env,
      () => this.#events.emit({ type: 'reconnecting' }),
      (afterMs) => this.#events.emit({ type: 'recovered', afterMs }),
    );
    this.#cleanup.add(this.#wire.connection.subscribe(() => this.#judgeConnection()));
    this.#cleanup.add(this.#media.state.subscribe(() => this.#judgeConnection()));
    this.#cleanup.add(this.#way.path.subscribe(() => this.#quality.recount()));
    this.#cleanup.add(this.#media.tracks.subscribe((tracks) => this.#roster.remote(tracks)));
    this.#cleanup.add(
      this.#roster.people.subscribe(() => {
        this.#way.people();
        this.#speakers.play(this.#roster.voices);
        this.#quality.rejudge();
      }),
    );
    this.#cleanup.add(
      env.page.on('visibility', () => {
        if (env.page.visible()) this.#speakers.wake();
      }),
    );
    this.#cleanup.add(
      this.phase.subscribe((phase) => this.#wake.want(phase === 'waiting' || phase === 'admitted' || phase === 'in_call')),
    );
    this.#wire.start();
  }

  get connection() {
    return this.#health.connection;
  }

  get people() {
    return this.#roster.people;
  }

  get chat() {
    return this.#chat.entries;
  }

  get unread() {
    return this.#chat.unread;
  }

  get quality() {
    return this.#quality.quality;
  }

  get path() {
    return this.#way.path;
  }

  get sound() {
    return this.#speakers.state;
  }

  enter(): Promise<void> {
    return this.#inside ? Promise.resolve() : this.command({ type: 'enter' });
  }

  protected command(message: ClientMessage): Promise<void> {
    return this.#wire.command(message);
  }

  // --- In the call ---

  sendChat(text: string): string {
    return this.#chat.write(text);
  }

  retryChat(id: string): void {
    this.#chat.retry(id);
  }

  dropChat(id: string): void {
    this.#chat.drop(id);
  }

  markChatRead(): void {
    this.#chat.markRead();
  }

  attach(
    element: HTMLVideoElement,
    seat: string,
    source: 'camera' | 'screen',
    options: AttachOptions = {},
  ): () => void {
    const detach = this.#attachments.add(element, seat, source);
    // One's own picture does not come from the server: its size is nobody's business.
    if (seat === this.me.identity.value?.seat) return detach;
    const unwatch = this.#tiles.add(element, seat, source, options.pinned ?? false);
    return () => {
      detach();
      unwatch();
    };
  }

  pin(tile: TileRef | null): void {
    this.pinned.set(tile);
    this.#tiles.pin(tile === null ? null : trackKey(tile.seat, tile.source));
  }

  setPictures(wish: PictureWish): Promise<void> {
    return this.#wish.choose(wish);
  }

  playSound(): Promise<void> {
    return this.#speakers.unblock();
  }

  takeBack(): void {
    if (this.phase.value !== 'taken_over') return;
    this.phase.set('hello');
    const held = this.#held;
    this.#held = null;
    if (held !== null) void this.me.devices.open(held).catch(() => undefined);
    this.#wire.start();
  }

  reconnectNow(): void {
    this.#wire.reconnectNow();
  }

  leave(): void {
    if (this.#isOver()) return;
    // What is handed to a socket before it closes is still sent.
    this.#wire.send({ type: 'leave' });
    this.#over('ended', 'you_left');
  }

  on<K extends VisitEvent['type']>(
    type: K,
    listener: (event: Extract<VisitEvent, { type: K }>) => void,
  ): () => void {
    return this.#events.on(type, listener);
  }

  dispose(): void {
    this.#wire.stop();
    this.#setInside(false);
    this.#cleanup.run();
    this.#media.close();
    this.#speakers.dispose();
    this.#attachments.dispose();
    this.#tiles.dispose();
    this.#wake.dispose();
    this.me.dispose();
    if (this.#ownDevices) this.me.devices.dispose();
  }

  // --- The server's words ---

  #message(message: ServerMessage): void {
    switch (message.type) {
      case 'welcome':
        return this.#welcome(message);
      case 'you':
        return this.#you(message.state, message.because);
      case 'waiting':
        return this.waitingRoom(message);
      case 'note':
        if (this.noted(message.note)) this.#events.emit({ type: 'note', note: message.note });
        return;
      case 'room':
        return this.#room(message);
      case 'offer':
        return this.#media.offer(message);
      case 'media_up':
        return this.#media.up(message.transport);
      case 'speaking':
        return this.#roster.speaking(message.seat ?? null);
      case 'video_paused':
        return this.#roster.paused(message.seat, message.source, message.paused);
      case 'muted_by_clinic':
        this.me.silenced();
        return this.#events.emit({ type: 'muted_by_clinic' });
      case 'direct_open':
      case 'direct_signal':
      case 'direct_on':
      case 'direct_close':
        return this.#inside ? this.#way.hear(message) : undefined;
      case 'chat':
        return this.#lines(message);
      case 'quality':
        return this.#roster.quality(message.links, message.directions);
      case 'taken_over':
        return this.#takenOver();
      case 'removed':
        return this.#over('removed', null);
      case 'ended':
        return this.#over('ended', message.reason);
      case 'closing':
        return this.phase.set('closing');
      case 'error':
        return this.#error(message);
      default:
        return; // A newer server may say more.
    }
  }

  #welcome(welcome: Message<'welcome'>): void {
    const { state } = welcome;
    const identity = this.welcomed(welcome);
    this.me.identity.set(identity);
    this.me.may.set(welcome.may);
    this.#roster.greeted(identity.seat);
    this.#chat.iAm(identity.seat, identity.name);
    const end = endOf(welcome.visit_state);
    if (end !== null) {
      this.#over('ended', end);
      return;
    }
    const moved = this.#wire.moved();
    if (isInside(state)) this.#media.greeted(welcome.transport, moved);
    this.#setState(state);
    this.intents.greeted(state);
    if (this.#inside) {
      this.#wish.renew();
      this.me.renew();
      this.#tiles.renew();
      this.#chat.opened(this.serverNow());
    }
    const outside = state === 'invited' || state === 'left';
    if (this.options.enter && isClinic(identity.role) && outside) this.#enterByItself();
  }

  #enterByItself(): void {
    this.enter().catch((caught: unknown) => {
      const error = caught instanceof BedsideError ? caught : new BedsideError('internal');
      // Offline: the next greeting tries again.
      if (error.code !== 'offline') this.#events.emit({ type: 'error', error });
    });
  }

  #you(state: SeatState, because: YouBecause | undefined): void {
    this.#setState(state);
    if (because === undefined) return;
    // Told again after each greeting, until one has moved on: news only once.
    const known = because === 'hold_expired' && this.holdExpired.value;
    if (because === 'hold_expired') this.holdExpired.set(true);
    if (!known) this.#events.emit({ type: because });
  }

  #setState(state: SeatState): void {
    const role = this.me.identity.value?.role ?? 'patient';
    this.me.state.set(state);
    if (state !== 'checking' && state !== 'left') this.holdExpired.set(false);
    this.#setInside(isInside(state));
    if (state !== 'waiting') this.waiting.set(null);
    const phase = phaseOf(state, role, this.phase.value);
    if (phase === 'ended') this.#over('ended', 'you_left');
    else if (phase === 'removed') this.#over('removed', null);
    else this.phase.set(phase);
  }

  #setInside(inside: boolean): void {
    if (inside === this.#inside) return;
    this.#inside = inside;
    if (inside) {
      this.#wish.renew();
      this.me.inside(true);
      void this.me.openDevices(this.options.start ?? {}).catch(() => undefined);
      this.#chat.opened(this.serverNow());
      this.#tiles.renew();
      this.#quality.start();
    } else {
      this.me.leftRoom();
      this.#chat.closed();
      this.#quality.stop();
      this.#media.relieve(0);
      this.#way.close();
      this.#media.close();
      this.#roster.clear();
      this.queue.set([]);
      this.pin(null);
    }
  }

  #room(room: Message<'room'>): void {
    if (!this.#inside) return;
    const change = this.#roster.room(room);
    if (change === null) return;
    this.#wish.told(room.people.find((p) => p.seat === this.me.identity.value?.seat)?.pictures);
    for (const person of change.joined) this.#events.emit({ type: 'joined', person });
    for (const { seat, name } of change.left) this.#events.emit({ type: 'left', seat, name });
    for (const seat of this.roomed(room)) this.#events.emit({ type: 'waiting', seat });
  }

  #lines({ lines }: Message<'chat'>): void {
    const news = this.#chat.received(lines);
    if (news.length > 0) this.#events.emit({ type: 'chat', lines: news });
  }

  #error({ error, reply_to }: Message<'error'>): void {
    if (reply_to !== undefined && this.#chat.refused(reply_to, error)) return;
    // The server offers again by itself after these two.
    if (error.code === 'stale_answer' || error.code === 'bad_sdp') return;
    this.#events.emit({ type: 'error', error: BedsideError.from(error) });
  }

  // --- Connection ---

  async #token(timeoutMs: number): Promise<string> {
    const { visit, seat } = this.options;
    const body = seat === undefined ? { visit } : { visit, seat };
    const { token } = await call<Token>('POST', 'seat/token', body, this.env.fetch, timeoutMs);
    return token;
  }

  #resume(): { transport?: number; chat_after?: number } {
    const { transport } = this.#media;
    const chatAfter = this.#chat.lastSeq;
    return {
      ...(transport === undefined ? {} : { transport }),
      ...(chatAfter === undefined ? {} : { chat_after: chatAfter }),
    };
  }

  #lost(): void {
    this.#chat.closed();
    this.#way.leave();
    this.#media.socketLost();
  }

  #refused(error: BedsideError): void {
    if (error.code === 'taken_over') this.#takenOver();
    else if (error.code === 'visit_over') this.#over('ended', null);
    else {
      this.failure.set(error);
      this.#over('refused', null);
    }
  }

  #takenOver(): void {
    const { mic, camera, devices } = this.me;
    if (devices.opened) this.#held = { mic: mic.on.value, camera: camera.on.value };
    // The other device decides now, and may need the same camera.
    this.intents.clear();
    this.#shut('taken_over');
  }

  #over(phase: 'ended' | 'removed' | 'refused', reason: EndReason | null): void {
    this.endReason.set(reason);
    this.#shut(phase);
    if (reason !== null) this.#events.emit({ type: 'ended', reason });
  }

  #shut(phase: Phase): void {
    this.#wire.stop();
    this.#setInside(false);
    this.#media.close();
    this.me.close();
    this.waiting.set(null);
    this.phase.set(phase);
    this.#judgeConnection();
  }

  #isOver(): boolean {
    const phase = this.phase.value;
    return phase === 'ended' || phase === 'removed' || phase === 'refused';
  }

  #judgeConnection(): void {
    if (this.#isOver() || this.phase.value === 'taken_over') this.#health.rest();
    else this.#health.judge(this.#wire.connection.value, !this.#inside || this.#media.state.value !== 'recovering');
  }

  #localTrack(source: Source, track: MediaStreamTrack | null): void {
    this.#local = { ...this.#local, [source]: track };
    this.#roster.local(this.#local);
    this.#media.setLocal(source, track);
    this.#way.setLocal(source, track);
  }
}
