/** One more person by link, or a fresh link for somebody invited before. */
import { useId, useState } from 'preact/hooks';
import type { BoardSeat, BoardVisit, Invitation } from '@bedside/client';
import { languageOf, locale } from '../../i18n';
import { Banner, Button, ChoiceField, Confirm, Dialog, TextField } from '../../ui';
import { useDeed } from '../deed';
import { clinicWords } from '../i18n';
import { inviteFaultsOf, tidy, type InviteDraft } from '../model/visit-form';
import { errorText } from '../words';
import { useClinic } from './actions';
import { ClinicianField } from './clinicians';
import { InvitationCard } from './InvitationCard';

export interface InviteSomeoneProps {
  readonly visit: Pick<BoardVisit, 'visit' | 'host_name'>;
  readonly onClose: () => void;
  /** A form partly filled. */
  readonly start?: Partial<InviteDraft>;
}

/** An interpreter or somebody of the family by link; a colleague by their own board. */
export function InviteSomeone({ visit, onClose, start = {} }: InviteSomeoneProps) {
  const t = clinicWords.t;
  const { me, actions } = useClinic();
  const [draft, setDraft] = useState<InviteDraft>({ role: 'interpreter', name: '', email: '', user: '', ...start });
  const [faults, setFaults] = useState<ReturnType<typeof inviteFaultsOf>>({});
  const [made, setMade] = useState<Invitation | null>(null);
  const [asked, setAsked] = useState(false);
  const inviting = useDeed();
  const form = useId();

  if (made) {
    return (
      <Made
        invitation={made}
        lead={t.invitation.readyPerson(tidy(draft.name))}
        mailWanted={draft.email.trim() !== ''}
        onClose={onClose}
      />
    );
  }

  if (asked) return <Asked onClose={onClose} />;

  const faultText = (field: 'name' | 'email' | 'user') => {
    const fault = faults[field] ?? (inviting.field === field ? 'refused' : undefined);
    if (fault === 'refused' && field === 'user') return t.invite.colleagueRefused;
    return fault === undefined ? undefined : t.newVisit.fault[fault];
  };

  const submit = (event: Event) => {
    event.preventDefault();
    const found = inviteFaultsOf(draft);
    setFaults(found);
    if (Object.keys(found).length > 0) return;
    if (draft.role === 'colleague') {
      inviting.run(() => actions.inviteColleague(visit.visit, draft.user), () => setAsked(true));
      return;
    }
    const request = { role: draft.role, name: tidy(draft.name), email: draft.email.trim(), ...here() };
    inviting.run(() => actions.invite(visit.visit, request), setMade);
  };

  return (
    <Dialog
      open
      onClose={onClose}
      title={t.invite.title}
      closeLabel={t.common.close}
      actions={
        <>
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button kind="primary" type="submit" form={form} busy={inviting.busy}>
            {inviting.busy ? t.invite.making : draft.role === 'colleague' ? t.invite.ask : t.invite.submit}
          </Button>
        </>
      }
    >
      <form id={form} class="clinic-form" noValidate onSubmit={submit}>
        {inviting.refused && !inviting.field ? (
          <Banner tone="danger" live="assertive">
            {errorText(inviting.refused)}
          </Banner>
        ) : null}
        <ChoiceField
          label={t.invite.who}
          flow="row"
          value={draft.role}
          onValue={(role) => setDraft({ ...draft, role })}
          options={[
            { value: 'interpreter', label: t.roles.interpreter },
            { value: 'family', label: t.roles.family },
            { value: 'colleague', label: t.roles.colleague },
          ]}
        />
        {draft.role === 'colleague' ? (
          <ClinicianField
            label={t.invite.colleague}
            hint={t.invite.colleagueHint}
            value={draft.user}
            onValue={(user) => setDraft({ ...draft, user })}
            error={faultText('user')}
            empty={t.newVisit.hostChoose}
            // Neither oneself nor whose visit it is can be invited to it.
            without={[me.name, visit.host_name]}
          />
        ) : (
          <ByLink draft={draft} onDraft={setDraft} faultText={faultText} />
        )}
      </form>
    </Dialog>
  );
}

