/** Everything that can be done with a visit besides going in: links, people, its outcome. */
import type { BoardSeat, BoardVisit } from '@bedside/client';
import { Button, Dialog, IconClose, IconInfo, IconLink, IconNetwork, IconPerson, IconPersonAdd } from '../../ui';
import { clinicWords } from '../i18n';
import { hasQuality, isGuest, isOver, outcomesFor } from '../model/board';
import { hasOffice, showLog } from '../places';
import { nameOf } from '../words';
import { useClinic } from './actions';
import { canBeSynthetic } from './synthetic';

export interface VisitMenuProps {
  readonly visit: BoardVisit;
  readonly onClose: () => void;
  readonly onFreshLink: (seat: BoardSeat) => void;
  readonly onInvite: () => void;
  readonly onSynthetic: () => void;
  readonly onOutcome: () => void;
  readonly onQuality: () => void;
}

export function VisitMenu({ visit, onClose, onFreshLink, onInvite, onSynthetic, onOutcome, onQuality }: VisitMenuProps) {
  const t = clinicWords.t;
  const { me } = useClinic();
  const mayInvite = visit.may.includes('invite') && !isOver(visit);
  return (
    <Dialog open shape="sheet" onClose={onClose} title={nameOf(visit)} closeLabel={t.common.close}>
      <div class="clinic-menu">
        {mayInvite
          ? visit.seats.filter(isGuest).map((seat) => (
              <Button key={seat.seat} wide icon={IconLink} onClick={() => onFreshLink(seat)}>
                {`${t.visit.newLink}: ${seat.name}`}
              </Button>
            ))
          : null}
        {mayInvite ? (
          <Button wide icon={IconPersonAdd} onClick={onInvite}>
            {t.visit.invite}
          </Button>
        ) : null}
        {me.demo_guest && canBeSynthetic(visit) ? (
          <Button wide icon={IconPerson} onClick={onSynthetic}>
            {t.visit.synthetic}
          </Button>
        ) : null}
        {hasQuality(visit) ? (
          <Button wide icon={IconNetwork} onClick={onQuality}>
            {t.callQuality.open}
          </Button>
        ) : null}
        {hasOffice(me) ? (
          <Button wide icon={IconInfo} onClick={() => showLog({ visit: visit.visit, called: nameOf(visit) })}>
            {t.places.whoLooked}
          </Button>
        ) : null}
        {outcomesFor(visit).length > 0 ? (
          <Button wide icon={IconClose} onClick={onOutcome}>
            {t.visit.closeAs}
          </Button>
        ) : null}
      </div>
    </Dialog>
  );
}
