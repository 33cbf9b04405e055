/** One person in the waiting room: who, how long, what to know, a message, the door. */
import { useId, useState } from 'preact/hooks';
import { MAX_CHAT_CHARS } from '@bedside/client/protocol';
import { announce, Badge, Banner, Button, IconChat, IconCheck, IconSend, IconWarning, TextArea } from '../../ui';
import { useServerNow, Elapsed } from '../clock';
import { useDeed } from '../deed';
import { clinicWords } from '../i18n';
import { patientOf, sinceMs, type Waiter } from '../model/board';
import { readCheck, type CheckReading } from '../model/check';
import { checkLines, errorText, nameOf, readyMessages, roleText } from '../words';
import { useClinic } from './actions';

export interface WaiterCardProps {
  readonly waiter: Waiter;
  /** Shows the message box from the start. */
  readonly startOpen?: boolean;
  /** Beside a call: letting in to the visit one is in; other visits offer to go there instead. */
  readonly onGoThere?: () => void;
}

export function WaiterCard({ waiter, startOpen = false, onGoThere }: WaiterCardProps) {
  const t = clinicWords.t;
  const { actions } = useClinic();
  const { visit, seat, sinceUs } = waiter;
  const [writing, setWriting] = useState(startOpen);
  const admitting = useDeed();
  const id = useId();
  const reading = readCheck(seat.check);

  return (
    <article class="clinic-waiter" aria-labelledby={`${id}-name`}>
      <header class="clinic-waiter__head">
        <div class="clinic-waiter__who">
          <h3 id={`${id}-name`} class="clinic-waiter__name">
            {seat.name}
          </h3>
          <p class="clinic-soft clinic-small">{whose(waiter)}</p>
        </div>
        <Waited sinceUs={sinceUs} />
      </header>

      <ul role="list" class="clinic-facts">
        <li>
          <Badge tone={seat.online ? 'ok' : 'warn'}>{seat.online ? t.waiter.online : t.waiter.offline}</Badge>
        </li>
        <CheckFacts reading={reading} />
        {seat.notes > 0 ? <li class="clinic-soft clinic-small">{t.waiter.sent(seat.notes)}</li> : null}
      </ul>

      {seat.second_device ? <Banner tone="warn">{t.waiter.secondDevice}</Banner> : null}
      {admitting.refused ? (
        <Banner tone="danger" live="assertive">
          {errorText(admitting.refused)}
        </Banner>
      ) : null}

      <div class="clinic-row">
        {onGoThere ? (
          <Button onClick={onGoThere} aria-label={`${t.call.goThere}: ${seat.name}`}>
            {t.call.goThere}
          </Button>
        ) : visit.may.includes('admit') ? (
          <Button
            kind="primary"
            icon={IconCheck}
            busy={admitting.busy}
            aria-label={t.waiter.admitNamed(seat.name)}
            onClick={() => admitting.run(() => actions.admit(visit, seat, visit.mine))}
          >
            {admitting.busy ? t.waiter.admitting : t.waiter.admit}
          </Button>
        ) : null}
        {visit.may.includes('message_waiting') ? (
          <Button
            icon={IconChat}
            aria-expanded={writing}
            aria-label={t.waiter.messageNamed(seat.name)}
            onClick={() => setWriting(!writing)}
          >
            {t.waiter.message}
          </Button>
        ) : null}
      </div>
      {writing ? <MessageBox waiter={waiter} reading={reading} /> : null}
    </article>
  );
}

/** For which visit, and for whom when it is a colleague's. */
function whose({ visit, seat }: Waiter): string {
  const t = clinicWords.t;
  const parts = [roleText(seat.role)];
  if (patientOf(visit)?.seat !== seat.seat) parts.push(t.waiter.forVisit(nameOf(visit)));
  if (!visit.mine) parts.push(t.waiter.forHost(visit.host_name));
  return parts.join(' · ');
}

function Waited({ sinceUs }: { sinceUs: number }) {
  const t = clinicWords.t;
  const now = useServerNow(15_000);
  const minutes = Math.floor(sinceMs(sinceUs, now) / 60_000);
  return (
    <p class="clinic-waiter__time">
      <span aria-hidden="true">
        <Elapsed sinceUs={sinceUs} />
      </span>
      <span class="ui-hidden">{t.waiter.sinceSpoken(minutes)}</span>
    </p>
  );
}

function CheckFacts({ reading }: { reading: CheckReading }) {
  const ok = reading.level === 'ok';
  const plain = reading.level === 'none';
  return (
    <>
      {checkLines(reading).map((line) => (
        <li key={line} class={`clinic-fact clinic-fact--${reading.level}`}>
          {ok ? <IconCheck size={1.1} /> : plain ? null : <IconWarning size={1.1} />}
          <span>{line}</span>
        </li>
      ))}
    </>
  );
}

function MessageBox({ waiter: { visit, seat }, reading }: { waiter: Waiter; reading: CheckReading }) {
  const t = clinicWords.t;
  const { actions } = useClinic();
  const [text, setText] = useState('');
  const sending = useDeed();
  const tooLong = [...text].length > MAX_CHAT_CHARS;

  const submit = (event: Event) => {
    event.preventDefault();
    const words = text.trim();
    if (words === '' || tooLong) return;
    sending.run(
      () => actions.note(visit, seat, words),
      () => {
        setText('');
        announce(t.waiter.messageSent);
      },
    );
  };

  return (
    <form class="clinic-message" onSubmit={submit}>
      <div class="clinic-quick" role="group" aria-label={t.waiter.quick}>
        {readyMessages(reading).map((words) => (
          <button key={words} type="button" class="clinic-quick__one" onClick={() => setText(words)}>
            {words}
          </button>
        ))}
      </div>
      <TextArea
        label={t.waiter.messageNamed(seat.name)}
        placeholder={t.waiter.messagePlaceholder}
        value={text}
        onValue={setText}
        error={
          tooLong ? t.waiter.messageLong(MAX_CHAT_CHARS) : sending.refused ? errorText(sending.refused) : undefined
        }
      />
      <Button type="submit" icon={IconSend} busy={sending.busy} disabled={text.trim() === '' || tooLong}>
        {t.waiter.messageSend}
      </Button>
    </form>
  );
}