interface ByLinkProps {
  readonly draft: InviteDraft;
  readonly onDraft: (draft: InviteDraft) => void;
  readonly faultText: (field: 'name' | 'email') => string | undefined;
}

/** Who comes by a link needs a name, and perhaps an address. */
function ByLink({ draft, onDraft, faultText }: ByLinkProps) {
  const t = clinicWords.t;
  const { me } = useClinic();
  return (
    <>
      <TextField
        label={t.invite.name}
        autocomplete="off"
        autocapitalize="words"
        spellcheck={false}
        autofocus
        value={draft.name}
        onValue={(name) => onDraft({ ...draft, name })}
        error={faultText('name')}
      />
      {me.mail ? (
        <TextField
          label={t.invite.email}
          hint={t.invite.emailHint}
          type="email"
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          value={draft.email}
          onValue={(email) => onDraft({ ...draft, email })}
          error={faultText('email')}
        />
      ) : null}
    </>
  );
}

/** The colleague has it on their board now; nothing has to be sent. */
export function Asked({ onClose }: { readonly onClose: () => void }) {
  const t = clinicWords.t;
  return (
    <Dialog
      open
      onClose={onClose}
      title={t.invite.title}
      closeLabel={t.common.close}
      actions={
        <Button kind="primary" autofocus onClick={onClose}>
          {t.invitation.done}
        </Button>
      }
    >
      <Banner tone="ok" live="polite" title={t.invite.asked}>
        {t.invite.askedHint}
      </Banner>
    </Dialog>
  );
}

export interface FreshLinkProps {
  readonly visit: Pick<BoardVisit, 'visit'>;
  readonly seat: Pick<BoardSeat, 'seat' | 'name' | 'role'>;
  readonly onClose: () => void;
}

/** Asks first: the link that was sent before dies at once. */
export function FreshLink({ visit, seat, onClose }: FreshLinkProps) {
  const t = clinicWords.t;
  const { actions } = useClinic();
  const [made, setMade] = useState<Invitation | null>(null);
  const inviting = useDeed();
  if (made) {
    return <Made invitation={made} lead={t.invitation.readyFresh(seat.name)} mailWanted={false} onClose={onClose} />;
  }
  const request = { seat: seat.seat, role: seat.role, name: '', email: '', ...here() };
  return (
    <Confirm
      open
      title={t.invite.freshTitle(seat.name)}
      confirmLabel={t.invite.freshSubmit}
      cancelLabel={t.common.cancel}
      kind="primary"
      busy={inviting.busy}
      onConfirm={() => inviting.run(() => actions.invite(visit.visit, request), setMade)}
      onCancel={onClose}
    >
      <p>{t.invite.freshBody}</p>
      {inviting.refused ? (
        <Banner tone="danger" live="assertive">
          {errorText(inviting.refused)}
        </Banner>
      ) : null}
    </Confirm>
  );
}

interface MadeProps {
  readonly invitation: Invitation;
  readonly lead: string;
  readonly mailWanted: boolean;
  readonly onClose: () => void;
}

/** The invitation, ready to be given away. */
export function Made({ invitation, lead, mailWanted, onClose }: MadeProps) {
  const t = clinicWords.t;
  return (
    <Dialog
      open
      shape="wide"
      onClose={onClose}
      title={t.invitation.title}
      closeLabel={t.common.close}
      actions={<Button onClick={onClose}>{t.invitation.done}</Button>}
    >
      <InvitationCard invitation={invitation} lead={lead} mailWanted={mailWanted} />
    </Dialog>
  );
}

/** Language and clock of this browser, for the words and the time in a mail. */
function here() {
  return { locale: languageOf(locale.value), utc_offset_min: -new Date().getTimezoneOffset() };
}
