/** View and devices of the call. */
import type { ComponentChildren } from 'preact';
import type { DeviceKind, LocalDevices, VisitClient } from '@bedside/client';
import { callText } from '../i18n/parts';
import { ChoiceField, Dialog, toast, useValue } from '../ui';
import { DeviceSelect } from './DeviceSelect';
import type { CallUi } from './ui';
import { choosePictures } from './pictures';
import { wordsOf } from './words';

export interface DeviceMenuProps {
  devices: LocalDevices;
  /** Which kinds to offer; all by default. */
  kinds?: readonly DeviceKind[];
}

const ALL_KINDS: readonly DeviceKind[] = ['camera', 'mic', 'speaker'];

/** A list per kind of device. A kind of which the browser offers no choice is left out. */
export function DeviceMenu({ devices, kinds = ALL_KINDS }: DeviceMenuProps) {
  const t = callText.t;
  const labels: Record<DeviceKind, string> = { camera: t.camera, mic: t.microphone, speaker: t.loudspeaker };
  return (
    <>
      {kinds.map((kind) => (
        <DeviceSelect
          key={kind}
          devices={devices}
          kind={kind}
          label={labels[kind]}
          systemLabel={t.systemDevice}
          noneLabel={t.noDevice}
          nameless={t.nameless}
          onFailure={(failure) => {
            const words = wordsOf(failure);
            if (words !== null) toast(words, 'warn');
          }}
        />
      ))}
    </>
  );
}

export interface SettingsDialogProps {
  ui: CallUi;
  visit: VisitClient;
  /** More settings of the area. */
  extra?: ComponentChildren;
}

export function SettingsDialog({ ui, visit, extra }: SettingsDialogProps) {
  const t = callText.t;
  const pictures = useValue(visit.pictures);
  const path = useValue(visit.path);
  return (
    <Dialog
      open={ui.settings.value}
      onClose={() => {
        ui.settings.value = false;
      }}
      title={t.settings}
      closeLabel={t.close}
      shape="sheet"
    >
      <ChoiceField
        label={t.layout}
        flow="row"
        value={ui.mode.value}
        onValue={(mode) => {
          ui.mode.value = mode;
        }}
        options={[
          { value: 'speaker', label: t.layouts.speaker },
          { value: 'gallery', label: t.layouts.gallery },
          { value: 'side', label: t.layouts.side },
        ]}
      />
      <ChoiceField
        label={t.pictures}
        flow="row"
        value={pictures}
        onValue={(wish) => choosePictures(visit, wish)}
        options={[
          { value: 'full', label: t.pictureWish.full },
          { value: 'small', label: t.pictureWish.small },
          { value: 'none', label: t.pictureWish.none },
        ]}
      />
      <p>{t.pictureHint}</p>
      <p data-path={path}>{t.paths[path]}</p>
      <DeviceMenu devices={visit.me.devices} />
      {extra ?? null}
    </Dialog>
  );
}
