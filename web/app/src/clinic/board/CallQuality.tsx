/** How the call of a visit was. The charts are loaded when somebody asks for them. */
import { useEffect, useState } from 'preact/hooks';
import type { FunctionComponent } from 'preact';
import type { AnyErrorCode, BoardVisit, VisitQuality } from '@bedside/client';
import { Banner, Button, Dialog, Spinner } from '../../ui';
import { clinicWords } from '../i18n';
import { codeOf } from '../session';
import { errorText, nameOf } from '../words';
import { useClinic } from './actions';

export interface CallQualityProps {
  readonly visit: BoardVisit;
  readonly onClose: () => void;
}

type Shown =
  | { readonly at: 'loading' }
  | { readonly at: 'refused'; readonly code: AnyErrorCode }
  | { readonly at: 'there'; readonly quality: VisitQuality; readonly People: FunctionComponent<{ quality: VisitQuality }> };

export function CallQuality({ visit, onClose }: CallQualityProps) {
  const t = clinicWords.t;
  const { actions } = useClinic();
  const [shown, setShown] = useState<Shown>({ at: 'loading' });
  const [tries, setTries] = useState(0);
  useEffect(() => {
    let gone = false;
    setShown({ at: 'loading' });
    Promise.all([actions.quality(visit.visit), import('../quality/People')]).then(
      ([quality, { People }]) => !gone && setShown({ at: 'there', quality, People }),
      (caught: unknown) => !gone && setShown({ at: 'refused', code: codeOf(caught) }),
    );
    return () => {
      gone = true;
    };
  }, [actions, visit.visit, tries]);
  return (
    <Dialog open shape="wide" onClose={onClose} title={t.callQuality.title(nameOf(visit))} closeLabel={t.common.close}>
      {shown.at === 'loading' ? (
        <p role="status" class="clinic-coming">
          <Spinner /> {t.callQuality.loading}
        </p>
      ) : shown.at === 'refused' ? (
        <Banner tone="danger" live="assertive" actions={<Button onClick={() => setTries(tries + 1)}>{t.common.tryAgain}</Button>}>
          {errorText(shown.code)}
        </Banner>
      ) : (
        <shown.People quality={shown.quality} />
      )}
    </Dialog>
  );
}
