/** One's own picture: what the camera gives, mirrored as people expect. */
import type { LocalDevices } from '@bedside/client';
import { useEffect, useRef } from 'preact/hooks';
import { callText } from '../i18n/parts';
import { IconMicOff, useValue } from '../ui';

export interface SelfPictureProps {
  devices: LocalDevices;
  label: string;
  /** What stands there without a camera. */
  blank: string;
}

/** The bare picture; also used before the call. */
export function SelfPicture({ devices, label, blank }: SelfPictureProps) {
  const video = useRef<HTMLVideoElement>(null);
  const camera = useValue(devices.camera);
  const facing = useValue(devices.facing);
  const track = camera.state === 'live' ? camera.track : null;
  useEffect(() => {
    const element = video.current;
    if (!element) return;
    element.srcObject = track ? new MediaStream([track]) : null;
    return () => {
      element.srcObject = null;
    };
  }, [track]);
  return (
    <>
      <video
        ref={video}
        class={`c-tile__video${facing === 'user' ? ' c-tile__video--mirrored' : ''}`}
        aria-label={label}
        hidden={track === null}
        autoplay
        playsInline
        muted
      />
      {track ? null : <div class="c-tile__blank c-tile__blank--words">{blank}</div>}
    </>
  );
}

export interface SelfTileProps {
  devices: LocalDevices;
  micOn: boolean;
  floating?: boolean;
  small?: boolean;
}

/** One's own picture in the call. It holds no control and never lies over one. */
export function SelfTile({ devices, micOn, floating = false, small = false }: SelfTileProps) {
  const t = callText.t;
  return (
    <figure class={`c-tile c-tile--self${floating ? ' c-tile--floating' : ''}${small || floating ? ' c-tile--small' : ''}`}>
      <SelfPicture devices={devices} label={t.yourPicture} blank={t.cameraOff} />
      <figcaption class="c-tile__caption">
        {micOn ? null : <IconMicOff size={1.1} />}
        <span class="c-tile__name">{t.you}</span>
        {micOn ? null : <span class="ui-hidden">{t.muted}</span>}
      </figcaption>
    </figure>
  );
}
