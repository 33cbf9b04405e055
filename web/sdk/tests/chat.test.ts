import { describe, expect, it } from 'vitest';
import { Chat } from '../src/chat';
import type { ChatLine, ClientMessage } from '../src/protocol';
import { HOST, ME } from './support/peer';
import { World } from './support/world';

/** The server's half: gives places, ignores ids that it has, and may lose its answers. */
class ChatServer {
  readonly lines: ChatLine[] = [];
  take(message: ClientMessage): void {
    if (message.type !== 'chat' || this.lines.some((line) => line.id === message.id)) return;
    this.lines.push({ seq: this.lines.length + 1, seat: ME, name: 'me', id: message.id, text: message.text, at: 0 });
  }
}

function chatIn(world: World) {
  const sent: ClientMessage[] = [];
  let up = true;
  const chat = new Chat(world, (message) => {
    if (up) sent.push(message);
    return up;
  });
  chat.iAm(ME, 'me');
  return {
    chat,
    sent,
    texts: () => chat.entries.value.map((entry) => entry.text),
    cut: () => {
      up = false;
      chat.closed();
    },
    heal: () => {
      up = true;
      chat.opened(0);
    },
  };
}

describe('the outbox', () => {
  it('shows a line at once and confirms it', () => {
    const { chat, sent } = chatIn(new World());
    chat.opened(0);
    const id = chat.write('hello');
    expect(chat.entries.value).toMatchObject([{ id, text: 'hello', state: 'sending', seq: null, mine: true }]);
    expect(sent).toEqual([{ type: 'chat', id, text: 'hello' }]);
    chat.received([{ seq: 1, seat: ME, name: 'me', id, text: 'hello', at: 5 }]);
    expect(chat.entries.value).toMatchObject([{ id, state: 'sent', seq: 1 }]);
  });

  it('delivers each line exactly once and in order, whatever is lost', () => {
    // Every combination of: message lost, confirmation lost, per line, over reconnects.
    for (let losses = 0; losses < 4 ** 3; losses += 1) {
      const { chat, sent, texts, cut, heal } = chatIn(new World());
      const server = new ChatServer();
      chat.opened(0);
      ['one', 'two', 'three'].forEach((text, index) => {
        const fate = (losses >> (index * 2)) & 3;
        const before = sent.length;
        chat.write(text);
        if (fate & 1) {
          // The message never arrives; with it the socket dies, so nothing later arrives either.
          cut();
        } else {
          for (const message of sent.slice(before)) server.take(message);
          if (fate & 2) cut(); // It arrived, but the confirmation did not.
        }
        const again = sent.length;
        heal();
        for (const message of sent.slice(again)) server.take(message);
        chat.received(server.lines.filter((line) => line.seq > (chat.lastSeq ?? 0)));
        chat.received(server.lines); // A server that repeats itself does no harm.
      });
      expect(server.lines.map((line) => line.text)).toEqual(['one', 'two', 'three']);
      expect(texts()).toEqual(['one', 'two', 'three']);
      expect(chat.entries.value.every((entry) => entry.state === 'sent')).toBe(true);
    }
  });

  it('keeps what was written while away, and sends it in order', () => {
    const { chat, sent, cut, heal } = chatIn(new World());
    chat.opened(0);
    cut();
    const ids = ['a', 'b', 'c'].map((text) => chat.write(text));
    expect(sent).toEqual([]);
    heal();
    expect(sent.map((message) => message.type === 'chat' && message.id)).toEqual(ids);
  });

  it('waits and sends again when the server was only busy', async () => {
    const world = new World();
    const { chat, sent } = chatIn(world);
    chat.opened(0);
    const id = chat.write('a');
    chat.refused(id, { code: 'too_fast', message: '', retry_after_ms: 400 });
    const later = chat.write('b');
    expect(sent).toHaveLength(1);
    await world.advance(400);
    expect(sent.slice(1)).toMatchObject([{ id }, { id: later }]);
    expect(chat.entries.value.map((entry) => entry.state)).toEqual(['sending', 'sending']);
  });

  it('shows a refused line as failed, to be sent again or dropped', () => {
    const { chat, sent, texts } = chatIn(new World());
    chat.opened(0);
    const id = chat.write('a');
    expect(chat.refused(id, { code: 'not_allowed', message: '' })).toBe(true);
    expect(chat.entries.value).toMatchObject([{ state: 'failed', error: 'not_allowed' }]);
    chat.retry(id);
    expect(sent).toHaveLength(2);
    chat.drop(id);
    expect(texts()).toEqual(['a']); // On its way: too late to drop.
    chat.refused(id, { code: 'not_allowed', message: '' });
    chat.drop(id);
    expect(texts()).toEqual([]);
    expect(chat.refused('somebody-else', { code: 'not_allowed', message: '' })).toBe(false);
  });

  it.each(['', '   ', 'x'.repeat(2001)])('refuses text that the server would refuse', (text) => {
    const { chat } = chatIn(new World());
    expect(() => chat.write(text)).toThrow(expect.objectContaining({ code: 'bad_field' }));
    expect(chat.entries.value).toEqual([]);
  });

  it('counts letters as people do, not as UTF-16 does', () => {
    const { chat } = chatIn(new World());
    expect(() => chat.write('😀'.repeat(2000))).not.toThrow();
  });
});

describe('lines of others', () => {
  const line = (seq: number): ChatLine => ({ seq, seat: HOST, name: 'Dr', id: `h${seq}`, text: `t${seq}`, at: 0 });

  it('are shown in the order of the server, however they come', () => {
    const { chat, texts } = chatIn(new World());
    chat.opened(0);
    chat.write('mine, on its way');
    expect(chat.received([line(3), line(1)]).map((entry) => entry.seq)).toEqual([3, 1]);
    expect(chat.received([line(2), line(1)]).map((entry) => entry.seq)).toEqual([2]);
    expect(texts()).toEqual(['t1', 't2', 't3', 'mine, on its way']);
  });

  it('from before one came are shown, but are no news', () => {
    const { chat, texts } = chatIn(new World());
    chat.opened(100);
    expect(chat.received([{ ...line(1), at: 99 }, { ...line(2), at: 100 }]).map((entry) => entry.seq)).toEqual([2]);
    expect(texts()).toEqual(['t1', 't2']);
    expect(chat.unread.value).toBe(1);
    // A reconnect moves nothing: what was written meanwhile is news.
    chat.closed();
    chat.opened(500);
    expect(chat.received([{ ...line(3), at: 200 }])).toHaveLength(1);
  });

  it('are counted until read', () => {
    const { chat, sent } = chatIn(new World());
    chat.opened(0);
    chat.received([line(1), line(2)]);
    expect(chat.unread.value).toBe(2);
    chat.markRead();
    chat.markRead();
    expect(chat.unread.value).toBe(0);
    expect(sent).toEqual([{ type: 'chat_read', seq: 2 }]);
    chat.received([line(3)]);
    expect(chat.unread.value).toBe(1);
  });
});
