/** The chat of the visit. Everything written is shown as text: links do nothing. */
import type { ChatEntry, VisitClient } from '@bedside/client';
import { MAX_CHAT_CHARS } from '@bedside/client/protocol';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { formatTime } from '../i18n';
import { callText } from '../i18n/parts';
import { Button, EmptyState, Field, IconButton, IconClose, IconSend, useValue } from '../ui';

/** Distance from the end, in CSS pixels, within which the list follows new lines. */
const FOLLOW_PX = 48;

function Line({ visit, entry }: { visit: VisitClient; entry: ChatEntry }) {
  const t = callText.t;
  return (
    <li class={`c-chat__line${entry.mine ? ' c-chat__line--mine' : ''}`}>
      <p class="c-chat__who">
        <span>{entry.mine ? t.you : entry.name}</span>
        <time dateTime={new Date(entry.at / 1000).toISOString()}>{formatTime(new Date(entry.at / 1000))}</time>
      </p>
      <p class="c-chat__text" dir="auto">
        {entry.text}
      </p>
      {entry.state === 'sending' ? <p class="c-chat__state">{t.chatSending}</p> : null}
      {entry.state === 'failed' ? (
        <div class="c-chat__failed">
          <span>{t.chatFailed}</span>
          <Button scale="small" onClick={() => visit.retryChat(entry.id)}>
            {t.chatRetry}
          </Button>
          <Button scale="small" kind="quiet" onClick={() => visit.dropChat(entry.id)}>
            {t.chatDrop}
          </Button>
        </div>
      ) : null}
    </li>
  );
}

export interface ChatPanelProps {
  visit: VisitClient;
  onClose: () => void;
}

export function ChatPanel({ visit, onClose }: ChatPanelProps) {
  const t = callText.t;
  const lines = useValue(visit.chat);
  const [text, setText] = useState('');
  const [tooLong, setTooLong] = useState(false);
  const list = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const following = useRef(true);

  useEffect(() => {
    // On a phone the focus would open the keyboard over what one came to read.
    if (matchMedia('(pointer: fine)').matches) field.current?.focus();
  }, []);
  useEffect(() => visit.markChatRead(), [visit, lines]);
  useLayoutEffect(() => {
    const element = list.current;
    // Who reads older lines is not torn away from them.
    if (element && following.current) element.scrollTop = element.scrollHeight;
  }, [lines]);

  const send = () => {
    if (text.trim() === '') return;
    // The server counts characters, not UTF-16 units.
    if ([...text].length > MAX_CHAT_CHARS) {
      setTooLong(true);
      return;
    }
    visit.sendChat(text);
    following.current = true;
    setText('');
    field.current?.focus();
  };

  return (
    <section class="c-panel" aria-label={t.chatTitle}>
      <header class="c-panel__head">
        <h2>{t.chatTitle}</h2>
        <IconButton icon={IconClose} label={t.close} onClick={onClose} />
      </header>
      <div
        ref={list}
        class="c-panel__body"
        // The list scrolls, so the keyboard has to reach it.
        tabIndex={0}
        role="log"
        aria-label={t.chatTitle}
        onScroll={(event) => {
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
          following.current = scrollHeight - scrollTop - clientHeight < FOLLOW_PX;
        }}
      >
        {lines.length === 0 ? (
          <EmptyState title={t.chatEmpty}>{t.chatEmptyText}</EmptyState>
        ) : (
          <ol role="list" class="c-chat">
            {lines.map((entry) => (
              <Line key={entry.id} visit={visit} entry={entry} />
            ))}
          </ol>
        )}
      </div>
      <form
        class="c-chat__form"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <Field label={t.chatWrite} error={tooLong ? t.chatLong(MAX_CHAT_CHARS) : undefined}>
          {(ties) => (
            <textarea
              {...ties}
              ref={field}
              class="ui-input"
              rows={1}
              value={text}
              dir="auto"
              onInput={(event) => {
                setText(event.currentTarget.value);
                setTooLong(false);
              }}
              onKeyDown={(event) => {
                // While a word is being composed, Enter belongs to the keyboard, not to us.
                if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
                  event.preventDefault();
                  send();
                }
              }}
            />
          )}
        </Field>
        <Button kind="primary" type="submit" icon={IconSend}>
          {t.chatSend}
        </Button>
      </form>
    </section>
  );
}
