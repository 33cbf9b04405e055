/** The list of one kind of device. Brings no words: check and call have their own. */
import type { DeviceKind, LocalDevices } from '@bedside/client';
import { SelectField, useValue } from '../ui';

export interface DeviceSelectProps {
  devices: LocalDevices;
  kind: DeviceKind;
  label: string;
  /** When the one in use is not in the list. */
  systemLabel: string;
  /** When there is none. */
  noneLabel: string;
  /** For devices whose name the browser keeps to itself; `n` counts from 1. */
  nameless: (n: number) => string;
  /** The device could not be had; the one before is back in use. */
  onFailure: (failure: unknown) => void;
  /** The device is in use. */
  onChosen?: () => void;
}

export function DeviceSelect(props: DeviceSelectProps) {
  const { devices, kind } = props;
  const list = useValue(devices.list)[kind];
  const camera = useValue(devices.camera).deviceId;
  const mic = useValue(devices.mic).deviceId;
  const speaker = useValue(devices.speakerId);
  const current = kind === 'camera' ? camera : kind === 'mic' ? mic : speaker;
  // Where nobody may choose a loudspeaker the list is empty: the system's own menu does it.
  if (kind === 'speaker' && list.length === 0) return null;

  const options = list.map(({ id, label }, index) => ({
    value: id,
    label: label === '' ? props.nameless(index + 1) : label,
  }));
  const known = current !== null && options.some((option) => option.value === current);
  if (!known) options.unshift({ value: '', label: list.length === 0 ? props.noneLabel : props.systemLabel });
  return (
    <SelectField
      label={props.label}
      value={known ? current : ''}
      disabled={list.length === 0}
      options={options}
      onValue={(id) => {
        if (id !== '') devices.select(kind, id).then(() => props.onChosen?.(), props.onFailure);
      }}
    />
  );
}
