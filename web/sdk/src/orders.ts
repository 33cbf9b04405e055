/**
 * What a person tells the server outside of the call itself: a guest's way in, and the clinic's
 * orders. Owns the shape of these messages only; when they go out is decided by {@link Intents} and
 * by the socket.
 */

import { VisitFacts } from './facts';
import { call } from './http';
import type { Intents } from './intents';
import type { CheckReport, ClientMessage, ConsentDecision, EndAs, Purpose } from './protocol';
import type { VisitOptions } from './types';

export abstract class VisitOrders extends VisitFacts {
  protected abstract readonly intents: Intents;
  protected abstract readonly options: VisitOptions;

  /** Resolves when the server has done it; rejects with its code. */
  protected abstract command(message: ClientMessage): Promise<void>;

  // --- A guest's way in ---

  sendCheck(report: CheckReport): void {
    this.intents.add({ type: 'check', report }, (state) => state === 'invited' || state === 'checking');
  }

  recheck(): void {
    this.intents.add({ type: 'recheck' }, (state) => state === 'consenting');
  }

  consent(purpose: Purpose, decision: ConsentDecision, textVersion: string, locale: string): void {
    this.answered(purpose, decision, textVersion);
    this.intents.add({ type: 'consent', purpose, decision, text_version: textVersion, locale });
  }

  wait(): void {
    this.intents.add({ type: 'wait' }, (state) => state === 'consenting');
  }

  // --- The clinic ---

  admit(seat: string): Promise<void> {
    return this.command({ type: 'admit', seat });
  }

  putBack(seat: string): Promise<void> {
    return this.command({ type: 'put_back', seat });
  }

  remove(seat: string): Promise<void> {
    return this.command({ type: 'remove', seat });
  }

  muteOther(seat: string): Promise<void> {
    return this.command({ type: 'mute_other', seat });
  }

  sendNote(seat: string, text: string): Promise<void> {
    return this.command({ type: 'note', seat, id: this.env.id(), text });
  }

  end(outcome: EndAs): Promise<void> {
    return this.command({ type: 'end', outcome });
  }

  rate(stars: number): Promise<void> {
    const { visit, seat } = this.options;
    // A guest's socket is gone by the time of the question; the device's cookie still speaks.
    if (seat === undefined) return this.command({ type: 'rate', stars });
    return call('POST', 'seat/rate', { visit, seat, stars }, this.env.fetch);
  }
}
