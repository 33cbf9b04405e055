/** Who is in the room and who waits: how they are doing, and what may be done about it. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { BoardVisit, Participant, VisitClient } from '@bedside/client';
import { callText } from '../../i18n/parts';
import { Badge, Banner, Button, Confirm, IconCameraOff, IconMicOff, IconPersonAdd, IconShare, useValue } from '../../ui';
import { useClinic } from '../board/actions';
import { WaiterCard } from '../board/WaiterCard';
import { useDeed } from '../deed';
import { clinicWords } from '../i18n';
import { waitingRoom, type Waiter } from '../model/board';
import { errorText, qualityStep, qualityText, roleText } from '../words';
import { Panel } from './Panel';

export interface PeoplePanelProps {
  readonly client: VisitClient;
  /** The whole board: people of other visits may wait too. */
  readonly visits: readonly BoardVisit[];
  readonly onInvite: () => void;
  readonly onClose: () => void;
}

export function PeoplePanel({ client, visits, onInvite, onClose }: PeoplePanelProps) {
  const t = clinicWords.t;
  const people = useValue(client.people);
  const may = useValue(client.me.may);
  const [removing, setRemoving] = useState<Participant | null>(null);
  const removal = useDeed();
  const { inVisit, actions } = useClinic();
  const waiters = waitingRoom(visits);
  const here = waiters.filter((w) => w.visit.visit === inVisit);
  const elsewhere = waiters.filter((w) => w.visit.visit !== inVisit);

  return (
    <Panel title={t.call.people} onClose={onClose}>
      {here.length > 0 ? (
        <Part title={t.call.peopleWaiting}>
          <Waiters waiters={here} />
        </Part>
      ) : null}
      <Part title={t.call.peopleIn}>
        <ul role="list" class="clinic-people">
          {people.map((person) => (
            <li key={person.seat}>
              <PersonCard client={client} person={person} onRemove={() => setRemoving(person)} />
            </li>
          ))}
        </ul>
        {may.includes('invite') ? (
          <Button wide icon={IconPersonAdd} onClick={onInvite}>
            {t.call.invite}
          </Button>
        ) : null}
      </Part>
      <Part title={t.call.elsewhere}>
        {elsewhere.length > 0 ? (
          <Waiters waiters={elsewhere} onGoThere={actions.enter} />
        ) : (
          <p class="clinic-hush">{t.call.nobodyElse}</p>
        )}
      </Part>
      {removing ? (
        <Confirm
          open
          title={t.call.removeTitle(removing.name)}
          confirmLabel={t.call.remove}
          cancelLabel={t.common.cancel}
          busy={removal.busy}
          onConfirm={() => removal.run(() => client.remove(removing.seat), () => setRemoving(null))}
          onCancel={() => setRemoving(null)}
        >
          <p>{t.call.removeBody}</p>
          {removal.refused ? (
            <Banner tone="danger" live="assertive">
              {errorText(removal.refused)}
            </Banner>
          ) : null}
        </Confirm>
      ) : null}
    </Panel>
  );
}

function Part({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="clinic-part">
      <h3 class="clinic-subtitle">{title}</h3>
      {children}
    </section>
  );
}

/** `onGoThere` for people of other visits: one lets in only to the room one is in. */
function Waiters({ waiters, onGoThere }: { waiters: readonly Waiter[]; onGoThere?: (visit: BoardVisit) => void }) {
  return (
    <ul role="list" class="clinic-waiters">
      {waiters.map((waiter) => (
        <li key={waiter.seat.seat}>
          <WaiterCard
            waiter={waiter}
            {...(onGoThere && waiter.visit.mine ? { onGoThere: () => onGoThere(waiter.visit) } : {})}
          />
        </li>
      ))}
    </ul>
  );
}

interface PersonCardProps {
  readonly client: VisitClient;
  readonly person: Participant;
  readonly onRemove: () => void;
}

function PersonCard({ client, person, onRemove }: PersonCardProps) {
  const t = clinicWords.t;
  const may = useValue(client.me.may);
  const muting = useDeed();
  const moving = useDeed();
  const { name, seat } = person;
  const refused = muting.refused ?? moving.refused;
  // The clinic's people are not put back to a waiting room that they never passed.
  const guest = person.role === 'patient' || person.role === 'family' || person.role === 'interpreter';

  return (
    <article class="clinic-person" aria-label={name}>
      <p class="clinic-person__name">
        {name}
        <span class="clinic-soft clinic-small">{person.me ? ` · ${t.call.you}` : ` · ${roleText(person.role)}`}</span>
      </p>
      <ul role="list" class="clinic-facts clinic-facts--maybe">
        {person.state === 'away' || person.state === 'admitted' ? (
          <li>
            <Badge tone={person.state === 'away' ? 'danger' : 'info'}>
              {person.state === 'away' ? t.call.away : t.call.arriving}
            </Badge>
          </li>
        ) : null}
        {person.mic ? null : (
          <li class="clinic-fact">
            <IconMicOff size={1.1} />
            {t.call.micOff}
          </li>
        )}
        {person.pictures === 'full' && !person.narrow ? null : (
          <li class="clinic-fact">
            {person.pictures === 'none' ? callText.t.soundOnlyChoice : person.narrow ? callText.t.hearsOnly : callText.t.seesSmall}
          </li>
        )}
        {person.camera || person.pictures === 'none' ? null : (
          <li class="clinic-fact">
            <IconCameraOff size={1.1} />
            {t.call.cameraOff}
          </li>
        )}
        {person.screen ? (
          <li class="clinic-fact">
            <IconShare size={1.1} />
            {t.call.sharing}
          </li>
        ) : null}
      </ul>
      {person.me || person.state === 'away' ? null : (
        <p class="clinic-small">{[qualityText(person), qualityStep(person)].filter(Boolean).join(' ')}</p>
      )}
      {refused ? (
        <Banner tone="danger" live="assertive">
          {errorText(refused)}
        </Banner>
      ) : null}
      {person.me ? null : (
        <div class="clinic-row" role="group" aria-label={t.call.actionsFor(name)}>
          {may.includes('mute_other') && person.mic ? (
            <Button
              scale="small"
              busy={muting.busy}
              aria-label={t.call.muteNamed(name)}
              onClick={() => muting.run(() => client.muteOther(seat))}
            >
              {t.call.mute}
            </Button>
          ) : null}
          {may.includes('put_back') && guest ? (
            <Button
              scale="small"
              busy={moving.busy}
              aria-label={t.call.putBackNamed(name)}
              onClick={() => moving.run(() => client.putBack(seat))}
            >
              {t.call.putBack}
            </Button>
          ) : null}
          {may.includes('remove') ? (
            <Button scale="small" kind="quiet" aria-label={t.call.removeNamed(name)} onClick={onRemove}>
              {t.call.remove}
            </Button>
          ) : null}
        </div>
      )}
    </article>
  );
}
